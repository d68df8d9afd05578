// delivery_queue.hpp - one subscriber's frames: which come, which are left out, and why.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <lenswire/missed.hpp>
#include <lenswire/time.hpp>

#include "hub/encoded_frame.hpp"

namespace lenswire::hub {

enum class DeliveryPolicy : std::uint8_t {
  Latest,  // the newest frame whenever there is room
  Every,   // all frames, through a bounded queue that loses its oldest when full
  Pull,    // the newest frame, once per request
};

struct DeliverySettings {
  DeliveryPolicy policy = DeliveryPolicy::Latest;
  std::size_t queue_frames = 8;  ///< Every: 1..64
  double rate_hz = 0;            ///< 0 = all
};
inline constexpr std::size_t kMaxQueueFrames = 64;

/// How many frames a subscriber got and did not get.
struct DeliveryCounters {
  std::uint64_t delivered = 0;
  std::array<std::uint64_t, kMissReasonCount> missed{};  ///< by MissReason - 1

  void add(const MissedList& list) noexcept;
};

/// Whoever owns it offers frames and takes them; nothing here blocks.
///
/// Threading: thread-bound to its owner, or guarded by its owner's lock.
class DeliveryQueue {
 public:
  explicit DeliveryQueue(const DeliverySettings& settings) : settings_(settings) {}

  void offer(const EncodedFramePtr& frame);

  /// Accounts for frames that never came this far.
  void note_missed(const MissedList& missed) noexcept { pending_.add(missed); }

  /// Pull: allows `frames` more.
  void grant(std::uint32_t frames) noexcept;

  [[nodiscard]] bool ready() const noexcept {
    return !waiting_.empty() && (settings_.policy != DeliveryPolicy::Pull || granted_ > 0);
  }

  /// The next frame; `missed` becomes what lies between the one taken before and this one. Only
  /// when ready().
  EncodedFramePtr take(MissedList& missed);

  /// What take() would give. Only when ready().
  [[nodiscard]] const EncodedFrame& front() const noexcept { return *waiting_.front().frame; }

  /// Whether nothing is waiting, granted or not.
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }
  [[nodiscard]] const DeliveryCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const DeliverySettings& settings() const noexcept { return settings_; }

 private:
  struct Waiting {
    EncodedFramePtr frame;
    MissedList before;
  };

  [[nodiscard]] bool too_soon(const EncodedFrame& frame) noexcept;

  DeliverySettings settings_;
  // At most queue_frames long; with Latest and Pull, one. A vector so that an idle one costs
  // nothing.
  std::vector<Waiting> waiting_;
  MissedList pending_;  // missed since the last frame in waiting_
  MonotonicTime next_due_{};
  std::uint64_t granted_ = 0;
  DeliveryCounters counters_;
};

}  // namespace lenswire::hub
