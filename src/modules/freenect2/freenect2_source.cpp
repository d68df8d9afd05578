#include "modules/freenect2/freenect2_source.hpp"

#include <fmt/format.h>

#include <libfreenect2/logger.h>
#include <algorithm>
#include <array>

#include "base/stop_token.hpp"
#include "source/stream_list.hpp"

namespace lenswire::freenect2 {
namespace {

using libfreenect2::Frame;
using libfreenect2::Freenect2;
using libfreenect2::Freenect2Device;

// How long a stop request may go unnoticed.
constexpr Nanoseconds kWait = std::chrono::milliseconds(100);
constexpr std::string_view kKnownOptions = "streams";
constexpr std::array<std::string_view, 3> kStreams = {"depth", "color", "infrared"};

bool wants(const std::vector<std::string>& streams, std::string_view name) {
  return std::find(streams.begin(), streams.end(), name) != streams.end();
}

std::vector<std::string> serials(Freenect2& library) {
  std::vector<std::string> out;
  for (int i = 0, count = library.enumerateDevices(); i < count; ++i)
    out.push_back(library.getDeviceSerialNumber(i));
  return out;
}

struct CloseDevice {
  void operator()(Freenect2Device* device) const noexcept {
    device->stop();
    device->close();
    delete device;
  }
};
using Device = std::unique_ptr<Freenect2Device, CloseDevice>;

Result<Device> open(Freenect2& library, const std::string& serial) {
  const auto present = serials(library);
  if (present.empty())
    return fail(ErrorCode::NotFound,
                "libfreenect2 sees no Kinect v2; plug one into a USB 3 port of its own, and see "
                "that its udev rules are installed");
  if (!serial.empty() && std::find(present.begin(), present.end(), serial) == present.end())
    return fail(ErrorCode::NotFound,
                fmt::format("no Kinect v2 has the serial number {}; there is: {}", serial,
                            fmt::join(present, ", ")));
  Device device(library.openDevice(serial.empty() ? present.front() : serial));
  if (!device)
    return fail(ErrorCode::Busy, "the Kinect v2 does not open; does another program have it?");
  return device;
}

StreamProfile profile_of(Frame::Type type, Freenect2Device& device) {
  StreamProfile profile;
  profile.rate_hz = 30;
  Intrinsics camera;
  if (type == Frame::Color) {
    profile.stream = "color";
    profile.format = PixelFormat::RGB8;
    profile.width = 1920;
    profile.height = 1080;
    const auto from = device.getColorCameraParams();
    camera.fx = static_cast<double>(from.fx);
    camera.fy = static_cast<double>(from.fy);
    camera.cx = static_cast<double>(from.cx);
    camera.cy = static_cast<double>(from.cy);
  } else {
    const bool is_depth = type == Frame::Depth;
    profile.stream = is_depth ? "depth" : "infrared";
    profile.kind = is_depth ? StreamKind::Depth : StreamKind::Infrared;
    profile.format = is_depth ? PixelFormat::Z16 : PixelFormat::Y16;
    profile.depth_unit_m = is_depth ? 0.001 : 0;
    profile.width = 512;
    profile.height = 424;
    const auto from = device.getIrCameraParams();
    camera.fx = static_cast<double>(from.fx);
    camera.fy = static_cast<double>(from.fy);
    camera.cx = static_cast<double>(from.cx);
    camera.cy = static_cast<double>(from.cy);
    camera.model = DistortionModel::BrownConrady;
    const float in_order[] = {from.k1, from.k2, from.p1, from.p2, from.k3};
    std::copy(std::begin(in_order), std::end(in_order), camera.distortion.begin());
    // One camera sees both.
    profile.reference_from_stream = Extrinsics{};
  }
  camera.width = profile.width;
  camera.height = profile.height;
  if (camera.fx > 0 && camera.fy > 0) profile.intrinsics = camera;
  return profile;
}

}  // namespace

std::vector<std::string> list_kinects() {
  libfreenect2::setGlobalLogger(nullptr);
  Freenect2 library;
  return serials(library);
}

Result<Options> Options::parse(base::SourceUri uri) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{}: {}", uri.text, why));
  };
  Options options;
  if (uri.path.find('\0') != std::string::npos) return bad("a zero byte in a name");
  options.serial = uri.path;
  const auto streams =
      source::parse_stream_list(uri.options.text("streams", "depth,color"), kStreams);
  if (!streams) return bad(streams.error().message);
  options.depth = wants(*streams, "depth");
  options.color = wants(*streams, "color");
  options.infrared = wants(*streams, "infrared");
  if (const auto left = uri.options.finish(kKnownOptions); !left) return bad(left.error().message);
  return options;
}

Result<void> Freenect2Source::run(SourceSink& sink, const base::StopToken& stop) {
  libfreenect2::setGlobalLogger(nullptr);
  Receiver receiver(clock_);  // outlives the device
  Freenect2 library;
  const auto device = open(library, options_.serial);
  if (!device) return fail(device.error());
  SourceDescription description;
  description.model = "Kinect for Xbox One";
  description.serial = (*device)->getSerialNumber();
  (*device)->setColorFrameListener(&receiver);
  (*device)->setIrAndDepthFrameListener(&receiver);
  if (!(*device)->startStreams(options_.color, options_.depth || options_.infrared))
    return fail(ErrorCode::Busy,
                "the Kinect v2 does not stream; it needs a USB 3 controller for itself");
  // Its calibration is known once it runs. Frames are taken from when they are expected.
  std::vector<std::pair<Frame::Type, StreamProfilePtr>> streams;
  const auto add = [&](Frame::Type type) {
    streams.emplace_back(type, std::make_shared<const StreamProfile>(profile_of(type, **device)));
    description.streams.push_back(streams.back().second);
  };
  if (options_.depth) add(Frame::Depth);
  if (options_.color) add(Frame::Color);
  if (options_.infrared) add(Frame::Ir);
  sink.opened(description);
  for (auto& [type, profile] : streams) receiver.expect(type, std::move(profile));
  while (!stop.stop_requested()) {
    auto frame = receiver.next(kWait);
    if (!frame)
      sink.trouble(std::move(frame.error()));
    else if (*frame)
      sink.frame(std::move(*frame));
  }
  return {};
}

}  // namespace lenswire::freenect2
