// Calibration files of OpenCV, ROS and lenswire.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/calibration/calibration_map.hpp"
#include "wire/calibration/camera_file.hpp"

using namespace lenswire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = wire::parse_camera_file({reinterpret_cast<const char*>(data), size});
  if (!read) {
    if (read.error().message.empty()) std::abort();
    return 0;
  }
  // What is accepted makes sense, and comes back from what we write of it.
  if (!check_calibration(*read)) std::abort();
  StreamProfile profile;
  profile.stream = "depth";
  profile.kind = StreamKind::Depth;
  if (read->intrinsics) {
    profile.width = read->intrinsics->width;
    profile.height = read->intrinsics->height;
  }
  const auto with = with_calibration(profile, *read);
  if (!with) std::abort();
  for (const auto& text : {wire::to_opencv_yaml(*with), wire::to_ros_yaml(*with, "camera")}) {
    if (!text) continue;
    const auto again = wire::parse_camera_file(*text);
    if (!again || again->depth_unit_m != read->depth_unit_m ||
        again->reference_from_stream != read->reference_from_stream ||
        again->intrinsics->width != read->intrinsics->width)
      std::abort();
  }
  return 0;
}
