#include "server/skeleton_stream.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/log.hpp"
#include "base/module.hpp"
#include "base/thread.hpp"
#include "server/camera.hpp"

namespace lenswire::server {
namespace {

constexpr std::string_view kModule = "pose";
/// Depth from another moment would put moving arms somewhere else.
constexpr auto kMostApart = std::chrono::milliseconds(120);
/// How often it is tried again to load the model or to find the camera's streams.
constexpr auto kRetry = std::chrono::seconds(1);
constexpr auto kNever = std::chrono::hours(1);
/// Of nice(2): a busy machine rather has fewer skeletons than fewer pictures.
constexpr int kLowerPriority = 5;

StreamProfilePtr profile_like(const StreamProfile& color) {
  auto profile = std::make_shared<StreamProfile>(color);
  profile->stream = "skeleton";
  profile->kind = StreamKind::Skeleton;
  profile->format = PixelFormat::Skeleton;
  profile->rate_hz = 0;
  return profile;
}

frame::ImageView view_of(const hub::EncodedFrame& frame) noexcept {
  const auto& profile = frame.profile->profile;
  const auto stride = frame.passes_through ? frame.source->stride_bytes
                                           : packed_stride(profile.format, profile.width);
  return {profile.format, profile.width, profile.height, stride, frame.payload()};
}

Nanoseconds apart(const hub::EncodedFramePtr& a, const hub::EncodedFramePtr& b) noexcept {
  return std::chrono::abs(a->source->capture_time - b->source->capture_time);
}

}  // namespace

PoseFactory pose_module_factory() {
  const auto file = base::find_module(kModule);
  std::error_code error;
  if (!file || !std::filesystem::exists(
                   std::filesystem::path(*file).replace_filename("posenet.onnx"), error))
    return {};
  return []() -> Result<std::unique_ptr<filter::PoseEstimator>> {
    const auto module = base::load_module<filter::PoseModule>(kModule);
    if (!module) return fail(module.error());
    return (*module)->make_estimator();
  };
}

SkeletonStream::SkeletonStream(Camera& camera, const base::Clock& clock, PoseFactory factory,
                               const Settings& settings)
    : camera_(camera),
      clock_(clock),
      factory_(std::move(factory)),
      settings_(settings),
      stream_(profile_like({}), camera.encoders(), [this] { wake(); }) {}

SkeletonStream::~SkeletonStream() { stop(); }

void SkeletonStream::set_source(StreamProfilePtr color, StreamProfilePtr depth) {
  stream_.set_profile(profile_like(*color));
  base::MutexLock lock(mutex_);
  color_stream_ = color->stream;
  depth_stream_ = depth ? depth->stream : std::string();
  look_ = true;
  changed_.notify_all();
}

void SkeletonStream::stop() {
  std::thread thread;
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    thread = std::move(thread_);
    changed_.notify_all();
  }
  if (thread.joinable()) thread.join();
}

DerivedCounters SkeletonStream::counters() const {
  base::MutexLock lock(mutex_);
  return counters_;
}

void SkeletonStream::wake() {
  base::MutexLock lock(mutex_);
  look_ = true;
  if (!stopping_ && !thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void SkeletonStream::take(Half half, const hub::EncodedFramePtr& frame) {
  base::MutexLock lock(mutex_);
  if (half == kDepth) {
    depths_[0] = std::exchange(depths_[1], frame);
    return;
  }
  if (color_) ++counters_.busy;
  color_ = frame;
  changed_.notify_all();
}

bool SkeletonStream::wait_for_work() {
  base::MutexLock lock(mutex_);
  while (!stopping_ && !look_ && !(maker_ && color_) && clock_.now() < next_look_)
    changed_.wait_until(mutex_, next_look_);
  look_ = false;
  return !stopping_;
}

SkeletonStream::Pair SkeletonStream::take_pair() {
  base::MutexLock lock(mutex_);
  Pair pair{std::exchange(color_, nullptr), depths_[1]};
  if (!pair.color || !pair.depth) return pair;
  if (depths_[0] && apart(depths_[0], pair.color) < apart(pair.depth, pair.color))
    pair.depth = depths_[0];
  if (apart(pair.depth, pair.color) > kMostApart) pair.depth = nullptr;
  return pair;
}

void SkeletonStream::run() {
  base::set_thread_name("lw-pose-" + camera_.name());
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kLowerPriority);
  idle_since_ = clock_.now();
  while (wait_for_work()) {
    follow_demand(clock_.now());
    if (!wanted_ || !maker_) continue;
    const auto pair = take_pair();
    if (!pair.color) continue;
    const auto began = clock_.now();
    const auto made = make(pair);
    const auto took = clock_.now() - began;
    if (!made) complain(made.error());
    base::MutexLock lock(mutex_);
    counters_.working += took;
    if (made) {
      ++counters_.made;
      counters_.last_trouble.clear();
    }
  }
  detach();
}

void SkeletonStream::complain(const Error& error) {
  {
    base::MutexLock lock(mutex_);
    ++counters_.failures;
    if (std::exchange(counters_.last_trouble, error.message) == error.message) return;
  }
  base::log_warning("skeleton_failed", {{"camera", camera_.name()}, {"reason", error.message}});
}

void SkeletonStream::follow_demand(MonotonicTime now) {
  const bool before = std::exchange(wanted_, stream_.wanted());
  next_look_ = now + kNever;
  if (wanted_ && (!attached_ || !maker_)) {
    if (auto done = attach(); !done) {
      detach();
      next_look_ = now + kRetry;
      complain(done.error());
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

Result<void> SkeletonStream::attach() {
  std::string color_id;
  std::string depth_id;
  {
    base::MutexLock lock(mutex_);
    color_id = color_stream_;
    depth_id = depth_stream_;
  }
  // First, so that no picture is taken while the model is being read.
  if (!maker_) {
    auto estimator = factory_();
    if (!estimator) return fail(std::move(estimator).error());
    maker_ = std::make_unique<filter::SkeletonMaker>(std::move(*estimator));
  }
  if (!depth_id.empty()) {
    const auto depth = camera_.stream(depth_id);
    if (!depth) return fail(depth.error());
    auto attachment = (*depth)->attach({}, depth_input_);
    if (!attachment) return fail(std::move(attachment).error());
    attachments_[kDepth] = std::move(*attachment);
  }
  hub::Wish wish;
  wish.format = PixelFormat::RGB8;
  const auto color = camera_.stream(color_id);
  if (!color) return fail(color.error());
  auto attachment = (*color)->attach(wish, color_input_);
  if (!attachment) return fail(std::move(attachment).error());
  attachments_[kColor] = std::move(*attachment);
  attached_ = true;
  return {};
}

void SkeletonStream::detach() {
  for (auto& attachment : attachments_) attachment.reset();
  attached_ = false;
  maker_.reset();
  base::MutexLock lock(mutex_);
  color_ = nullptr;
  depths_ = {};
}

Result<void> SkeletonStream::make(const Pair& pair) {
  const auto& color = pair.color->profile->profile;
  if (!profile_ || profile_->width != color.width || profile_->height != color.height ||
      profile_->intrinsics != color.intrinsics ||
      profile_->reference_from_stream != color.reference_from_stream) {
    profile_ = profile_like(color);
    stream_.set_profile(profile_);
  }
  const filter::ProfiledPicture color_picture{view_of(*pair.color), &color};
  filter::ProfiledPicture depth_picture;
  if (pair.depth) depth_picture = {view_of(*pair.depth), &pair.depth->profile->profile};
  if (auto made = maker_->make(color_picture, pair.depth ? &depth_picture : nullptr,
                               pair.color->source->capture_time, skeleton_);
      !made)
    return made;
  const auto& source = *pair.color->source;
  auto frame = pool_.acquire(profile_);
  encode_skeleton(skeleton_, frame->data);
  frame->sequence = ++sequence_;
  frame->capture_time = source.capture_time;
  frame->capture_uncertainty = source.capture_uncertainty;
  frame->arrival_time = source.arrival_time;
  frame->domain = source.domain;
  frame->device_time_ns = source.device_time_ns;
  stream_.publish(std::move(frame));
  return {};
}

}  // namespace lenswire::server
