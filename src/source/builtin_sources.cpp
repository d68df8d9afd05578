// builtin_sources.cpp - the one list of source kinds; a new kind adds a line here.
#include <array>

#include "source/driver/driver_source.hpp"
#include "source/image/image_source.hpp"
#include "source/module_source.hpp"
#include "source/replay/replay_source.hpp"
#include "source/source_table.hpp"
#include "source/synthetic/synthetic_source.hpp"
#include "source/v4l2/v4l2_source.hpp"

namespace lenswire::source {
namespace {

// clang-format off
constexpr std::array kKinds = {
    SourceKind{"synthetic", "built-in RGB-D scene or bouncing ball", "synthetic:room", make_synthetic_source},
    SourceKind{"replay", "folder of numbered depth and colour pictures", "replay:FOLDER?fps=30", make_replay_source},
    SourceKind{"image", "one PNG or JPEG, shown for ever", "image:FILE", make_image_source},
    SourceKind{"v4l2", "webcam or grabber that Linux shows as /dev/videoN", "v4l2:/dev/video0", make_v4l2_source, find_v4l2_sources},
    SourceKind{"realsense", "Intel RealSense camera or its recording, through librealsense2", "realsense:SERIAL", make_module_source, [] { return find_module_sources("realsense"); }},
    SourceKind{"openni2", "Kinect, PrimeSense, Orbbec, through OpenNI2", "openni2:", make_driver_source, [] { return find_driver_sources("openni2"); }},
    SourceKind{"freenect", "Kinect for Xbox 360, through libfreenect", "freenect:", make_driver_source, [] { return find_driver_sources("freenect"); }},
    SourceKind{"freenect2", "Kinect for Xbox One, through libfreenect2", "freenect2:", make_driver_source, [] { return find_driver_sources("freenect2"); }},
};
// clang-format on

}  // namespace

std::span<const SourceKind> builtin_sources() noexcept { return kKinds; }

}  // namespace lenswire::source
