#!/bin/bash
# run_in_vm.sh WITH_VIVID PROGRAM [ARGS...] - runs PROGRAM in a VM with two vivid cameras.
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
exec "$with_vivid" --devices 2 --timeout 360 -- "$@"
