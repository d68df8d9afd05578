// builtin_doors.cpp - the one list of doors; a new one adds a line here.
#include <array>

#include "server/door.hpp"
#include "server/doors/rpiasgige/rpiasgige_door.hpp"

namespace lenswire::server {
namespace {

// clang-format off
constexpr std::array<DoorKind, 1> kKinds = {
    DoorKind{"rpiasgige", "a Raspberry Pi's camera as a remote OpenCV VideoCapture",
             "rpiasgige:4001=CAMERA?stream=depth", rpiasgige::kPorts, rpiasgige::make_door},
};
// clang-format on

}  // namespace

std::span<const DoorKind> builtin_doors() noexcept { return kKinds; }

}  // namespace lenswire::server
