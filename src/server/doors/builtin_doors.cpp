// builtin_doors.cpp - the one list of doors; a new one adds a line here.
#include <array>

#include "server/door.hpp"
#include "server/doors/ball/ball_door.hpp"
#include "server/doors/camera2tcp/camera2tcp_door.hpp"
#include "server/doors/ethersense/ethersense_door.hpp"
#include "server/doors/realsense_https/realsense_https_door.hpp"
#include "server/doors/rpiasgige/rpiasgige_door.hpp"

namespace lenswire::server {
namespace {

// clang-format off
constexpr std::array<std::uint16_t, 2> kCamera2TcpPorts = {2004, 8080};

constexpr std::array kKinds = {
    DoorKind{"ball", "bouncing-ball bench over a WebRTC data channel", "ball:8080?norm=l2", ball::kPorts, ball::make_door, "synthetic:ball"},
    DoorKind{"camera2tcp", "webcam and Kinect v2 for clients of Camera2TCP", "camera2tcp:2004", kCamera2TcpPorts, camera2tcp::make_door},
    DoorKind{"ethersense", "pushes depth to EtherSense viewers that ping", "ethersense:1024", kEthersensePorts, make_ethersense_door},
    DoorKind{"realsense-https", "the RealSense streaming applications' HTTPS feed", "realsense-https:5037", realsense_https::kPorts, realsense_https::RealsenseHttpsDoor::make},
    DoorKind{"rpiasgige", "a Raspberry Pi's camera as a remote OpenCV VideoCapture", "rpiasgige:4001=CAMERA?stream=depth", rpiasgige::kPorts, rpiasgige::make_door},
};
// clang-format on

}  // namespace

std::span<const DoorKind> builtin_doors() noexcept { return kKinds; }

}  // namespace lenswire::server
