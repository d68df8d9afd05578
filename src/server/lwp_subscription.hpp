// lwp_subscription.hpp - one stream that a native client watches: queue, windows, frame heads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.hpp"
#include "hub/delivery_queue.hpp"
#include "server/loop_fanout.hpp"
#include "wire/lwp/message.hpp"

namespace lenswire::server {

/// The session, as its subscriptions see it.
class SubscriptionOwner {
 public:
  virtual ~SubscriptionOwner() = default;
  /// There may be a frame to send.
  virtual void subscription_ready() = 0;
  /// No more frames will come. The subscription must outlive the call.
  virtual void subscription_ended(std::uint32_t id, const Error& reason) = 0;
};

/// What the client agreed to have unacknowledged.
struct FlowWindow {
  std::uint32_t frames = 2;  ///< 1..64
  std::uint64_t bytes = 0;   ///< 0 = no limit; one frame is always allowed
};
inline constexpr std::uint32_t kMaxWindowFrames = 64;

/// Threading: thread-bound.
class LwpSubscription final : private FrameReceiver {
 public:
  LwpSubscription(std::uint32_t id, LoopFanout& fanout, const hub::DeliverySettings& delivery,
                  const FlowWindow& window, SubscriptionOwner& owner);
  ~LwpSubscription() override;

  /// Errors: those of LoopFanout::join().
  Result<void> begin() { return fanout_.join(*this); }

  [[nodiscard]] std::uint32_t id() const noexcept { return id_; }
  [[nodiscard]] const hub::Wish& wish() const noexcept { return fanout_.wish(); }

  /// Whether a frame waits and the windows have room for it.
  [[nodiscard]] bool ready() const noexcept;

  /// Whether a frame waits for nothing but the client's acknowledgement.
  [[nodiscard]] bool window_full() const noexcept { return queue_.ready() && !ready(); }

  /// Whether the next frame has another profile than those before; profile() is it from then on.
  /// The client must hear of it before the frame. Only when ready().
  bool announce_profile();

  /// Takes the next frame and writes its message head.
  hub::EncodedFramePtr take(std::vector<std::byte>& head, const base::Clock& clock,
                            MissedList& missed);

  /// Errors: InvalidArgument for more frames than were sent.
  Result<void> acknowledge(std::uint64_t frames_received);
  void grant(std::uint32_t frames) noexcept { queue_.grant(frames); }

  [[nodiscard]] const std::shared_ptr<const hub::DeliveredProfile>& profile() const noexcept {
    return profile_;
  }

 private:
  void offer(const hub::EncodedFramePtr& frame, const MissedList& lost) override;
  void ended(const Error& reason) override { owner_.subscription_ended(id_, reason); }
  [[nodiscard]] bool wants_every_frame() const noexcept override;

  const std::uint32_t id_;
  LoopFanout& fanout_;
  hub::DeliveryQueue queue_;
  const FlowWindow window_;
  SubscriptionOwner& owner_;
  std::uint64_t sent_frames_ = 0;
  std::uint64_t acknowledged_frames_ = 0;
  std::uint64_t unacknowledged_bytes_ = 0;
  std::array<std::uint32_t, kMaxWindowFrames> sizes_{};  // of unacknowledged frames, a ring
  std::shared_ptr<const hub::DeliveredProfile> profile_;
};

}  // namespace lenswire::server
