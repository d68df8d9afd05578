// clock.hpp - time as a dependency, so that tests can be the clock.
#pragma once

#include <atomic>

#include <lenswire/time.hpp>

namespace lenswire::base {

/// Threading: thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual MonotonicTime now() const noexcept = 0;
  [[nodiscard]] virtual UtcTime now_utc() const noexcept = 0;

  /// Wall time of a monotonic moment, by the present difference of the two clocks.
  [[nodiscard]] UtcTime to_utc(MonotonicTime t) const noexcept {
    return now_utc() + std::chrono::duration_cast<UtcTime::duration>(t - now());
  }
};

/// The machine's clocks.
[[nodiscard]] const Clock& system_clock() noexcept;

/// A clock that moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(MonotonicTime start = monotonic_from_ns(1'000'000'000),
                       UtcTime utc = utc_from_ns(1'700'000'000'000'000'000))
      : now_ns_(to_ns(start)), utc_ns_(to_ns(utc)) {}

  [[nodiscard]] MonotonicTime now() const noexcept override {
    return monotonic_from_ns(now_ns_.load());
  }
  [[nodiscard]] UtcTime now_utc() const noexcept override { return utc_from_ns(utc_ns_.load()); }

  void advance(Nanoseconds step) noexcept {
    now_ns_ += step.count();
    utc_ns_ += step.count();
  }
  void step_utc(Nanoseconds step) noexcept { utc_ns_ += step.count(); }

 private:
  std::atomic<std::int64_t> now_ns_;
  std::atomic<std::int64_t> utc_ns_;
};

}  // namespace lenswire::base
