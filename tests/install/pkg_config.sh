#!/bin/bash
# pkg_config.sh PREFIX LIBDIR MAIN.CPP PROGRAM COMPILER: the outside project without CMake.
set -eu
prefix=$1 libdir=$2 main=$3 program=$4 compiler=$5
if ! command -v pkg-config >/dev/null; then
  echo "skipped: pkg-config is not installed"
  exit 77
fi
export PKG_CONFIG_PATH="$prefix/$libdir/pkgconfig"
# The file was made for the configured prefix; this tree lies elsewhere.
flags=$(pkg-config --define-variable=prefix="$prefix" --cflags --libs lenswire)
# shellcheck disable=SC2086  # flags are words
"$compiler" -std=c++20 -Wall -Wextra -Werror "$main" -o "$program" $flags
LD_LIBRARY_PATH="$prefix/$libdir" "$program"
