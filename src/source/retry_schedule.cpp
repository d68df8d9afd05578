#include "source/retry_schedule.hpp"

#include <algorithm>
#include <utility>

namespace lenswire::source {

void RetrySchedule::failed(MonotonicTime now) {
  ++failures_in_row_;
  const auto delay = backoff_.next();
  next_attempt_ = now + delay;
  // A device that is gone is looked for often; it is opened as soon as it is there again.
  next_probe_ = now + std::min(delay, probe_interval_);
}

void RetrySchedule::probed(bool found, MonotonicTime now) {
  probe_later(now);
  const bool was_present = std::exchange(present_, found);
  if (found && !was_present) next_attempt_ = now;
}

void RetrySchedule::worked() noexcept {
  failures_in_row_ = 0;
  backoff_.reset();
}

void RetrySchedule::start_afresh(MonotonicTime now) noexcept {
  worked();
  present_ = true;
  next_attempt_ = next_probe_ = now;
}

bool RetrySchedule::take_rebuild() noexcept {
  if (failures_in_row_ < rebuild_after_) return false;
  failures_in_row_ = 0;
  return true;
}

}  // namespace lenswire::source
