// v4l2_node.hpp - finding, opening and naming capture nodes, and saying what is wrong with them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

#include "source/v4l2/v4l2_device.hpp"

namespace lenswire::source::v4l2 {

/// What VIDIOC_QUERYCAP says.
struct Capability {
  std::string driver;
  std::string card;  ///< "HD Pro Webcam C920"
  std::string bus;   ///< "usb-0000:00:14.0-1"
  bool captures = false;
  bool multi_planar = false;

  /// V4L2_BUF_TYPE_VIDEO_CAPTURE or its multi-planar twin.
  [[nodiscard]] std::uint32_t buffer_type() const noexcept;
};

/// An open capture node together with what its error messages need.
struct OpenNode {
  System* system = nullptr;
  std::string path;
  std::shared_ptr<Device> device;
  Capability capability;

  /// The Error of a call that failed with this errno while `doing` ("starting the stream").
  [[nodiscard]] Error error(std::string_view doing, int number) const;
  /// Whether the device is still plugged in.
  [[nodiscard]] bool alive() const;
};

/// Opens a capture node.
/// Errors: NotFound, PermissionDenied, Busy; Unsupported for what is no capture device.
Result<OpenNode> open_node(System& system, const std::string& path);

/// A capture node as enumerations show it.
struct CameraNode {
  std::string path;
  Capability capability;
  std::string problem;  ///< why it could not be asked; empty when all is well
};

/// The capture nodes of the machine. Nodes that were looked at before are not opened again, so
/// that looking once a second wakes no camera.
class NodeTable {
 public:
  explicit NodeTable(System& system) noexcept : system_(&system) {}

  [[nodiscard]] std::vector<CameraNode> cameras();

  /// The node that a source URI's path means: a file name, one of udev's names such as
  /// "by-id/usb-046d_HD_Pro_Webcam_C920_1A2B3C4D-video-index0", or a bus position such as
  /// "usb-0000:00:14.0-1" or "platform:vivid-000"; `index` counts capture nodes at that position.
  /// Errors: NotFound, naming the cameras there are.
  Result<std::string> locate(const std::string& place, std::size_t index);

 private:
  System* system_;
  std::map<std::string, Capability> seen_;  // by identity and path
};

/// The Error for a failed call on a node; exposed for its test.
[[nodiscard]] Error describe_failure(System& system, const std::string& path,
                                     std::string_view doing, int number);

}  // namespace lenswire::source::v4l2
