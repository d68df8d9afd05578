#include "base/task_thread.hpp"

#include <deque>
#include <thread>

#include "base/mutex.hpp"
#include "base/thread.hpp"

namespace lenswire::base {

class TaskThread::Core : public std::enable_shared_from_this<TaskThread::Core> {
 public:
  Core(std::string name, std::size_t max_waiting)
      : name_(std::move(name)), max_waiting_(max_waiting) {}

  bool submit(std::function<void()> task) {
    MutexLock lock(mutex_);
    if (stopping_ || tasks_.size() >= max_waiting_) return false;
    tasks_.push_back(std::move(task));
    if (!started_) {
      started_ = true;
      std::thread([self = shared_from_this()] { self->run(); }).detach();
    }
    changed_.notify_all();
    return true;
  }

  bool stop(Nanoseconds grace) {
    const auto deadline = std::chrono::steady_clock::now() + grace;
    MutexLock lock(mutex_);
    stopping_ = true;
    tasks_.clear();
    changed_.notify_all();
    // Whom one call has given up, the next (the destructor's) does not wait for again.
    while (started_ && !ended_ && !abandoned_)
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) abandoned_ = !ended_;
    return !started_ || ended_;
  }

 private:
  void run() {
    set_thread_name(name_);
    while (auto task = next()) task();
    MutexLock lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  std::function<void()> next() {
    MutexLock lock(mutex_);
    while (tasks_.empty() && !stopping_) changed_.wait(mutex_);
    if (stopping_) return nullptr;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  const std::string name_;
  const std::size_t max_waiting_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::function<void()>> tasks_ LENSWIRE_GUARDED_BY(mutex_);
  bool started_ LENSWIRE_GUARDED_BY(mutex_) = false;
  bool stopping_ LENSWIRE_GUARDED_BY(mutex_) = false;
  bool ended_ LENSWIRE_GUARDED_BY(mutex_) = false;
  bool abandoned_ LENSWIRE_GUARDED_BY(mutex_) = false;
};

TaskThread::TaskThread(std::string name, std::size_t max_waiting)
    : core_(std::make_shared<Core>(std::move(name), max_waiting)) {}
TaskThread::~TaskThread() { stop(); }
bool TaskThread::submit(std::function<void()> task) { return core_->submit(std::move(task)); }
bool TaskThread::stop(Nanoseconds grace) { return core_->stop(grace); }

}  // namespace lenswire::base
