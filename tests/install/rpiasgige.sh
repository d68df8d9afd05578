#!/bin/bash
# rpiasgige.sh BUILD PREFIX INCLUDEDIR PYTHONDIR COMPILER PROGRAM: the installed clients work from where they were put.
# The header also passes as C++11, which its users may have.
set -eu
rm -rf "$2"
cmake --install "$1" --prefix "$2" --component rpiasgige
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$2/$4" /usr/bin/python3 -c '
from rpiasgige.client_api import Device, Performance_Counter, printf
import rpiasgige
printf("%s\n", rpiasgige.__file__)'
opencv=/usr/include/opencv4
if [ -e "$opencv/opencv2/core.hpp" ]; then
  "$5" -std=c++11 -Wall -Wextra -Wshadow -Werror -fsyntax-only -isystem "$opencv" -I"$2/$3" "$6"
fi
