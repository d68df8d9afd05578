// task_thread.hpp - a thread that does slow things in turn, so that an event loop need not.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <lenswire/time.hpp>

namespace lenswire::base {

/// Runs tasks one after the other. The thread starts with the first task.
///
/// A task that does not end within the grace time of stop() is abandoned with its thread: it must
/// own, or share, all that it uses.
/// Threading: thread-safe.
class TaskThread {
 public:
  TaskThread(std::string name, std::size_t max_waiting);
  ~TaskThread();  // stop()

  /// False when the queue is full or stop() was called; the task is not run then.
  bool submit(std::function<void()> task);

  /// Drops what waits, gives the running task `grace` to end. False when it was abandoned.
  bool stop(Nanoseconds grace = std::chrono::seconds(1));

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace lenswire::base
