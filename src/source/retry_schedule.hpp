// retry_schedule.hpp - when to look for a device, when to open it again, and when to start afresh.
#pragma once

#include <cstdint>

#include "source/backoff.hpp"
#include "source/source_runner.hpp"

namespace lenswire::source {

/// Pure bookkeeping of attempts and failures: no clock, no thread of its own.
///
/// Threading: thread-bound.
class RetrySchedule {
 public:
  RetrySchedule(const RunnerSettings& settings, std::uint32_t seed)
      : probe_interval_(settings.probe_interval),
        rebuild_after_(settings.rebuild_after_failures),
        backoff_(settings.backoff_first, settings.backoff_max, seed) {}

  [[nodiscard]] MonotonicTime next_attempt() const noexcept { return next_attempt_; }
  [[nodiscard]] MonotonicTime next_probe() const noexcept { return next_probe_; }
  /// By the last probe; true before the first.
  [[nodiscard]] bool present() const noexcept { return present_; }

  void failed(MonotonicTime now);
  /// A device that came back is opened at once.
  void probed(bool found, MonotonicTime now);
  /// The run that ended had worked for a while: what failed before it counts no more.
  void worked() noexcept;
  void attempt_at(MonotonicTime when) noexcept { next_attempt_ = when; }
  void probe_at(MonotonicTime when) noexcept { next_probe_ = when; }
  void probe_later(MonotonicTime now) noexcept { next_probe_ = now + probe_interval_; }
  /// Another Source: nothing is known of it yet.
  void start_afresh(MonotonicTime now) noexcept;
  /// Whether so many failed in a row that the Source is to be made anew; then counts from zero.
  [[nodiscard]] bool take_rebuild() noexcept;

 private:
  const Nanoseconds probe_interval_;
  const int rebuild_after_;
  Backoff backoff_;
  bool present_ = true;
  MonotonicTime next_attempt_{};
  MonotonicTime next_probe_{};
  int failures_in_row_ = 0;
};

}  // namespace lenswire::source
