#!/bin/bash
# exports.sh LIBRARY: every name that leaves the library is ours, and there are some.
set -eu
names=$(nm --dynamic --defined-only --demangle --format=posix "$1")
ours=$(grep -c 'lenswire::' <<<"$names" || true)
others=$(grep -v 'lenswire::' <<<"$names" || true)
if [ -n "$others" ]; then
  printf 'exported, and not ours:\n%s\n' "$others"
  exit 1
fi
echo "$ours exported names, all of lenswire"
[ "$ours" -gt 0 ]
