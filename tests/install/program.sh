#!/bin/bash
# program.sh BUILD PREFIX BINDIR: the installed program runs from where it was put.
set -eu
rm -rf "$2"
cmake --install "$1" --prefix "$2" --component bin
"$2/$3/lenswire" --help | grep -q serve
