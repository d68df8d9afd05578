#include "server/doors/ball/estimate_pairing.hpp"

#include <cmath>

namespace lenswire::server::ball {
namespace {

// Less than the ball moves in a frame, so that a client without error gets its own frame even after
// it left some out; more than what a good one is off, so that it gets no better one.
constexpr double kPassedOverPenaltyPx = 0.5;

}  // namespace

PointError error_between(const Estimate& a, const Estimate& b) noexcept {
  const double dx = std::abs(a.x_px - b.x_px);
  const double dy = std::abs(a.y_px - b.y_px);
  return {dx + dy, std::hypot(dx, dy)};
}

void EstimatePairing::drop(std::size_t count) noexcept {
  first_ = (first_ + count) % kPairingWindowFrames;
  size_ -= count;
}

void EstimatePairing::give_up_old(MonotonicTime now) noexcept {
  while (size_ > 0 && now - waiting_frame(0).at > kPairingWindow) {
    drop(1);
    ++unanswered_;
  }
}

void EstimatePairing::sent(std::uint64_t sequence, const Estimate& actual,
                           MonotonicTime now) noexcept {
  give_up_old(now);
  if (size_ == kPairingWindowFrames) {
    drop(1);
    ++unanswered_;
  }
  ring_[(first_ + size_) % kPairingWindowFrames] = {sequence, actual, now};
  ++size_;
  ++sent_total_;
}

std::optional<Pair> EstimatePairing::match(const Estimate& estimate, MonotonicTime now) noexcept {
  give_up_old(now);
  const bool in_reach = estimate.x_px >= -width_px_ && estimate.x_px <= 2 * width_px_ &&
                        estimate.y_px >= -height_px_ && estimate.y_px <= 2 * height_px_;
  if (size_ == 0 || !in_reach) {
    ++unmatched_;
    return std::nullopt;
  }
  std::size_t best = 0;
  std::optional<double> best_cost;
  for (std::size_t i = 0; i < size_; ++i) {
    const auto distance = error_between(waiting_frame(i).actual, estimate).l2;
    if (distance > plausible_px_) continue;
    const auto cost = distance + kPassedOverPenaltyPx * static_cast<double>(i);
    if (best_cost && cost >= *best_cost) continue;
    best = i;
    best_cost = cost;
  }
  const auto& frame = waiting_frame(best);
  Pair pair;
  pair.sequence = frame.sequence;
  pair.actual = frame.actual;
  pair.estimate = estimate;
  pair.error = error_between(frame.actual, estimate);
  pair.sent_to_estimate = now - frame.at;
  pair.passed_over = static_cast<std::uint32_t>(best);
  pair.plausible = best_cost.has_value();
  unanswered_ += best;
  drop(best + 1);
  return pair;
}

}  // namespace lenswire::server::ball
