#!/bin/bash
# unit_file.sh UNIT: systemd understands the unit and finds it exposed by 2.0 of 10 at most.
set -u
if ! command -v systemd-analyze >/dev/null; then
  echo "skipped: systemd-analyze is not installed"
  exit 77
fi
report=$(systemd-analyze security --offline=true --no-pager "$1" 2>&1)
line=$(grep 'Overall exposure level' <<<"$report")
echo "$line"
if grep -Ei 'unknown (key|section|system call|lvalue)|failed to parse|invalid' <<<"$report"; then
  exit 1
fi
level=$(grep -o '[0-9]\+\.[0-9]' <<<"$line" | head -1)
[ -n "$level" ] && awk -v level="$level" 'BEGIN { exit !(level <= 2.0) }' && exit 0
grep '✗' <<<"$report"
exit 1
