// subscription.hpp - a subscriber in this process that waits for its frames.
#pragma once

#include <optional>

#include <lenswire/result.hpp>

#include "base/mutex.hpp"
#include "hub/delivery_queue.hpp"

namespace lenswire::hub {

/// A bounded queue between the hub and one consumer thread. The hub offers and never waits.
///
/// Threading: next() and grant() from one consumer thread; close() and counters() thread-safe.
class Subscription final : public FrameSink {
 public:
  explicit Subscription(const DeliverySettings& settings) : queue_(settings) {}

  struct Delivery {
    EncodedFramePtr frame;
    MissedList missed;
  };

  /// Blocks for the next frame.
  /// Errors: Timeout; Closed after close().
  Result<Delivery> next(Nanoseconds timeout);

  void grant(std::uint32_t frames);
  void close();
  [[nodiscard]] DeliveryCounters counters() const;

  void deliver(const EncodedFramePtr& frame) override;
  [[nodiscard]] bool wants_every_frame() const noexcept override { return every_; }

 private:
  mutable base::Mutex mutex_;
  base::ConditionVariable changed_;
  DeliveryQueue queue_ LENSWIRE_GUARDED_BY(mutex_);
  bool closed_ LENSWIRE_GUARDED_BY(mutex_) = false;
  const bool every_ = queue_.settings().policy == DeliveryPolicy::Every;
};

}  // namespace lenswire::hub
