// ping_guard.hpp - whom a ping may make us call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include <lenswire/time.hpp>

#include "net/interfaces.hpp"

namespace lenswire::server::ethersense {

/// A datagram's source address is easily forged, and every call is a connection that we begin. So
/// only neighbours are called, each seldom, and all of them together not often.
///
/// Threading: thread-bound.
class PingGuard {
 public:
  static constexpr double kCallsPerSource = 1;  ///< a second, and
  static constexpr double kBurstPerSource = 5;  ///< at once
  static constexpr double kCallsInAll = 50;
  static constexpr double kBurstInAll = 100;

  enum class Verdict : std::uint8_t { Call, NoPing, Stranger, TooOften };

  explicit PingGuard(bool allow_public) : allow_public_(allow_public) {}

  [[nodiscard]] Verdict judge(std::span<const std::byte> datagram, net::Ipv4 source,
                              MonotonicTime now);

  /// Sources that are remembered.
  [[nodiscard]] std::size_t size() const noexcept { return sources_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    MonotonicTime filled{};
    bool take(double per_second, double burst, MonotonicTime now) noexcept;
  };
  void forget_rested(MonotonicTime now);

  const bool allow_public_;
  Bucket all_{kBurstInAll, {}};
  std::map<net::Ipv4, Bucket> sources_;
  MonotonicTime cleaned_{};
};

/// For logs: "stranger".
[[nodiscard]] std::string_view to_string(PingGuard::Verdict verdict) noexcept;

}  // namespace lenswire::server::ethersense
