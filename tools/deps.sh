#!/bin/bash
# Installs what lenswire needs from Debian; does nothing where all is there.
#
#   tools/deps.sh build       what configuring and building needs
#   tools/deps.sh test        that, and what the tests need
#   tools/deps.sh optional    what only some tests need; those skip without it, so a failure is a note
#   tools/deps.sh --list SET  only print the names
#
# Runs as root or through sudo, and asks nothing. docs/dependencies.md gives each package's reason.
set -eu

build_packages=(
  g++ cmake ninja-build ccache pkg-config
  libboost1.81-dev libssl-dev libexpected-dev libfmt-dev libspdlog-dev
  libjpeg62-turbo-dev libturbojpeg0-dev libpng-dev zlib1g-dev libhwy-dev
  libcli11-dev nlohmann-json3-dev libtomlplusplus-dev prometheus-cpp-dev
  libnice-dev libusrsctp-dev
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev libzstd-dev liblz4-dev
  libopenni2-dev libfreenect-dev
)
test_packages=(
  clang clang-format-14 libclang-rt-14-dev lld
  binutils curl git iproute2 procps python3 python3-numpy
  g++-aarch64-linux-gnu qemu-user
)
optional_packages=(
  chromium coturn ffmpeg gpsd iptables netcat-openbsd nodejs python3-aiortc python3-opencv python3-websocket python3-yaml
  systemd v4l-utils
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libopencv-dnn-dev libcharls-dev
)
# It may have come with another Node.js than Debian's, which Debian's npm would not go with.
command -v npm >/dev/null || optional_packages+=(npm)

case ${1-} in
  --list) only_list=1; shift ;;
  *) only_list= ;;
esac
case ${1-build} in
  build) wanted=("${build_packages[@]}") ;;
  test) wanted=("${build_packages[@]}" "${test_packages[@]}") ;;
  optional) wanted=("${optional_packages[@]}") ;;
  *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2 ;;
esac
if [ -n "$only_list" ]; then
  printf '%s\n' "${wanted[@]}"
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "deps: these packages are missing and need root (or sudo): ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q "$@" </dev/null
}
# --no-remove: Boost 1.81 and 1.74 exclude each other; better to stop than to remove somebody's packages.
install() { apt install -y --no-install-recommends --no-remove "$@"; }

echo "deps: installing ${missing[*]}"
# The lists on a machine may be absent or too old to fetch from; only then are they renewed.
install "${missing[@]}" && exit 0
echo "deps: renewing the package lists"
apt update
install "${missing[@]}" && exit 0

if [ "${1-}" = optional ]; then
  # One that cannot be had must not keep the others away.
  left=()
  for package in "${missing[@]}"; do
    install "$package" >/dev/null || left+=("$package")
  done
  [ ${#left[@]} -eq 0 ] && exit 0
  missing=("${left[@]}")
fi
echo "deps: apt-get could not install: ${missing[*]}" >&2
if dpkg-query -W -f '${Package} ${db:Status-Status}\n' 'libboost*1.74-dev' 2>/dev/null | grep -q ' installed'; then
  echo "deps: Boost 1.74's development files are installed and exclude libboost1.81-dev; remove them first" >&2
fi
exit 1
