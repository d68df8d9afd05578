#include "hub/encoded_stream.hpp"

#include <algorithm>
#include <atomic>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace lenswire::hub {
namespace {

// Versions are unique in the process, so a profile is never mistaken for one of another stream.
std::uint32_t next_profile_version() noexcept {
  static std::atomic<std::uint32_t> last{0};
  return ++last;
}

}  // namespace

EncodeCounters& EncodeCounters::operator+=(const EncodeCounters& more) noexcept {
  encodes += more.encodes;
  failures += more.failures;
  skipped += more.skipped;
  encoding += more.encoding;
  filtered += more.filtered;
  filter_failures += more.filter_failures;
  filtering += more.filtering;
  return *this;
}

EncodedStream::EncodedStream(const Wish& wish, EncoderPool& encoders)
    : wish_(wish), encoders_(encoders), pipeline_(wish) {
  pending_.reserve(kEncoderQueueFrames);
}

void EncodedStream::publish(const FramePtr& frame) {
  base::MutexLock lock(mutex_);
  if (!sinks_.empty()) accept(frame);
}

void EncodedStream::accept(const FramePtr& frame) {
  const auto sequence = frame->sequence;
  if (has_expected_ && sequence > expected_) {
    const auto gap = std::min<std::uint64_t>(sequence - expected_, UINT32_MAX);
    skipped_.add(MissReason::SourceGap, expected_, static_cast<std::uint32_t>(gap));
  }
  has_expected_ = true;
  expected_ = sequence + 1;
  if (frame->profile != source_profile_) update_profile(frame->profile);
  if (!profile_) {
    ++counters_.failures;
    return;
  }
  // Padded rows are rare; the pipeline packs them.
  const bool packed = !has_fixed_size(frame->format()) ||
                      frame->stride_bytes == packed_stride(frame->format(), frame->width());
  if (passes_through_ && packed) {
    auto encoded = start_frame({frame, skipped_, profile_});
    encoded->passes_through = true;
    skipped_.clear();
    deliver(std::move(encoded));
    return;
  }
  const bool every = std::any_of(sinks_.begin(), sinks_.end(),
                                 [](const auto* sink) { return sink->wants_every_frame(); });
  const std::size_t capacity = every ? kEncoderQueueFrames : 1;
  while (pending_.size() >= capacity) {
    auto& oldest = pending_.front();
    MissedList before = oldest.preceding;
    before.add(MissReason::EncoderBusy, oldest.frame->sequence, 1);
    pending_.erase(pending_.begin());
    ++counters_.skipped;
    auto& successor = pending_.empty() ? skipped_ : pending_.front().preceding;
    before.add(successor);
    successor = before;
  }
  pending_.push_back({frame, skipped_, profile_});
  skipped_.clear();
  if (encoding_) return;
  encoding_ = true;
  encoders_.submit(shared_from_this());
}

bool EncodedStream::run_once() {
  std::shared_ptr<EncodedFrame> encoded;
  {
    base::MutexLock lock(mutex_);
    if (pending_.empty()) {
      encoding_ = false;
      return false;
    }
    encoded = start_frame(std::move(pending_.front()));
    pending_.erase(pending_.begin());
  }
  const auto began = base::system_clock().now();
  const auto result = pipeline_.run(*encoded->source, encoded->encoded);
  const auto took = base::system_clock().now() - began;
  base::MutexLock lock(mutex_);
  ++counters_.encodes;
  counters_.encoding += took;
  if (const auto& filters = pipeline_.filter_work()) {
    ++counters_.filtered;
    counters_.filter_failures += filters->failed ? 1 : 0;
    counters_.filtering += filters->took;
  }
  if (result) {
    release_pixels(*encoded);
    deliver(std::move(encoded));
  } else {
    ++counters_.failures;
    MissedList before = encoded->preceding;
    before.add(MissReason::SourceGap, encoded->sequence(), 1);
    auto& successor = pending_.empty() ? skipped_ : pending_.front().preceding;
    before.add(successor);
    successor = before;
    base::log_warning("encode_failed", {{"stream", encoded->source->profile->stream},
                                        {"reason", result.error().message}});
  }
  encoding_ = !pending_.empty();
  return encoding_;
}

std::shared_ptr<EncodedFrame> EncodedStream::start_frame(Pending pending) {
  auto encoded = pool_.acquire();
  encoded->source = std::move(pending.frame);
  encoded->profile = std::move(pending.profile);
  encoded->codec = wish_.codec;
  encoded->preceding = pending.preceding;
  encoded->passes_through = false;
  encoded->encoded.clear();
  return encoded;
}

void EncodedStream::release_pixels(EncodedFrame& encoded) {
  const auto& captured = *encoded.source;
  auto stamps = stamps_.acquire();
  stamps->profile = captured.profile;
  stamps->sequence = captured.sequence;
  stamps->capture_time = captured.capture_time;
  stamps->capture_uncertainty = captured.capture_uncertainty;
  stamps->arrival_time = captured.arrival_time;
  stamps->domain = captured.domain;
  stamps->device_time_ns = captured.device_time_ns;
  stamps->annotations = captured.annotations;
  if (!stamps->annotations.empty()) {
    const auto& [delivered, version, calibration, width, height] = *encoded.profile;
    const auto region =
        fitted_region(wish_.region.value_or(Region{0, 0, width, height}), width, height);
    stamps->annotations.transform(0, 0, static_cast<double>(width) / captured.width(),
                                  static_cast<double>(height) / captured.height());
    stamps->annotations.transform(region.x, region.y,
                                  static_cast<double>(delivered.width) / region.width,
                                  static_cast<double>(delivered.height) / region.height);
  }
  stamps->conditions = captured.conditions;
  encoded.source = std::move(stamps);
}

void EncodedStream::deliver(std::shared_ptr<EncodedFrame> encoded) {
  newest_ = std::move(encoded);
  for (auto* sink : sinks_) sink->deliver(newest_);
}

void EncodedStream::update_profile(const StreamProfilePtr& source) {
  source_profile_ = source;
  passes_through_ = PicturePipeline::passes_through(*source, wish_);
  // Whoever subscribed to a region of a larger picture keeps getting one of that size.
  auto delivered = delivered_profile(*source, fitted(wish_, *source));
  if (!delivered) {
    profile_ = nullptr;
    base::log_warning("wish_impossible",
                      {{"stream", source->stream}, {"reason", delivered.error().message}});
    for (auto* sink : sinks_) sink->refused(delivered.error());
    return;
  }
  auto made = std::make_shared<DeliveredProfile>();
  made->profile = std::move(*delivered);
  made->version = next_profile_version();
  made->calibration = calibration_version(made->profile);
  const auto whole = filter::filtered_profile(*source, wish_.filters);
  made->whole_width = whole ? whole->width : source->width;
  made->whole_height = whole ? whole->height : source->height;
  profile_ = std::move(made);
}

void EncodedStream::end(const Error& reason) {
  base::MutexLock lock(mutex_);
  newest_ = nullptr;
  for (auto* sink : sinks_) sink->refused(reason);
}

void EncodedStream::attach(FrameSink& sink, const FramePtr& fresh) {
  base::MutexLock lock(mutex_);
  if (sinks_.empty()) {
    // Nobody was counting: what was not taken before is no loss.
    newest_ = nullptr;
    has_expected_ = false;
    skipped_.clear();
  }
  sinks_.push_back(&sink);
  if (newest_)
    sink.deliver(newest_);
  else if (fresh && sinks_.size() == 1)
    accept(fresh);
}

std::size_t EncodedStream::detach(FrameSink& sink) {
  base::MutexLock lock(mutex_);
  std::erase(sinks_, &sink);
  if (sinks_.empty()) {
    pending_.clear();
    newest_ = nullptr;
  }
  return sinks_.size();
}

EncodeCounters EncodedStream::counters() const {
  base::MutexLock lock(mutex_);
  return counters_;
}

std::size_t EncodedStream::sinks() const {
  base::MutexLock lock(mutex_);
  return sinks_.size();
}

void EncodedStream::forget_newest() {
  base::MutexLock lock(mutex_);
  newest_ = nullptr;
  has_expected_ = false;
}

}  // namespace lenswire::hub
