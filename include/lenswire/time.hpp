// time.hpp - the clocks that frames are stamped with.
#pragma once

#include <chrono>
#include <cstdint>

namespace lenswire {

/// CLOCK_MONOTONIC of the host: all logic and every media timestamp.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// Wall time; only ever a mapping of monotonic time, never used for logic.
using UtcTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

using Nanoseconds = std::chrono::nanoseconds;

/// Where a capture time was taken before it was mapped to the host's monotonic clock.
enum class TimestampDomain : std::uint8_t {
  HostMonotonic = 0,  ///< stamped by the host (kernel or program) when the frame arrived
  Device = 1,         ///< stamped by the device and mapped, or by the kernel at start of exposure
  Utc = 2,            ///< stamped in UTC (PTP, GPS) and mapped
};

[[nodiscard]] inline std::int64_t to_ns(MonotonicTime t) noexcept {
  return t.time_since_epoch().count();
}
[[nodiscard]] inline std::int64_t to_ns(UtcTime t) noexcept { return t.time_since_epoch().count(); }
[[nodiscard]] inline MonotonicTime monotonic_from_ns(std::int64_t ns) noexcept {
  return MonotonicTime(Nanoseconds(ns));
}
[[nodiscard]] inline UtcTime utc_from_ns(std::int64_t ns) noexcept {
  return UtcTime(Nanoseconds(ns));
}

}  // namespace lenswire
