// backoff.hpp - how long to wait before the next try.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include <lenswire/time.hpp>

namespace lenswire::source {

/// Doubles from `first` to `max` and adds up to a quarter at random, so that many cameras on one
/// hub that came back together are not opened at the same instant.
///
/// Threading: thread-bound.
class Backoff {
 public:
  Backoff(Nanoseconds first, Nanoseconds max, std::uint32_t seed)
      : first_(first), max_(max), delay_(first), random_(seed) {}

  [[nodiscard]] Nanoseconds next() {
    const auto delay = delay_;
    delay_ = std::min(max_, delay_ * 2);
    std::uniform_int_distribution<std::int64_t> jitter(0, delay.count() / 4);
    return delay + Nanoseconds(jitter(random_));
  }
  void reset() noexcept { delay_ = first_; }

 private:
  const Nanoseconds first_;
  const Nanoseconds max_;
  Nanoseconds delay_;
  std::minstd_rand random_;
};

}  // namespace lenswire::source
