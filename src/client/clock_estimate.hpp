// clock_estimate.hpp - the server's clock seen from here.
#pragma once

#include <cstdint>
#include <optional>

#include <lenswire/client.hpp>

#include "wire/lwp/message.hpp"

namespace lenswire::client {

/// Sums that wrap instead of overflowing: a hostile server may say any time.
[[nodiscard]] constexpr std::int64_t wrapping_add(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
[[nodiscard]] constexpr std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

/// One exchange of times, the reply having arrived at `t3`; nothing where it makes no sense.
/// Source: RFC 5905, section 8.
[[nodiscard]] std::optional<ClockOffset> offset_from_exchange(
    const wire::lwp::TimeExtension& exchange, std::int64_t t3) noexcept;

/// Keeps the exchange that says most about the offset now: a short round trip, not too long ago.
///
/// Threading: reentrant.
class ClockEstimate {
 public:
  void reset() noexcept { known_ = false; }
  void add(const ClockOffset& sample, MonotonicTime now) noexcept;

  /// The estimate with its present uncertainty; all zero before the first sample.
  [[nodiscard]] ClockOffset at(MonotonicTime now) const noexcept;

  [[nodiscard]] MonotonicTime to_client(std::int64_t server_ns) const noexcept {
    return monotonic_from_ns(wrapping_sub(server_ns, best_.server_minus_client.count()));
  }

 private:
  bool known_ = false;
  ClockOffset best_;
  MonotonicTime taken_{};
};

}  // namespace lenswire::client
