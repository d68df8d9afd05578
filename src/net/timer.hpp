// timer.hpp - one call later.
#pragma once

#include <functional>
#include <memory>

#include <lenswire/time.hpp>

#include "net/io_thread.hpp"

namespace lenswire::net {

/// Calls `run` once, some time after each set(). For waits shorter than the tick of a session.
///
/// Threading: thread-bound to the IoThread, and destroyed there or after stop().
class Timer {
 public:
  Timer(IoThread& thread, std::function<void()> run);
  ~Timer();

  /// Begins anew, whether or not it was set. `run` may set it again, or destroy it.
  void set(Nanoseconds delay);
  void cancel() noexcept;
  [[nodiscard]] bool is_set() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lenswire::net
