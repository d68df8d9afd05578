#include "hub/delivery_queue.hpp"

#include <algorithm>

namespace lenswire::hub {

void DeliveryCounters::add(const MissedList& list) noexcept {
  for (const auto& record : list.records())
    missed[static_cast<std::size_t>(record.reason) - 1] += record.count;
}

bool DeliveryQueue::too_soon(const EncodedFrame& frame) noexcept {
  if (settings_.rate_hz <= 0) return false;
  constexpr double longest_ns = 3600e9;
  const auto period =
      Nanoseconds(static_cast<std::int64_t>(std::min(1e9 / settings_.rate_hz, longest_ns)));
  const auto when = frame.source->capture_time;
  // An eighth of a period of tolerance: 30 Hz of jittery 60 Hz must stay 30 Hz.
  if (when + period / 8 < next_due_ && next_due_ - when <= 2 * period) return true;
  next_due_ = std::max(next_due_ + period, when + period - period / 8);
  return false;
}

void DeliveryQueue::offer(const EncodedFramePtr& frame) {
  pending_.add(frame->preceding);
  if (too_soon(*frame)) {
    pending_.add(MissReason::RateLimit, frame->sequence(), 1);
    return;
  }
  const std::size_t capacity =
      settings_.policy == DeliveryPolicy::Every ? settings_.queue_frames : 1;
  if (waiting_.size() >= capacity) {
    // The oldest goes. What it stood between now lies before its successor.
    const auto reason = settings_.policy == DeliveryPolicy::Pull && granted_ == 0
                            ? MissReason::RateLimit
                            : MissReason::SlowClient;
    auto& oldest = waiting_.front();
    MissedList before = oldest.before;
    before.add(reason, oldest.frame->sequence(), 1);
    waiting_.erase(waiting_.begin());
    auto& successor = waiting_.empty() ? pending_ : waiting_.front().before;
    before.add(successor);
    successor = before;
  }
  waiting_.push_back({frame, pending_});
  pending_.clear();
}

void DeliveryQueue::grant(std::uint32_t frames) noexcept { granted_ += frames; }

EncodedFramePtr DeliveryQueue::take(MissedList& missed) {
  auto frame = std::move(waiting_.front().frame);
  missed = waiting_.front().before;
  waiting_.erase(waiting_.begin());
  if (settings_.policy == DeliveryPolicy::Pull) --granted_;
  ++counters_.delivered;
  counters_.add(missed);
  return frame;
}

}  // namespace lenswire::hub
