#include "hub/subscription.hpp"

namespace lenswire::hub {

Result<Subscription::Delivery> Subscription::next(Nanoseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  base::MutexLock lock(mutex_);
  while (!queue_.ready()) {
    if (closed_) return fail(ErrorCode::Closed, "the subscription is closed");
    if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout && !queue_.ready())
      return fail(ErrorCode::Timeout, "no frame came in time");
  }
  Delivery delivery;
  delivery.frame = queue_.take(delivery.missed);
  return delivery;
}

void Subscription::grant(std::uint32_t frames) {
  base::MutexLock lock(mutex_);
  queue_.grant(frames);
  changed_.notify_one();
}

void Subscription::close() {
  base::MutexLock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

DeliveryCounters Subscription::counters() const {
  base::MutexLock lock(mutex_);
  return queue_.counters();
}

void Subscription::deliver(const EncodedFramePtr& frame) {
  base::MutexLock lock(mutex_);
  queue_.offer(frame);
  changed_.notify_one();
}

}  // namespace lenswire::hub
