#include "client/clock_estimate.hpp"

namespace lenswire::client {
namespace {

// Two ordinary quartz clocks part at most so fast: 50 us a second.
constexpr std::int64_t kDriftPartsPerMillion = 50;
constexpr std::int64_t kLongestRoundTripNs = 60'000'000'000;

}  // namespace

std::optional<ClockOffset> offset_from_exchange(const wire::lwp::TimeExtension& exchange,
                                                std::int64_t t3) noexcept {
  const auto there = wrapping_sub(exchange.t1, exchange.t0);
  const auto back = wrapping_sub(exchange.t2, t3);
  const auto at_server = wrapping_sub(exchange.t2, exchange.t1);
  const auto round_trip = wrapping_sub(wrapping_sub(t3, exchange.t0), at_server);
  if (at_server < 0 || round_trip < 0 || round_trip > kLongestRoundTripNs) return std::nullopt;
  ClockOffset out;
  out.server_minus_client = Nanoseconds(there / 2 + back / 2 + (there % 2 + back % 2) / 2);
  out.round_trip = Nanoseconds(round_trip);
  out.uncertainty = Nanoseconds(round_trip / 2);
  return out;
}

void ClockEstimate::add(const ClockOffset& sample, MonotonicTime now) noexcept {
  if (known_ && sample.uncertainty > at(now).uncertainty) return;
  known_ = true;
  best_ = sample;
  taken_ = now;
}

ClockOffset ClockEstimate::at(MonotonicTime now) const noexcept {
  auto out = best_;
  if (known_) out.uncertainty += (now - taken_) / (1'000'000 / kDriftPartsPerMillion);
  return out;
}

}  // namespace lenswire::client
