// io_thread.hpp - one thread that runs the sockets given to it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <lenswire/time.hpp>

namespace lenswire::net {

/// An event loop on a thread of its own. It may block on nothing but its events.
///
/// Threading: post(), signal() and stop() thread-safe; all else thread-bound to the loop.
class IoThread {
 public:
  explicit IoThread(std::string name);
  ~IoThread();  // stop()

  /// Begins to run. What was posted before runs first.
  void start();
  /// Ends the loop after the callback that is running now, and joins.
  void stop();

  /// Runs `task` on the loop. Allocates: not for the per-frame path, which has Wakeup.
  void post(std::function<void()> task);

  [[nodiscard]] bool is_current() const noexcept;

  /// Calls `tick` on the loop every `period` until stop().
  void every(Nanoseconds period, std::function<void()> tick);

  /// Calls `task` on the loop once, `delay` from now, unless it stops before.
  void after(Nanoseconds delay, std::function<void()> task);

  /// How often the thread was woken for Wakeups: one wake-up serves all that are pending.
  [[nodiscard]] std::uint64_t wakeups() const noexcept;

  /// A callback that other threads ask for, without allocating and however often they ask before
  /// it runs. Registered for life: the IoThread must outlive it, and it must be destroyed on the
  /// loop or after stop().
  class Wakeup {
   public:
    Wakeup(IoThread& thread, std::function<void()> run);
    ~Wakeup();
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;

    /// Thread-safe, never blocks.
    void signal() noexcept;

   private:
    friend class IoThread;
    IoThread& thread_;
    std::function<void()> run_;
    bool pending_ = false;  // guarded by the thread's mailbox mutex
  };

  class Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lenswire::net
