#!/bin/bash
# exports.sh LIBRARY: every name that leaves the library is ours, and there are some.
set -eu
names=$(nm --dynamic --defined-only --demangle --format=posix "$1")
pattern='(^| )(lenswire::|strata_)'
ours=$(grep -cE "$pattern" <<<"$names" || true)
others=$(grep -vE "$pattern" <<<"$names" || true)
if [ -n "$others" ]; then
  printf 'exported, and not ours:\n%s\n' "$others"
  exit 1
fi
echo "$ours exported names, all ours"
[ "$ours" -gt 0 ]
