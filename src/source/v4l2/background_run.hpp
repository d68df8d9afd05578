// background_run.hpp - for tests: a source on a thread of its own, and a sink that remembers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <lenswire/source.hpp>

#include "base/stop_token.hpp"

namespace lenswire::source::v4l2 {

// Keeps what it is told; wait_for() is how a test follows a run on another thread.
class RecordingSink final : public SourceSink {
 public:
  void opened(const SourceDescription& description) override {
    add([&] { openings.push_back(description); });
  }
  void frame(FramePtr frame) override {
    if (on_frame) on_frame();
    add([&] { frames.push_back(std::move(frame)); });
  }
  void controls_changed(std::vector<Control> controls) override {
    add([&] { changes.push_back(std::move(controls)); });
  }
  void trouble(Error error) override {
    add([&] { troubles.push_back(std::move(error)); });
  }

  bool wait_for(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), condition);
  }

  [[nodiscard]] std::size_t frame_count() {
    const std::lock_guard lock(mutex_);
    return frames.size();
  }

  // While a run is in progress, look at these inside wait_for() only.
  std::function<void()> on_frame;
  std::vector<SourceDescription> openings;
  std::vector<FramePtr> frames;
  std::vector<std::vector<Control>> changes;
  std::vector<Error> troubles;

 private:
  void add(const std::function<void()>& what) {
    const std::lock_guard lock(mutex_);
    what();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
};

// A run on a thread of its own that ends with the test.
class BackgroundRun {
 public:
  BackgroundRun(Source& source, SourceSink& sink)
      : thread_([this, &source, &sink] { result_ = source.run(sink, stop_.token()); }) {}
  ~BackgroundRun() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  Result<void> finish() {
    stop_.request_stop();
    return wait();
  }
  Result<void> wait() {
    if (thread_.joinable()) thread_.join();
    return result_;
  }

 private:
  base::StopSource stop_;
  Result<void> result_;
  std::thread thread_;
};

}  // namespace lenswire::source::v4l2
