#include "modules/openni2/openni2_source.hpp"

#include <OniCProperties.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <set>

#include "base/stop_token.hpp"
#include "source/control_bank.hpp"

namespace lenswire::openni2 {
namespace {

// How long a stop request or an unplugged camera may go unnoticed.
constexpr int kWaitMs = 100;
constexpr int kUsualWidth = 640;
constexpr int kUsualRate = 30;

OniSensorType sensor_of(const std::string& stream) {
  if (stream == "depth") return ONI_SENSOR_DEPTH;
  return stream == "color" ? ONI_SENSOR_COLOR : ONI_SENSOR_IR;
}

std::optional<PixelFormat> to_pixel_format(OniPixelFormat format) noexcept {
  switch (format) {
    case ONI_PIXEL_FORMAT_DEPTH_1_MM:
    case ONI_PIXEL_FORMAT_DEPTH_100_UM:
      return PixelFormat::Z16;
    case ONI_PIXEL_FORMAT_RGB888:
      return PixelFormat::RGB8;
    case ONI_PIXEL_FORMAT_YUYV:
      return PixelFormat::YUYV;
    case ONI_PIXEL_FORMAT_GRAY8:
      return PixelFormat::Y8;
    case ONI_PIXEL_FORMAT_GRAY16:
      return PixelFormat::Y16;
    default:
      return std::nullopt;
  }
}

bool suits(OniSensorType sensor, PixelFormat format) noexcept {
  const bool grey = format == PixelFormat::Y8 || format == PixelFormat::Y16;
  if (sensor == ONI_SENSOR_DEPTH) return format == PixelFormat::Z16;
  if (sensor == ONI_SENSOR_IR) return grey;
  return format == PixelFormat::RGB8 || format == PixelFormat::YUYV;
}

// OpenNI knows a camera by its field of view; its pixel x looks at (x / width - 1/2).
std::optional<Intrinsics> intrinsics_of(OniStreamHandle stream, const OniVideoMode& mode) {
  const auto across = stream_property<float>(stream, ONI_STREAM_PROPERTY_HORIZONTAL_FOV);
  const auto down = stream_property<float>(stream, ONI_STREAM_PROPERTY_VERTICAL_FOV);
  if (!across || !down || !(*across > 0) || !(*down > 0)) return std::nullopt;
  Intrinsics out;
  out.width = static_cast<std::uint32_t>(mode.resolutionX);
  out.height = static_cast<std::uint32_t>(mode.resolutionY);
  out.fx = mode.resolutionX / (2 * std::tan(static_cast<double>(*across) / 2));
  out.fy = mode.resolutionY / (2 * std::tan(static_cast<double>(*down) / 2));
  out.cx = mode.resolutionX / 2.0;
  out.cy = mode.resolutionY / 2.0;
  if (!std::isfinite(out.fx) || !std::isfinite(out.fy)) return std::nullopt;
  return out;
}

std::optional<OniVideoMode> present_mode(OniStreamHandle stream) {
  OniVideoMode mode{};
  int size = sizeof mode;
  if (::oniStreamGetProperty(stream, ONI_STREAM_PROPERTY_VIDEO_MODE, &mode, &size) != ONI_STATUS_OK)
    return std::nullopt;
  return mode;
}

struct CloseFrame {
  void operator()(OniFrame* frame) const noexcept { ::oniFrameRelease(frame); }
};

}  // namespace

// One control, how to read it and how to set it.
struct OpenNi2Source::Setting {
  Control control;
  std::function<OniStatus(int)> set;
};

Result<OpenNi2Source::Session*> OpenNi2Source::session() {
  if (session_) return session_.get();
  auto opened = std::make_unique<Session>();
  auto device = Device::open(options_.uri);
  if (!device) return fail(device.error());
  opened->device = std::move(*device);
  const bool named = !options_.streams.empty();
  for (const auto& name : named ? options_.streams : std::vector<std::string>{"depth", "color"})
    if (const auto added = add_stream(*opened, name, named); !added) return fail(added.error());
  if (opened->streams.empty())
    return fail(ErrorCode::Unsupported,
                fmt::format("{} has neither depth nor colour", opened->device->identity().name));
  const auto apply = [&](const char* name, std::optional<bool> wanted) -> Result<void> {
    if (!wanted) return {};
    for (const auto& setting : settings_of(*opened))
      if (setting.control.name == name) {
        const auto status = setting.set(*wanted ? 1 : 0);
        if (status != ONI_STATUS_OK) return fail(error_of(status, fmt::format("setting {}", name)));
        return {};
      }
    return fail(ErrorCode::Unsupported, fmt::format("{} has no {}; leave out the option",
                                                    opened->device->identity().name, name));
  };
  if (const auto set = apply("mirror", options_.mirror); !set) return fail(set.error());
  if (const auto set = apply("registration", options_.registration); !set) return fail(set.error());
  describe_streams(*opened);
  session_ = std::move(opened);
  return session_.get();
}

Result<void> OpenNi2Source::add_stream(Session& session, const std::string& name, bool is_wanted) {
  const auto sensor = sensor_of(name);
  auto* device = session.device->get();
  const auto* offer = ::oniDeviceGetSensorInfo(device, sensor);
  if (offer == nullptr || offer->numSupportedVideoModes == 0) {
    if (!is_wanted) return {};
    return fail(ErrorCode::Unsupported,
                fmt::format("{} has no stream {}", session.device->identity().name, name));
  }
  const auto mode = choose_mode(session, sensor, name);
  if (!mode) return fail(mode.error());
  OniStreamHandle handle = nullptr;
  if (const auto status = ::oniDeviceCreateStream(device, sensor, &handle); status != ONI_STATUS_OK)
    return fail(error_of(status, fmt::format("opening the stream {}", name)));
  auto stream = std::make_unique<OpenStream>();
  stream->handle.reset(handle);
  stream->name = name;
  stream->mode = *mode;
  // A driver with one mode may know no such property, and needs none.
  const auto present = present_mode(handle);
  if (present && std::memcmp(&*present, &*mode, sizeof *mode) != 0) {
    const auto status =
        ::oniStreamSetProperty(handle, ONI_STREAM_PROPERTY_VIDEO_MODE, &*mode, sizeof *mode);
    if (status != ONI_STATUS_OK)
      return fail(error_of(status, fmt::format("setting size and rate of {}", name)));
  } else if (!present && offer->numSupportedVideoModes > 1) {
    return fail(ErrorCode::Unsupported, fmt::format("{} does not tell the size of {}",
                                                    session.device->identity().name, name));
  }
  session.streams.push_back(std::move(stream));
  return {};
}

Result<OniVideoMode> OpenNi2Source::choose_mode(const Session& session, OniSensorType sensor,
                                                const std::string& name) const {
  const auto* offer = ::oniDeviceGetSensorInfo(session.device->get(), sensor);
  const OniVideoMode* best = nullptr;
  const auto distance = [](const OniVideoMode& mode) {
    return std::abs(mode.resolutionX - kUsualWidth) * 1000 + std::abs(mode.fps - kUsualRate);
  };
  std::set<std::string> offered;
  for (int i = 0; i < offer->numSupportedVideoModes; ++i) {
    const auto& mode = offer->pSupportedVideoModes[i];
    const auto format = to_pixel_format(mode.pixelFormat);
    if (!format || !suits(sensor, *format) || mode.resolutionX <= 0 || mode.resolutionY <= 0 ||
        mode.resolutionX > 0xFFFF || mode.resolutionY > 0xFFFF)
      continue;
    offered.insert(fmt::format("{}x{} at {} Hz", mode.resolutionX, mode.resolutionY, mode.fps));
    const PictureSize size{static_cast<std::uint32_t>(mode.resolutionX),
                           static_cast<std::uint32_t>(mode.resolutionY)};
    const bool fits = (!options_.size || *options_.size == size) &&
                      (!options_.rate_hz || *options_.rate_hz == mode.fps);
    if (fits && (best == nullptr || distance(mode) < distance(*best))) best = &mode;
  }
  if (best != nullptr) return *best;
  return fail(ErrorCode::Unsupported,
              fmt::format("{} can't give {} as asked for; it offers: {}",
                          session.device->identity().name, name, fmt::join(offered, ", ")));
}

void OpenNi2Source::describe_streams(Session& session) const {
  auto* device = session.device->get();
  session.is_registered =
      device_property<int>(device, ONI_DEVICE_PROPERTY_IMAGE_REGISTRATION)
          .value_or(ONI_IMAGE_REGISTRATION_OFF) == ONI_IMAGE_REGISTRATION_DEPTH_TO_COLOR;
  for (auto& stream : session.streams) {
    const auto& mode = stream->mode;
    StreamProfile profile;
    profile.stream = stream->name;
    profile.kind = stream->name == "depth"   ? StreamKind::Depth
                   : stream->name == "color" ? StreamKind::Color
                                             : StreamKind::Infrared;
    profile.format = to_pixel_format(mode.pixelFormat).value_or(PixelFormat::Z16);
    profile.width = static_cast<std::uint32_t>(mode.resolutionX);
    profile.height = static_cast<std::uint32_t>(mode.resolutionY);
    profile.rate_hz = mode.fps;
    if (profile.kind == StreamKind::Depth)
      profile.depth_unit_m = mode.pixelFormat == ONI_PIXEL_FORMAT_DEPTH_100_UM ? 1e-4 : 1e-3;
    profile.intrinsics = intrinsics_of(stream->handle.get(), mode);
    // Where the cameras stand to each other OpenNI does not say, except that there is one view.
    if (session.is_registered) profile.reference_from_stream = Extrinsics{};
    if (!stream->profile || *stream->profile != profile)
      stream->profile = std::make_shared<const StreamProfile>(std::move(profile));
  }
}

std::vector<OpenNi2Source::Setting> OpenNi2Source::settings_of(const Session& session) const {
  std::vector<Setting> out;
  const auto add = [&](std::string name, std::string label, ControlType type, int value,
                       std::function<OniStatus(int)> set) {
    Setting setting;
    setting.control.name = std::move(name);
    setting.control.label = std::move(label);
    setting.control.type = type;
    if (type == ControlType::Boolean)
      setting.control.value = setting.control.default_value = value != 0;
    else
      setting.control.value = setting.control.default_value = std::int64_t{value};
    setting.control.maximum = type == ControlType::Boolean ? 1 : 10000;
    setting.control.step = 1;
    setting.set = std::move(set);
    out.push_back(std::move(setting));
  };
  auto* device = session.device->get();
  if (::oniDeviceIsImageRegistrationModeSupported(device, ONI_IMAGE_REGISTRATION_DEPTH_TO_COLOR))
    add("registration", "Depth as the colour camera sees it", ControlType::Boolean,
        device_property<int>(device, ONI_DEVICE_PROPERTY_IMAGE_REGISTRATION).value_or(0),
        [device](int value) {
          const int mode =
              value != 0 ? ONI_IMAGE_REGISTRATION_DEPTH_TO_COLOR : ONI_IMAGE_REGISTRATION_OFF;
          return ::oniDeviceSetProperty(device, ONI_DEVICE_PROPERTY_IMAGE_REGISTRATION, &mode,
                                        sizeof mode);
        });
  std::vector<OniStreamHandle> mirrored;
  int is_mirrored = 0;
  for (const auto& stream : session.streams)
    if (const auto value =
            stream_property<OniBool>(stream->handle.get(), ONI_STREAM_PROPERTY_MIRRORING)) {
      mirrored.push_back(stream->handle.get());
      is_mirrored = *value;
    }
  if (!mirrored.empty())
    add("mirror", "Mirrored pictures", ControlType::Boolean, is_mirrored, [mirrored](int value) {
      for (auto* stream : mirrored) {
        const OniBool on = value != 0 ? TRUE : FALSE;
        const auto status =
            ::oniStreamSetProperty(stream, ONI_STREAM_PROPERTY_MIRRORING, &on, sizeof on);
        if (status != ONI_STATUS_OK) return status;
      }
      return ONI_STATUS_OK;
    });
  struct Known {
    int property;
    const char* name;
    const char* label;
    ControlType type;
  };
  for (const auto& stream : session.streams)
    for (const auto& known :
         {Known{ONI_STREAM_PROPERTY_AUTO_WHITE_BALANCE, "auto_white_balance", "Auto White Balance",
                ControlType::Boolean},
          Known{ONI_STREAM_PROPERTY_AUTO_EXPOSURE, "auto_exposure", "Auto Exposure",
                ControlType::Boolean},
          Known{ONI_STREAM_PROPERTY_EXPOSURE, "exposure", "Exposure", ControlType::Integer},
          Known{ONI_STREAM_PROPERTY_GAIN, "gain", "Gain", ControlType::Integer}})
      if (const auto value = stream_property<int>(stream->handle.get(), known.property))
        add(fmt::format("{}_{}", stream->name, known.name), known.label, known.type, *value,
            [handle = stream->handle.get(), property = known.property](int wanted) {
              return ::oniStreamSetProperty(handle, property, &wanted, sizeof wanted);
            });
  return out;
}

Result<std::vector<Control>> OpenNi2Source::controls() {
  base::MutexLock lock(mutex_);
  const auto open = session();
  if (!open) return fail(open.error());
  std::vector<Control> out;
  for (auto& setting : settings_of(**open)) out.push_back(std::move(setting.control));
  return out;
}

Result<std::vector<Control>> OpenNi2Source::set_controls(const ControlSettings& wishes) {
  base::MutexLock lock(mutex_);
  const auto open = session();
  if (!open) return fail(open.error());
  const auto settings = settings_of(**open);
  std::vector<Control> controls;
  for (const auto& setting : settings) controls.push_back(setting.control);
  source::ControlBank bank(std::move(controls));
  const auto accepted = bank.set(wishes);
  if (!accepted) return fail(accepted.error());
  std::vector<std::string> names;
  for (const auto& control : *accepted) {
    const auto setting = std::find_if(settings.begin(), settings.end(), [&](const auto& s) {
      return s.control.name == control.name;
    });
    const auto* truth = std::get_if<bool>(&control.value);
    const auto* whole = std::get_if<std::int64_t>(&control.value);
    const auto status =
        setting->set(truth != nullptr ? int{*truth} : static_cast<int>(whole ? *whole : 0));
    if (status != ONI_STATUS_OK)
      return fail(error_of(status, fmt::format("setting {}", control.name)));
    names.push_back(control.name);
  }
  describe_streams(**open);
  changed_ = true;
  std::vector<Control> out;
  for (auto& setting : settings_of(**open))
    if (std::find(names.begin(), names.end(), setting.control.name) != names.end())
      out.push_back(std::move(setting.control));
  return out;
}

void OpenNi2Source::announce(SourceSink& sink) {
  SourceDescription description;
  {
    base::MutexLock lock(mutex_);
    changed_ = false;
    const auto& identity = session_->device->identity();
    description.model = fmt::format("{} {}", identity.vendor, identity.name);
    description.serial = session_->device->serial();
    description.bus = identity.uri;
    for (const auto& stream : session_->streams) description.streams.push_back(stream->profile);
    for (auto& setting : settings_of(*session_))
      description.controls.push_back(std::move(setting.control));
  }
  sink.opened(description);
}

Result<void> OpenNi2Source::run(SourceSink& sink, const base::StopToken& stop) {
  Session* open = nullptr;
  {
    base::MutexLock lock(mutex_);
    const auto got = session();
    if (!got) return fail(got.error());
    open = *got;
  }
  auto result = stream(*open, sink, stop);
  // A camera that is gone can't be used again; one that is not may crash now, which is why all of
  // this runs in a process of its own.
  base::MutexLock lock(mutex_);
  session_.reset();
  return result;
}

Result<void> OpenNi2Source::stream(Session& session, SourceSink& sink,
                                   const base::StopToken& stop) {
  announce(sink);
  std::vector<OniStreamHandle> handles;
  for (const auto& stream : session.streams) {
    if (const auto status = ::oniStreamStart(stream->handle.get()); status != ONI_STATUS_OK)
      return fail(error_of(status, fmt::format("starting the stream {}", stream->name)));
    handles.push_back(stream->handle.get());
  }
  while (!stop.stop_requested()) {
    if (session.device->unplugged())
      return fail(ErrorCode::Disconnected,
                  fmt::format("{} was unplugged", session.device->identity().name));
    const bool is_news = [&] {
      base::MutexLock lock(mutex_);
      return changed_;
    }();
    if (is_news) announce(sink);
    int ready = -1;
    const auto status =
        ::oniWaitForAnyStream(handles.data(), static_cast<int>(handles.size()), &ready, kWaitMs);
    if (status == ONI_STATUS_TIME_OUT) continue;
    if (status != ONI_STATUS_OK) return fail(error_of(status, "waiting for a frame"));
    if (const auto taken = take_frame(*session.streams[static_cast<std::size_t>(ready)], sink);
        !taken)
      return fail(taken.error());
  }
  return {};
}

Result<void> OpenNi2Source::take_frame(OpenStream& stream, SourceSink& sink) {
  OniFrame* raw = nullptr;
  if (const auto status = ::oniStreamReadFrame(stream.handle.get(), &raw); status != ONI_STATUS_OK)
    return fail(error_of(status, fmt::format("reading a frame of {}", stream.name)));
  const std::unique_ptr<OniFrame, CloseFrame> from(raw);
  const auto profile = [&] {
    base::MutexLock lock(mutex_);
    return stream.profile;
  }();
  auto frame = pool_.acquire(profile);
  frame->arrival_time = clock_.now();
  const auto packed = std::size_t{frame->stride_bytes};
  const auto stride = static_cast<std::size_t>(std::max(0, from->stride));
  const auto size = static_cast<std::size_t>(std::max(0, from->dataSize));
  if (from->data == nullptr || static_cast<std::uint32_t>(from->width) != profile->width ||
      static_cast<std::uint32_t>(from->height) != profile->height || stride < packed ||
      size < stride * (profile->height - 1) + packed) {
    sink.trouble({ErrorCode::Truncated,
                  fmt::format("{}: a frame of {}x{} in {} bytes instead of {}x{}", stream.name,
                              from->width, from->height, size, profile->width, profile->height)});
    return {};
  }
  const auto* pixels = static_cast<const std::byte*>(from->data);
  for (std::size_t row = 0; row < profile->height; ++row)
    std::memcpy(frame->data.data() + row * packed, pixels + row * stride, packed);
  frame->sequence = stream.numbers.next(static_cast<std::uint64_t>(std::max(0, from->frameIndex)));

  // What the stamp marks differs from driver to driver: somewhere within the frame.
  const auto frame_time =
      Nanoseconds(static_cast<std::int64_t>(1e9 / (profile->rate_hz > 0 ? profile->rate_hz : 30)));
  MonotonicTime end = frame->arrival_time;
  if (from->timestamp != 0 && from->timestamp < (std::uint64_t{1} << 52)) {
    const Nanoseconds device = std::chrono::microseconds(from->timestamp);
    frame->device_time_ns = device.count();
    frame->domain = TimestampDomain::Device;
    end = std::min(stream.clock.map(device, frame->arrival_time), end);
  }
  frame->capture_time = end - frame_time / 2;
  frame->capture_uncertainty = frame_time;
  sink.frame(std::move(frame));
  return {};
}

}  // namespace lenswire::openni2
