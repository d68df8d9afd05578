#!/bin/bash
# hardening.sh PROGRAM: the release build carries what SECURITY.md promises.
set -u
header=$(readelf --wide --file-header --program-headers --dynamic --dyn-syms "$1") || exit 1
missing=0
want() {
  if grep -Eq -- "$2" <<<"$header"; then return; fi
  echo "missing: $1"
  missing=1
}
want "position independent (PIE)" 'Type: +DYN .*'
want "read-only relocations" 'GNU_RELRO'
want "all symbols bound at start (NOW)" 'FLAGS_1.*NOW'
want "stack protector" '__stack_chk_fail'
want "fortified libc calls" '_chk@'
if grep -E 'GNU_STACK.* RWE' <<<"$header"; then
  echo "the stack is executable"
  missing=1
fi
exit $missing
