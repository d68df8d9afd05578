// mutex.hpp - std::mutex with the annotations that let clang check what each lock guards.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define LENSWIRE_TS(x) __attribute__((x))
#else
#define LENSWIRE_TS(x)
#endif
#define LENSWIRE_GUARDED_BY(m) LENSWIRE_TS(guarded_by(m))
#define LENSWIRE_REQUIRES(m) LENSWIRE_TS(requires_capability(m))
#define LENSWIRE_EXCLUDES(m) LENSWIRE_TS(locks_excluded(m))

namespace lenswire::base {

class LENSWIRE_TS(capability("mutex")) Mutex {
 public:
  void lock() LENSWIRE_TS(acquire_capability()) { mutex_.lock(); }
  void unlock() LENSWIRE_TS(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope; a ConditionVariable can wait on it.
class LENSWIRE_TS(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) LENSWIRE_TS(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() LENSWIRE_TS(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits on a Mutex that the caller holds. Callers loop on their condition.
class ConditionVariable {
 public:
  void wait(Mutex& mutex) LENSWIRE_REQUIRES(mutex) { condition_.wait(mutex); }
  template <typename Clock, typename Duration>
  std::cv_status wait_until(Mutex& mutex, std::chrono::time_point<Clock, Duration> deadline)
      LENSWIRE_REQUIRES(mutex) {
    return condition_.wait_until(mutex, deadline);
  }
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace lenswire::base
