#!/bin/bash
# run_in_vm.sh WITH_VIVID PROGRAM [ARGS...] - runs PROGRAM in a VM with three vivid cameras, of which the third has
# V4L2's multi-planar interface. VM_TIMEOUT: seconds until the VM is ended (600).
# Status 77 (skipped, for ctest) where the VM can't be had; the reason is printed.
set -u
with_vivid=$1
shift
if [ ! -x "$with_vivid" ]; then
  echo "SKIPPED: no $with_vivid (set LENSWIRE_WITH_VIVID to where it is)"
  exit 77
fi
if ! reason=$("$with_vivid" --check 2>&1); then
  printf 'SKIPPED: no VM here:\n%s\n' "$reason"
  exit 77
fi
exec "$with_vivid" --timeout "${VM_TIMEOUT:-600}" \
  --vivid "n_devs=3 node_types=0x1,0x1,0x1 num_inputs=1,1,1 input_types=0x0,0x0,0x0 multiplanar=1,1,2" -- "$@"
