// builtin_doors.cpp - the one list of doors; a new one adds a line here.
#include <array>

#include "server/door.hpp"
#include "server/doors/realsense_https/realsense_https_door.hpp"

namespace lenswire::server {
namespace {

// clang-format off
constexpr std::array<DoorKind, 1> kKinds = {
    DoorKind{"realsense-https", "the RealSense streaming applications' HTTPS feed", "realsense-https:5037", realsense_https::kPorts, realsense_https::RealsenseHttpsDoor::make},
};
// clang-format on

}  // namespace

std::span<const DoorKind> builtin_doors() noexcept { return kKinds; }

}  // namespace lenswire::server
