// v4l2_listing.hpp - everything about the cameras that are plugged in, for `lenswire ls --local`.
#pragma once

#include <string>
#include <vector>

#include <lenswire/control.hpp>

#include "source/v4l2/v4l2_formats.hpp"
#include "source/v4l2/v4l2_node.hpp"

namespace lenswire::source::v4l2 {

/// One capture node.
struct CameraListing {
  /// Every URI that means it: the node, udev's by-id and by-path names, the bus position. The first
  /// one is the node's.
  std::vector<std::string> uris;
  Capability capability;
  std::string serial;
  std::string problem;  ///< why the rest could not be asked; empty when all is well
  std::vector<FormatOffer> formats;
  std::vector<Control> controls;
};

/// Asks every capture node of the machine. A node that can't be asked has a `problem` that names
/// cause and cure.
///
/// Threading: reentrant.
[[nodiscard]] std::vector<CameraListing> list_cameras(System& system);

/// "YUYV", "Z16", "NM12"; with "-BE" for what V4L2 calls big-endian.
[[nodiscard]] std::string fourcc_text(std::uint32_t code);

}  // namespace lenswire::source::v4l2
