// frame_pacer.hpp - when the next frame of a source without a sensor is due.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "base/stop_token.hpp"

namespace lenswire::source {

/// Deadlines `start + n * period`: being late once delays no later frame. Whoever is late by whole
/// periods skips those ticks, as a camera does whose buffers are full.
///
/// Threading: thread-bound.
class FramePacer {
 public:
  /// `first` is the number of the first tick, due at once.
  FramePacer(const base::Clock& clock, double rate_hz, std::uint64_t first = 0);

  struct Tick {
    std::uint64_t number = 0;
    MonotonicTime due{};
  };

  /// Waits for the next tick; nothing after a stop.
  std::optional<Tick> next(const base::StopToken& stop);

  [[nodiscard]] Nanoseconds period() const noexcept { return period_; }

 private:
  const base::Clock& clock_;
  const Nanoseconds period_;
  const std::uint64_t first_;
  const MonotonicTime start_;
  std::uint64_t next_ = 0;  // counted from first_
};

}  // namespace lenswire::source
