#include "hub/stream_hub.hpp"

#include <algorithm>

namespace lenswire::hub {

StreamHub::StreamHub(StreamProfilePtr profile, EncoderPool& encoders,
                     std::function<void()> demand_changed)
    : encoders_(encoders),
      demand_changed_(std::move(demand_changed)),
      profile_(std::move(profile)) {}

StreamHub::Attachment& StreamHub::Attachment::operator=(Attachment&& other) noexcept {
  if (this != &other) {
    reset();
    hub_ = std::exchange(other.hub_, nullptr);
    stream_ = std::move(other.stream_);
    sink_ = std::exchange(other.sink_, nullptr);
  }
  return *this;
}

void StreamHub::Attachment::reset() noexcept {
  if (auto* hub = std::exchange(hub_, nullptr)) {
    hub->detach(*stream_, *sink_);
    stream_.reset();
  }
}

Result<StreamHub::Attachment> StreamHub::attach(const Wish& wish, FrameSink& sink) {
  Attachment attachment;
  FramePtr fresh;
  bool first = false;
  {
    base::MutexLock lock(mutex_);
    if (auto possible = delivered_profile(*profile_, wish); !possible)
      return fail(std::move(possible).error());
    const auto found = std::find_if(streams_.begin(), streams_.end(),
                                    [&](const auto& s) { return s->wish() == wish; });
    if (found != streams_.end())
      attachment.stream_ = *found;
    else
      attachment.stream_ = streams_.emplace_back(std::make_shared<EncodedStream>(wish, encoders_));
    fresh = newest_;
    first = attachments_++ == 0;
    // Inside the lock, so that a detach of the last sink cannot retire the stream meanwhile.
    attachment.stream_->attach(sink, fresh);
  }
  attachment.hub_ = this;
  attachment.sink_ = &sink;
  if (first) demand_changed_();
  return attachment;
}

void StreamHub::detach(EncodedStream& stream, FrameSink& sink) {
  bool last = false;
  {
    base::MutexLock lock(mutex_);
    if (stream.detach(sink) == 0) {
      retired_ += stream.counters();
      std::erase_if(streams_, [&](const auto& s) { return s.get() == &stream; });
    }
    last = --attachments_ == 0;
  }
  if (last) demand_changed_();
}

void StreamHub::publish(FramePtr frame) {
  frames_.fetch_add(1, std::memory_order_relaxed);
  sequence_.store(frame->sequence, std::memory_order_relaxed);
  const auto now = to_ns(frame->capture_time);
  const auto before = last_capture_ns_.exchange(now, std::memory_order_relaxed);
  if (before > 0 && now > before) {
    const auto period = period_ns_.load(std::memory_order_relaxed);
    period_ns_.store(period == 0 ? now - before : (period * 7 + (now - before)) / 8,
                     std::memory_order_relaxed);
  }
  {
    base::MutexLock lock(mutex_);
    newest_ = frame;
    publishing_ = streams_;
  }
  for (const auto& stream : publishing_) stream->publish(frame);
  publishing_.clear();
}

void StreamHub::set_profile(StreamProfilePtr profile) {
  base::MutexLock lock(mutex_);
  profile_ = std::move(profile);
  // Nobody who comes now was promised a picture of the old kind.
  if (!newest_ || newest_->profile == profile_) return;
  newest_ = nullptr;
  for (const auto& stream : streams_) stream->forget_newest();
}

void StreamHub::end(const Error& reason) {
  base::MutexLock lock(mutex_);
  newest_ = nullptr;
  for (const auto& stream : streams_) stream->end(reason);
}

void StreamHub::forget_newest() {
  base::MutexLock lock(mutex_);
  newest_ = nullptr;
  period_ns_ = 0;
  last_capture_ns_ = 0;
  for (const auto& stream : streams_) stream->forget_newest();
}

bool StreamHub::wanted() const {
  base::MutexLock lock(mutex_);
  return attachments_ > 0;
}

bool StreamHub::has_frame() const {
  base::MutexLock lock(mutex_);
  return newest_ != nullptr;
}

StreamProfilePtr StreamHub::profile() const {
  base::MutexLock lock(mutex_);
  return profile_;
}

StreamCounters StreamHub::counters() const {
  StreamCounters counters;
  counters.frames = frames_.load(std::memory_order_relaxed);
  counters.sequence = sequence_.load(std::memory_order_relaxed);
  const auto period = period_ns_.load(std::memory_order_relaxed);
  counters.measured_hz = period > 0 ? 1e9 / static_cast<double>(period) : 0;
  base::MutexLock lock(mutex_);
  counters += retired_;
  for (const auto& stream : streams_) {
    counters += stream->counters();
    counters.sinks += stream->sinks();
  }
  return counters;
}

}  // namespace lenswire::hub
