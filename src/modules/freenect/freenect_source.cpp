#include "modules/freenect/freenect_source.hpp"

#include <fmt/format.h>
#include <libfreenect_registration.h>
#include <sys/time.h>

#include <cmath>
#include <cstring>

#include "base/stop_token.hpp"

#pragma weak freenect_set_flag
#pragma weak freenect_copy_registration
#pragma weak freenect_destroy_registration

namespace lenswire::freenect {
namespace {

// How long a stop request or a question may go unnoticed.
constexpr timeval kWait{0, 50'000};
constexpr Nanoseconds kAskPatience = std::chrono::seconds(3);
constexpr Nanoseconds kAccelInterval = std::chrono::milliseconds(100);
constexpr std::uint64_t kTicksPerMicrosecond = 60;
constexpr std::uint64_t kTicksPerFrame = 2'000'000;
constexpr std::uint64_t kLargestGap = 1000;
constexpr std::uint16_t kNoRawDepth = 2047;
constexpr double kRateHz = 30;

StreamProfile profile_of(const char* name, StreamKind kind, PixelFormat format,
                         const freenect_frame_mode& mode) {
  StreamProfile profile;
  profile.stream = name;
  profile.kind = kind;
  profile.format = format;
  profile.width = static_cast<std::uint32_t>(mode.width);
  profile.height = static_cast<std::uint32_t>(mode.height);
  profile.rate_hz = kRateHz;
  return profile;
}

// The factory's numbers for the infrared camera, which is also depth's.
std::optional<Intrinsics> depth_intrinsics(freenect_device* device,
                                           const freenect_frame_mode& mode) {
  if (::freenect_copy_registration == nullptr || ::freenect_destroy_registration == nullptr)
    return std::nullopt;
  freenect_registration registration = ::freenect_copy_registration(device);
  const auto plane = registration.zero_plane_info;
  ::freenect_destroy_registration(&registration);
  // The pixel size is that of the full sensor, and a depth pixel is two by two of those.
  const double focal = static_cast<double>(plane.reference_distance) /
                       (2 * static_cast<double>(plane.reference_pixel_size));
  if (!(focal > 0) || !std::isfinite(focal)) return std::nullopt;
  Intrinsics out;
  out.width = static_cast<std::uint32_t>(mode.width);
  out.height = static_cast<std::uint32_t>(mode.height);
  out.fx = out.fy = focal;
  out.cx = mode.width / 2.0;
  out.cy = mode.height / 2.0;
  return out;
}

std::optional<freenect_frame_mode> find_depth(freenect_depth_format format) {
  for (int i = 0; i < ::freenect_get_depth_mode_count(); ++i) {
    const auto mode = ::freenect_get_depth_mode(i);
    if (mode.is_valid && mode.resolution == FREENECT_RESOLUTION_MEDIUM &&
        mode.depth_format == format)
      return mode;
  }
  return std::nullopt;
}

std::optional<freenect_frame_mode> find_video(freenect_video_format format) {
  for (int i = 0; i < ::freenect_get_video_mode_count(); ++i) {
    const auto mode = ::freenect_get_video_mode(i);
    if (mode.is_valid && mode.resolution == FREENECT_RESOLUTION_MEDIUM &&
        mode.video_format == format)
      return mode;
  }
  return std::nullopt;
}

std::uint64_t frames_in(std::uint64_t ticks) noexcept {
  const auto frames = (ticks + kTicksPerFrame / 2) / kTicksPerFrame;
  return frames >= 1 && frames <= kLargestGap ? frames : 1;
}

Error refused(const char* what) {
  return {ErrorCode::Busy, fmt::format("the Kinect refuses {}; another USB port may help", what)};
}

}  // namespace

// Source of the curve: OpenKinect's wiki, "Imaging Information", for the usual Kinect.
std::uint16_t millimetres_of_raw(std::uint16_t raw) noexcept {
  if (raw >= kNoRawDepth) return kNoDepth;
  const double inverse_m = -0.0030711016 * raw + 3.3309495161;
  if (inverse_m <= 0.1) return kNoDepth;  // beyond 10 m it means nothing
  return static_cast<std::uint16_t>(std::lround(1000 / inverse_m));
}

FreenectSource::FreenectSource(Options options, const base::Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

Result<std::vector<Control>> FreenectSource::controls() {
  return ask([](Kinect& kinect) -> Result<std::vector<Control>> { return kinect.controls(); });
}

Result<std::vector<Control>> FreenectSource::set_controls(const ControlSettings& settings) {
  return ask([settings](Kinect& kinect) { return kinect.set(settings); });
}

Result<std::vector<Control>> FreenectSource::ask(Question question) {
  auto asked = std::make_shared<Asked>();
  {
    base::MutexLock lock(mutex_);
    if (running_) {
      asked->question = std::move(question);
      asked_.push_back(asked);
      const auto deadline = std::chrono::steady_clock::now() + kAskPatience;
      while (!asked->answer && running_ && std::chrono::steady_clock::now() < deadline)
        answered_.wait_until(mutex_, deadline);
      if (asked->answer) return std::move(*asked->answer);
      return fail(running_ ? ErrorCode::Timeout : ErrorCode::Disconnected,
                  "the Kinect did not answer about its controls");
    }
  }
  const auto kinect = Kinect::open(options_.serial);
  if (!kinect) return fail(kinect.error());
  return question(**kinect);
}

void FreenectSource::answer_questions(Kinect& kinect) {
  for (;;) {
    std::shared_ptr<Asked> next;
    {
      base::MutexLock lock(mutex_);
      if (asked_.empty()) return;
      next = std::move(asked_.front());
      asked_.pop_front();
    }
    auto answer = next->question(kinect);
    base::MutexLock lock(mutex_);
    next->answer = std::move(answer);
    answered_.notify_all();
  }
}

Result<void> FreenectSource::run(SourceSink& sink, const base::StopToken& stop) {
  const auto kinect = Kinect::open(options_.serial);
  if (!kinect) return fail(kinect.error());
  struct Running {
    FreenectSource& source;
    explicit Running(FreenectSource& owner) : source(owner) { set(true); }
    ~Running() { set(false); }
    void set(bool running) {
      base::MutexLock lock(source.mutex_);
      source.running_ = running;
      source.asked_.clear();
      source.answered_.notify_all();
    }
  } const running(*this);
  return stream(**kinect, sink, stop);
}

Result<void> FreenectSource::choose_modes(Kinect& kinect) {
  auto* device = kinect.device();
  if (options_.depth) {
    auto mode = find_depth(options_.registration ? FREENECT_DEPTH_REGISTERED : FREENECT_DEPTH_MM);
    depth_.is_raw = !mode;
    if (!mode && options_.registration)
      return fail(ErrorCode::Unsupported,
                  "this libfreenect has no registration; leave out the option");
    if (!mode) mode = find_depth(FREENECT_DEPTH_11BIT);
    if (!mode || ::freenect_set_depth_mode(device, *mode) < 0) return fail(refused("depth"));
    auto profile = profile_of("depth", StreamKind::Depth, PixelFormat::Z16, *mode);
    profile.depth_unit_m = 0.001;
    if (!options_.registration) profile.intrinsics = depth_intrinsics(device, *mode);
    if (options_.registration) profile.reference_from_stream = Extrinsics{};
    depth_.profile = std::make_shared<const StreamProfile>(std::move(profile));
  }
  if (options_.color || options_.infrared) {
    const auto mode = find_video(options_.infrared ? FREENECT_VIDEO_IR_8BIT : FREENECT_VIDEO_RGB);
    if (!mode || ::freenect_set_video_mode(device, *mode) < 0)
      return fail(refused(options_.infrared ? "infrared" : "colour"));
    auto profile = options_.infrared
                       ? profile_of("infrared", StreamKind::Infrared, PixelFormat::Y8, *mode)
                       : profile_of("color", StreamKind::Color, PixelFormat::RGB8, *mode);
    if (options_.registration && options_.color) profile.reference_from_stream = Extrinsics{};
    video_.profile = std::make_shared<const StreamProfile>(std::move(profile));
  }
  if (options_.accel) {
    StreamProfile profile;
    profile.stream = "accel";
    profile.kind = StreamKind::Motion;
    profile.format = PixelFormat::XYZ32F;
    profile.width = profile.height = 1;
    profile.rate_hz = 1e9 / static_cast<double>(kAccelInterval.count());
    accel_ = std::make_shared<const StreamProfile>(std::move(profile));
  }
  if (options_.mirror) {
    if (::freenect_set_flag == nullptr ||
        ::freenect_set_flag(device, FREENECT_MIRROR_DEPTH, FREENECT_ON) < 0 ||
        ::freenect_set_flag(device, FREENECT_MIRROR_VIDEO, FREENECT_ON) < 0)
      return fail(ErrorCode::Unsupported, "this Kinect does not mirror; leave out the option");
  }
  return {};
}

Result<void> FreenectSource::start(Kinect& kinect, SourceSink& sink) {
  if (const auto chosen = choose_modes(kinect); !chosen) return fail(chosen.error());
  SourceDescription description;
  description.model = "Kinect for Xbox 360";
  description.serial = options_.serial;
  description.controls = kinect.controls();
  for (const auto& profile : {depth_.profile, video_.profile, accel_})
    if (profile) description.streams.push_back(profile);
  sink.opened(description);
  sink_ = &sink;
  auto* device = kinect.device();
  ::freenect_set_user(device, this);
  if (depth_.profile) {
    ::freenect_set_depth_callback(device, [](freenect_device* d, void* pixels, std::uint32_t t) {
      auto& me = *static_cast<FreenectSource*>(::freenect_get_user(d));
      me.take(me.depth_, pixels, t);
    });
    if (::freenect_start_depth(device) < 0) return fail(refused("to start depth"));
  }
  if (video_.profile) {
    ::freenect_set_video_callback(device, [](freenect_device* d, void* pixels, std::uint32_t t) {
      auto& me = *static_cast<FreenectSource*>(::freenect_get_user(d));
      me.take(me.video_, pixels, t);
    });
    if (::freenect_start_video(device) < 0) return fail(refused("to start its pictures"));
  }
  return {};
}

Result<void> FreenectSource::stream(Kinect& kinect, SourceSink& sink, const base::StopToken& stop) {
  if (const auto started = start(kinect, sink); !started) return fail(started.error());
  auto next_accel = clock_.now();
  while (!stop.stop_requested()) {
    timeval wait = kWait;
    if (::freenect_process_events_timeout(kinect.context(), &wait) < 0)
      return fail(ErrorCode::Disconnected, "the Kinect was unplugged, or lost its power");
    answer_questions(kinect);
    if (accel_ && clock_.now() >= next_accel) {
      next_accel = clock_.now() + kAccelInterval;
      take_accel(kinect, sink);
    }
  }
  if (depth_.profile) ::freenect_stop_depth(kinect.device());
  if (video_.profile) ::freenect_stop_video(kinect.device());
  return {};
}

void FreenectSource::take(Picture& picture, const void* pixels, std::uint32_t ticks) {
  auto frame = pool_.acquire(picture.profile);
  frame->arrival_time = clock_.now();
  if (picture.is_raw) {
    const auto* raw = static_cast<const std::byte*>(pixels);
    for (std::size_t i = 0; i + 1 < frame->data.size(); i += 2) {
      std::uint16_t value = 0;
      std::memcpy(&value, raw + i, sizeof value);
      value = millimetres_of_raw(value);
      std::memcpy(frame->data.data() + i, &value, sizeof value);
    }
  } else {
    std::memcpy(frame->data.data(), pixels, frame->data.size());
  }
  // The camera's stamp counts at 60 MHz and wraps every 71 s; a step of two frames is a lost frame.
  if (picture.last_ticks) {
    const auto step = ticks_since(*picture.last_ticks, ticks);
    picture.device_ticks += step;
    picture.sequence += frames_in(step);
  }
  picture.last_ticks = ticks;
  const Nanoseconds device(
      static_cast<std::int64_t>(picture.device_ticks * 1000 / kTicksPerMicrosecond));
  frame->device_time_ns = device.count();
  frame->domain = TimestampDomain::Device;
  frame->sequence = picture.sequence;
  const Nanoseconds frame_time(static_cast<std::int64_t>(1e9 / kRateHz));
  const auto end = std::min(picture.clock.map(device, frame->arrival_time), frame->arrival_time);
  frame->capture_time = end - frame_time / 2;
  frame->capture_uncertainty = frame_time;
  sink_->frame(std::move(frame));
}

void FreenectSource::take_accel(Kinect& kinect, SourceSink& sink) {
  const auto before = clock_.now();
  if (::freenect_update_tilt_state(kinect.device()) < 0) return;
  auto* state = ::freenect_get_tilt_state(kinect.device());
  if (state == nullptr) return;
  double x = 0, y = 0, z = 0;
  ::freenect_get_mks_accel(state, &x, &y, &z);
  auto frame = pool_.acquire(accel_);
  const float xyz[3] = {static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)};
  std::memcpy(frame->data.data(), xyz, sizeof xyz);
  frame->arrival_time = clock_.now();
  frame->capture_uncertainty = (frame->arrival_time - before) / 2;
  frame->capture_time = before + frame->capture_uncertainty;
  frame->sequence = accel_sequence_++;
  sink.frame(std::move(frame));
}

}  // namespace lenswire::freenect
