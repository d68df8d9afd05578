#include "server/side_by_side_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "server/camera.hpp"

namespace lenswire::server {
namespace {

constexpr auto kDepthPatience = std::chrono::milliseconds(50);
constexpr auto kMostApart = std::chrono::seconds(1);
/// How often it is tried again to find the camera's streams.
constexpr auto kRetry = std::chrono::milliseconds(250);
constexpr auto kNever = std::chrono::hours(1);
constexpr double kDefaultDepthUnitM = 0.001;
constexpr std::array<const char*, 2> kStreams = {"color", "depth"};

// Until the first picture tells: what the originals send.
StreamProfilePtr presumed_profile() {
  auto profile = std::make_shared<StreamProfile>();
  profile->stream = "side-by-side";
  profile->format = PixelFormat::RGB8;
  profile->width = 1280;
  profile->height = 480;
  return profile;
}

frame::ImageView view_of(const hub::EncodedFrame& frame) noexcept {
  const auto& profile = frame.profile->profile;
  const auto stride = frame.passes_through ? frame.source->stride_bytes
                                           : packed_stride(profile.format, profile.width);
  return {profile.format, profile.width, profile.height, stride, frame.payload()};
}

MonotonicTime time_of(const hub::EncodedFramePtr& frame) noexcept {
  return frame->source->capture_time;
}

Nanoseconds apart(const hub::EncodedFramePtr& a, const hub::EncodedFramePtr& b) noexcept {
  return std::chrono::abs(time_of(a) - time_of(b));
}

}  // namespace

SideBySideStream::SideBySideStream(Camera& camera, const base::Clock& clock,
                                   const Settings& settings)
    : camera_(camera),
      clock_(clock),
      settings_(settings),
      stream_(presumed_profile(), camera.encoders(), [this] { wake(); }) {
  colors_.reserve(2);
}

SideBySideStream::~SideBySideStream() { stop(); }

Result<void> SideBySideStream::check() const {
  const auto ids = camera_.stream_ids();
  if (ids.empty()) return {};
  for (const auto* wanted : kStreams)
    if (std::find(ids.begin(), ids.end(), wanted) == ids.end())
      return fail(ErrorCode::NotFound,
                  fmt::format("camera '{}' has no stream '{}', and colour and depth are shown side "
                              "by side; it has: {}",
                              camera_.name(), wanted, fmt::join(ids, ", ")));
  return {};
}

void SideBySideStream::start() {
  thread_ = std::thread([this] { run(); });
}

void SideBySideStream::stop() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void SideBySideStream::wake() {
  base::MutexLock lock(mutex_);
  look_ = true;
  changed_.notify_all();
}

void SideBySideStream::take(Half half, const hub::EncodedFramePtr& frame) {
  base::MutexLock lock(mutex_);
  if (half == kDepth) {
    depths_[0] = std::exchange(depths_[1], frame);
  } else {
    if (colors_.size() == 2) colors_.erase(colors_.begin());
    colors_.push_back(frame);
    if (colors_.size() == 1) color_came_ = clock_.now();
  }
  changed_.notify_all();
}

bool SideBySideStream::pair_ready(MonotonicTime now) const {
  if (colors_.empty() || !depths_[1]) return false;
  return colors_.size() > 1 || time_of(depths_[1]) >= time_of(colors_[0]) ||
         now >= color_came_ + kDepthPatience;
}

SideBySideStream::Pair SideBySideStream::take_pair() {
  Pair pair{colors_.front(), depths_[1]};
  colors_.erase(colors_.begin());
  if (!colors_.empty()) color_came_ = clock_.now();
  if (depths_[0] && apart(depths_[0], pair.color) < apart(depths_[1], pair.color))
    pair.depth = depths_[0];
  return pair;
}

bool SideBySideStream::wait_for_work() {
  base::MutexLock lock(mutex_);
  while (!stopping_) {
    const auto now = clock_.now();
    if (look_ || now >= next_look_ || (wanted_ && pair_ready(now))) break;
    auto until = next_look_;
    if (wanted_ && !colors_.empty() && depths_[1])
      until = std::min(until, color_came_ + kDepthPatience);
    changed_.wait_until(mutex_, until);
  }
  look_ = false;
  return !stopping_;
}

void SideBySideStream::run() {
  base::set_thread_name("lw-pair-" + camera_.name());
  idle_since_ = clock_.now();
  while (wait_for_work()) {
    follow_demand(clock_.now());
    if (!wanted_) continue;
    Pair pair;
    {
      base::MutexLock lock(mutex_);
      if (!pair_ready(clock_.now())) continue;
      pair = take_pair();
    }
    paint(pair);
  }
  detach();
}

void SideBySideStream::follow_demand(MonotonicTime now) {
  const bool before = std::exchange(wanted_, stream_.wanted());
  next_look_ = now + kNever;
  if (wanted_ && !attached_) {
    auto done = attach();
    if (!done) {
      detach();
      next_look_ = now + kRetry;
      if (std::exchange(last_trouble_, done.error().message) != done.error().message)
        base::log_warning("side_by_side_waits",
                          {{"camera", camera_.name()}, {"reason", done.error().message}});
    }
  }
  if (wanted_) return;
  if (before) {
    idle_since_ = now;
    // The next client must not begin with what was new when the last one left.
    stream_.forget_newest();
  }
  if (!attached_) return;
  if (now >= idle_since_ + settings_.linger)
    detach();
  else
    next_look_ = idle_since_ + settings_.linger;
}

Result<void> SideBySideStream::attach() {
  attached_ = true;
  hub::Wish wish;
  wish.format = PixelFormat::RGB8;
  wish.scale = settings_.scale;
  const auto color = camera_.stream(kStreams[kColor]);
  if (!color) return fail(color.error());
  const auto depth = camera_.stream(kStreams[kDepth]);
  if (!depth) return fail(depth.error());
  auto depth_attachment = (*depth)->attach({}, depth_input_);
  if (!depth_attachment) return fail(depth_attachment.error());
  attachments_[kDepth] = std::move(*depth_attachment);
  auto color_attachment = (*color)->attach(wish, color_input_);
  if (!color_attachment) return fail(color_attachment.error());
  attachments_[kColor] = std::move(*color_attachment);
  return {};
}

void SideBySideStream::detach() {
  for (auto& attachment : attachments_) attachment.reset();
  attached_ = false;
  base::MutexLock lock(mutex_);
  colors_.clear();
  depths_ = {};
}

void SideBySideStream::update_profile(const StreamProfile& color) {
  if (profile_ && profile_->width == 2 * color.width && profile_->height == color.height &&
      profile_->rate_hz == color.rate_hz)
    return;
  auto profile = std::make_shared<StreamProfile>(*presumed_profile());
  profile->width = 2 * color.width;
  profile->height = color.height;
  profile->rate_hz = color.rate_hz;
  profile_ = std::move(profile);
  stream_.set_profile(profile_);
}

void SideBySideStream::paint(const Pair& pair) {
  if (apart(pair.color, pair.depth) > kMostApart) return;
  const auto& color = *pair.color;
  const auto& depth = *pair.depth;
  update_profile(color.profile->profile);
  const auto unit = depth.profile->profile.depth_unit_m;
  auto frame = pool_.acquire(profile_);
  picture_.data = std::move(frame->data);
  const auto painted = painter_.paint(view_of(color), view_of(depth),
                                      unit > 0 ? unit : kDefaultDepthUnitM, picture_);
  frame->data = std::move(picture_.data);
  if (!painted) {
    if (std::exchange(last_trouble_, painted.error().message) != painted.error().message)
      base::log_warning("side_by_side_failed",
                        {{"camera", camera_.name()}, {"reason", painted.error().message}});
    return;
  }
  last_trouble_.clear();
  frame->stride_bytes = picture_.stride_bytes;
  frame->sequence = ++sequence_;
  frame->capture_time = color.source->capture_time;
  frame->capture_uncertainty = color.source->capture_uncertainty;
  frame->arrival_time = color.source->arrival_time;
  frame->domain = color.source->domain;
  stream_.publish(std::move(frame));
}

}  // namespace lenswire::server
