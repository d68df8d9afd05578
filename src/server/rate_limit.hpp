// rate_limit.hpp - a token bucket.
#pragma once

#include <algorithm>

#include <lenswire/time.hpp>

#include "base/mutex.hpp"

namespace lenswire::server {

/// Admits `per_second` events on average and one second's worth at once.
///
/// Threading: thread-safe.
class RateLimit {
 public:
  explicit RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst) {}
  explicit RateLimit(double per_second) : RateLimit(per_second, per_second) {}

  bool admit(MonotonicTime now) {
    base::MutexLock lock(mutex_);
    const auto elapsed = std::chrono::duration<double>(now - last_).count();
    tokens_ = std::min(burst_, tokens_ + elapsed * per_second_);
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  const double per_second_;
  const double burst_;
  base::Mutex mutex_;
  double tokens_ LENSWIRE_GUARDED_BY(mutex_) = burst_;
  MonotonicTime last_ LENSWIRE_GUARDED_BY(mutex_){};
};

}  // namespace lenswire::server
