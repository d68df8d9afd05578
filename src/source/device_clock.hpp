// device_clock.hpp - from a camera's own clock to the host's.
#pragma once

#include <cstdint>
#include <optional>

#include <lenswire/time.hpp>

namespace lenswire::source {

/// Learns how a device's clock stands to the host's monotonic one: the frame that took the shortest
/// way tells the difference best. Looks back at least 5 s and at most 10 s, so that a clock that
/// runs at a slightly different pace is followed. A device clock that jumps is learned anew.
///
/// Threading: reentrant.
class DeviceClock {
 public:
  /// The host's time of `device`, seen at `arrival`: never later than that.
  MonotonicTime map(Nanoseconds device, MonotonicTime arrival) noexcept {
    const auto offset = Nanoseconds(to_ns(arrival)) - device;
    if (last_ && (device < *last_ || device - *last_ > kJump)) current_ = before_ = std::nullopt;
    last_ = device;
    if (!current_ || device - began_ >= kBucket) {
      before_ = current_;
      current_ = offset;
      began_ = device;
    }
    if (offset < *current_) current_ = offset;
    const auto best = before_ && *before_ < *current_ ? *before_ : *current_;
    return MonotonicTime(device + best);
  }

 private:
  static constexpr Nanoseconds kBucket = std::chrono::seconds(5);
  static constexpr Nanoseconds kJump = std::chrono::seconds(30);
  std::optional<Nanoseconds> last_;
  std::optional<Nanoseconds> current_;
  std::optional<Nanoseconds> before_;
  Nanoseconds began_{};
};

}  // namespace lenswire::source
