#include "server/aligned_stream.hpp"

#include <utility>

#include "base/log.hpp"

namespace lenswire::server {
namespace {

// The two inputs' rates are not known yet when it is made; most depth cameras give 30 Hz, and half
// of that interval tells the moments of slower ones apart too.
frame::FramesetTiming usual_timing() {
  auto timing = frame::frameset_timing({30, 30});
  timing.patience = std::chrono::milliseconds(400);  // two intervals at 5 Hz
  return timing;
}

frame::ImageView view_of(const hub::EncodedFrame& frame) noexcept {
  const auto& profile = frame.profile->profile;
  const auto stride = frame.passes_through ? frame.source->stride_bytes
                                           : packed_stride(profile.format, profile.width);
  return {profile.format, profile.width, profile.height, stride, frame.payload()};
}

StreamProfile aligned_profile(AlignedStream::Kind kind, const StreamProfile& depth,
                              const StreamProfile& color) {
  return kind == AlignedStream::Kind::DepthToColor ? filter::depth_aligned_profile(depth, color)
                                                   : filter::color_aligned_profile(depth, color);
}

}  // namespace

AlignedStream::AlignedStream(Kind kind, hub::StreamHub& depth, hub::StreamHub& color,
                             hub::EncoderPool& encoders, const base::Clock& clock)
    : kind_(kind),
      depth_(depth),
      color_(color),
      encoders_(encoders),
      clock_(clock),
      stream_(std::make_shared<StreamProfile>(
                  aligned_profile(kind, *depth.profile(), *color.profile())),
              encoders, [this] { follow_demand(); }),
      framesets_(2, usual_timing().tolerance, usual_timing().patience) {
  waiting_.reserve(kMostWaiting);
}

AlignedStream::~AlignedStream() { stop(); }

void AlignedStream::stop() {
  base::MutexLock order(demand_mutex_);
  stopped_ = true;
  detach();
}

void AlignedStream::detach() {
  depth_attachment_.reset();
  color_attachment_.reset();
  attached_ = false;
}

Result<void> AlignedStream::set_inputs(const StreamProfilePtr& depth,
                                       const StreamProfilePtr& color) {
  Result<void> possible;
  if (depth->format != PixelFormat::Z16)
    possible = fail(ErrorCode::Unsupported, "align: depth is not z16");
  else if (auto pair = filter::AlignedPair::of(*depth, *color); !pair)
    possible = fail(std::move(pair).error());
  {
    base::MutexLock lock(mutex_);
    depth_profile_ = depth;
    color_profile_ = color;
    available_ = possible.has_value();
  }
  if (possible)
    stream_.set_profile(std::make_shared<StreamProfile>(aligned_profile(kind_, *depth, *color)));
  return possible;
}

bool AlignedStream::withdraw() {
  base::MutexLock lock(mutex_);
  return std::exchange(available_, false);
}

bool AlignedStream::available() const {
  base::MutexLock lock(mutex_);
  return available_;
}

void AlignedStream::forget_newest() { stream_.forget_newest(); }

FramesetCounters AlignedStream::framesets() const {
  base::MutexLock lock(mutex_);
  return framesets_.counters();
}

DerivedCounters AlignedStream::counters() const {
  base::MutexLock lock(mutex_);
  auto out = counters_;
  out.unpaired = framesets_.counters().incomplete;
  return out;
}

void AlignedStream::count_failure(const Error& error) {
  {
    base::MutexLock lock(mutex_);
    ++counters_.failures;
    if (std::exchange(counters_.last_trouble, error.message) == error.message) return;
  }
  base::log_warning("align_failed",
                    {{"stream", stream_.profile()->stream}, {"reason", error.message}});
}

void AlignedStream::follow_demand() {
  // One at a time, so that the last word is the newest.
  base::MutexLock order(demand_mutex_);
  if (stopped_) return;
  if (!stream_.wanted()) {
    detach();
    // The next client must not begin with what was new when the last one left.
    stream_.forget_newest();
    return;
  }
  if (attached_) return;
  if (auto done = attach(); !done) {
    detach();
    count_failure(done.error());
  }
}

Result<void> AlignedStream::attach() {
  attached_ = true;
  auto depth = depth_.attach({}, depth_input_);
  if (!depth) return fail(std::move(depth).error());
  depth_attachment_ = std::move(*depth);
  if (kind_ == Kind::DepthToColor) return {};
  hub::Wish wish;
  wish.format = PixelFormat::RGB8;
  auto color = color_.attach(wish, color_input_);
  if (!color) return fail(std::move(color).error());
  color_attachment_ = std::move(*color);
  return {};
}

void AlignedStream::add(Work work) {
  if (waiting_.size() == kMostWaiting) {
    waiting_.erase(waiting_.begin());
    ++counters_.busy;
  }
  waiting_.push_back(std::move(work));
}

void AlignedStream::take(std::size_t input, const hub::EncodedFramePtr& frame) {
  {
    base::MutexLock lock(mutex_);
    if (!available_) return;
    if (kind_ == Kind::DepthToColor) {
      add({frame, nullptr});
    } else {
      frame::FrameTimes times{Nanoseconds(to_ns(frame->source->capture_time)), std::nullopt};
      if (const auto& device = frame->source->device_time_ns) times.device = Nanoseconds(*device);
      framesets_.push(input, times, frame);
      while (auto set = framesets_.next(false)) add({set->items[0], set->items[1]});
    }
    if (waiting_.empty() || std::exchange(working_, true)) return;
  }
  encoders_.submit(shared_from_this());
}

bool AlignedStream::run_once() {
  Work work;
  {
    base::MutexLock lock(mutex_);
    if (waiting_.empty()) return working_ = false;
    work = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
  }
  const auto began = clock_.now();
  auto frame = align(work);
  const auto took = clock_.now() - began;
  if (frame)
    stream_.publish(std::move(*frame));
  else
    count_failure(frame.error());
  base::MutexLock lock(mutex_);
  counters_.working += took;
  if (frame) {
    ++counters_.made;
    counters_.last_trouble.clear();
  }
  return working_ = !waiting_.empty();
}

Result<FramePtr> AlignedStream::align(const Work& work) {
  StreamProfilePtr depth, color;
  {
    base::MutexLock lock(mutex_);
    depth = depth_profile_;
    color = color_profile_;
  }
  if (depth != aligned_depth_ || color != aligned_color_) {
    const auto pair = filter::AlignedPair::of(*depth, *color);
    if (!pair) return fail(pair.error());
    to_color_.reset();
    to_depth_.reset();
    if (kind_ == Kind::DepthToColor) {
      auto made = filter::DepthToColor::make(*pair, depth->depth_unit_m);
      if (!made) return fail(std::move(made).error());
      to_color_ = std::move(*made);
    } else {
      auto made = filter::ColorToDepth::make(*pair, depth->depth_unit_m);
      if (!made) return fail(std::move(made).error());
      to_depth_ = std::move(*made);
    }
    profile_ = std::make_shared<StreamProfile>(aligned_profile(kind_, *depth, *color));
    stream_.set_profile(profile_);
    aligned_depth_ = depth;
    aligned_color_ = color;
  }
  auto out = pool_.acquire(profile_);
  picture_.data = std::move(out->data);
  const auto done = kind_ == Kind::DepthToColor
                        ? to_color_->run(view_of(*work.depth), picture_)
                        : to_depth_->run(view_of(*work.depth), view_of(*work.color), picture_);
  out->data = std::move(picture_.data);
  if (!done) return fail(done.error());
  const auto& from = kind_ == Kind::DepthToColor ? *work.depth->source : *work.color->source;
  out->stride_bytes = picture_.stride_bytes;
  out->sequence = from.sequence;
  out->capture_time = from.capture_time;
  out->capture_uncertainty = from.capture_uncertainty;
  out->arrival_time = from.arrival_time;
  out->domain = from.domain;
  out->device_time_ns = from.device_time_ns;
  return FramePtr(std::move(out));
}

}  // namespace lenswire::server
