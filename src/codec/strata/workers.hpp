// workers.hpp - a few threads that share the bands of one image.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lenswire::strata {

/// Runs a function for 0..count-1 on several threads. Starts its threads in the constructor and
/// joins them in the destructor; they wait for work only.
class Workers {
 public:
  /// `threads` counts the caller's. May throw std::system_error.
  explicit Workers(uint32_t threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] uint32_t threads() const noexcept {
    return static_cast<uint32_t>(threads_.size()) + 1;
  }

  /// Calls task(index, thread) for every index and returns when all are done. The calling thread is
  /// number 0 and takes its share.
  void run(uint32_t count, const std::function<void(uint32_t, uint32_t)>& task);

 private:
  void work(uint32_t thread);
  void take_all(std::unique_lock<std::mutex>& lock, uint32_t thread);

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  const std::function<void(uint32_t, uint32_t)>* task_ = nullptr;
  uint32_t count_ = 0;
  uint32_t next_ = 0;
  uint32_t busy_ = 0;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace lenswire::strata
