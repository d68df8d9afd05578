// estimate_pairing.hpp - which frame an estimate belongs to, and how far it is off.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <lenswire/time.hpp>

#include "wire/ball/estimate.hpp"

namespace lenswire::server::ball {

using wire::ball::Estimate;

/// Frames that wait for their estimate; beyond that the oldest is given up.
inline constexpr std::size_t kPairingWindowFrames = 64;
/// How long they wait: at low rates, or on slow links, a client that is frames behind has long to
/// go.
inline constexpr auto kPairingWindow = std::chrono::seconds(60);

/// Both norms of a distance, in px.
struct PointError {
  double l1 = 0;
  double l2 = 0;
};
[[nodiscard]] PointError error_between(const Estimate& a, const Estimate& b) noexcept;

/// An estimate with its frame.
struct Pair {
  std::uint64_t sequence = 0;
  Estimate actual;
  Estimate estimate;
  PointError error;
  Nanoseconds sent_to_estimate{};
  /// Frames before this one that got no estimate.
  std::uint32_t passed_over = 0;
  /// Whether any waiting frame was near; if not, it is the earliest one's.
  bool plausible = true;
};

/// Nothing in the ball protocol says which frame an estimate is for: clients answer late, leave
/// frames out, but keep the order. Of the frames that wait, the one is taken that is nearest, with
/// half a pixel added for each frame passed over; where none is within `plausible_px`, the
/// earliest.
///
/// Allocates nothing. Threading: reentrant.
class EstimatePairing {
 public:
  /// Estimates further than `plausible_px` from each waiting frame are somewhere else altogether;
  /// those beyond the picture by more than its size are refused.
  EstimatePairing(double width_px, double height_px, double plausible_px) noexcept
      : width_px_(width_px), height_px_(height_px), plausible_px_(plausible_px) {}

  void sent(std::uint64_t sequence, const Estimate& actual, MonotonicTime now) noexcept;

  /// Nothing where no frame waits, or the estimate is refused.
  std::optional<Pair> match(const Estimate& estimate, MonotonicTime now) noexcept;

  [[nodiscard]] std::size_t waiting() const noexcept { return size_; }
  /// Frames that were ever sent with their truth.
  [[nodiscard]] std::uint64_t sent_total() const noexcept { return sent_total_; }
  /// Frames that were given up, or passed over.
  [[nodiscard]] std::uint64_t unanswered() const noexcept { return unanswered_; }
  /// Estimates without a frame, or refused.
  [[nodiscard]] std::uint64_t unmatched() const noexcept { return unmatched_; }

 private:
  struct Sent {
    std::uint64_t sequence = 0;
    Estimate actual;
    MonotonicTime at{};
  };

  [[nodiscard]] const Sent& waiting_frame(std::size_t index) const noexcept {
    return ring_[(first_ + index) % kPairingWindowFrames];
  }
  void drop(std::size_t count) noexcept;
  void give_up_old(MonotonicTime now) noexcept;

  const double width_px_;
  const double height_px_;
  const double plausible_px_;
  std::array<Sent, kPairingWindowFrames> ring_{};
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint64_t sent_total_ = 0;
  std::uint64_t unanswered_ = 0;
  std::uint64_t unmatched_ = 0;
};

}  // namespace lenswire::server::ball
