// builtin_doors.cpp - the one list of doors; a new one adds a line here.
#include <array>

#include "server/door.hpp"
#include "server/doors/ethersense/ethersense_door.hpp"

namespace lenswire::server {
namespace {

// clang-format off
constexpr std::array<DoorKind, 1> kKinds = {
    DoorKind{"ethersense", "pushes depth to EtherSense viewers that ping", "ethersense:1024", kEthersensePorts, make_ethersense_door},
};
// clang-format on

}  // namespace

std::span<const DoorKind> builtin_doors() noexcept { return kKinds; }

}  // namespace lenswire::server
