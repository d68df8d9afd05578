#include "workers.hpp"

#include <pthread.h>

#include <algorithm>

namespace lenswire::strata {

Workers::Workers(uint32_t threads) {
  for (uint32_t i = 1; i < std::min(threads, 64U); ++i) {
    threads_.emplace_back([this, i] { work(i); });
    pthread_setname_np(threads_.back().native_handle(), "strata");
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::run(uint32_t count, const std::function<void(uint32_t, uint32_t)>& task) {
  if (threads_.empty() || count < 2) {
    for (uint32_t i = 0; i < count; ++i) task(i, 0);
    return;
  }
  std::unique_lock lock(mutex_);
  task_ = &task;
  count_ = count;
  next_ = 0;
  work_.notify_all();
  take_all(lock, 0);
  done_.wait(lock, [this] { return busy_ == 0; });
  task_ = nullptr;
}

void Workers::take_all(std::unique_lock<std::mutex>& lock, uint32_t thread) {
  while (task_ != nullptr && next_ < count_) {
    const uint32_t index = next_++;
    const auto& task = *task_;
    ++busy_;
    lock.unlock();
    task(index, thread);
    lock.lock();
    if (--busy_ == 0) done_.notify_all();
  }
}

void Workers::work(uint32_t thread) {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    take_all(lock, thread);
    if (!stop_) work_.wait(lock, [this] { return stop_ || (task_ != nullptr && next_ < count_); });
  }
}

}  // namespace lenswire::strata
