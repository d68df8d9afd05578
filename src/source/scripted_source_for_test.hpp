// scripted_source_for_test.hpp - a source that does what a test says, and a listener to wait on.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "source/source_runner.hpp"

namespace lenswire::source {

/// How long a test waits for what must happen; only a failing test waits so long.
inline constexpr auto kPatience = std::chrono::seconds(60);

/// Waits until a condition holds, looking whenever it is notified, and now and then besides.
class Waiter {
 public:
  void notify() {
    base::MutexLock lock(mutex_);
    ++notices_;
    changed_.notify_all();
  }
  /// The condition may take any lock: none is held while it is asked.
  template <typename Condition>
  [[nodiscard]] bool wait(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      std::uint64_t seen = 0;
      {
        base::MutexLock lock(mutex_);
        seen = notices_;
      }
      if (condition()) return true;
      const auto now = std::chrono::steady_clock::now();
      if (now >= deadline) return false;
      base::MutexLock lock(mutex_);
      if (notices_ == seen) changed_.wait_until(mutex_, now + std::chrono::milliseconds(5));
    }
  }

 private:
  base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::uint64_t notices_ LENSWIRE_GUARDED_BY(mutex_) = 0;
};

/// What the scripted sources of one test share; outlives even abandoned runs.
struct Script {
  using Run = std::function<Result<void>(SourceSink&, const base::StopToken&)>;

  Run run;
  std::function<Result<void>()> probe = [] { return Result<void>{}; };
  std::atomic<int> made{0};
  std::atomic<int> alive{0};
  std::atomic<int> runs{0};
  std::atomic<int> probes{0};
};

class ScriptedSource final : public Source {
 public:
  explicit ScriptedSource(std::shared_ptr<Script> script) : script_(std::move(script)) {
    ++script_->made;
    ++script_->alive;
  }
  ~ScriptedSource() override { --script_->alive; }

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    ++script_->runs;
    return script_->run(sink, stop);
  }
  Result<void> probe() override {
    ++script_->probes;
    return script_->probe();
  }

 private:
  std::shared_ptr<Script> script_;
};

class RecordingListener final : public RunnerListener {
 public:
  void source_opened(const SourceDescription&) override {
    ++opened;
    waiter.notify();
  }
  void source_frame(FramePtr) override {
    ++frames;
    if (on_frame) on_frame();
    waiter.notify();
  }
  void source_controls_changed(const std::vector<Control>&) override { waiter.notify(); }
  void source_state_changed(const SourceStatus& status) override {
    ++changes;
    last_state = status.state;
    waiter.notify();
  }

  Waiter waiter;
  std::atomic<int> opened{0};
  std::atomic<int> frames{0};
  std::atomic<int> changes{0};
  std::atomic<SourceState> last_state{SourceState::Idle};
  std::function<void()> on_frame;
};

inline StreamProfilePtr test_profile(std::string stream, double rate_hz) {
  auto profile = std::make_shared<StreamProfile>();
  profile->stream = std::move(stream);
  profile->rate_hz = rate_hz;
  profile->width = profile->height = 1;
  return profile;
}

inline FramePtr test_frame(const StreamProfilePtr& profile, std::uint64_t sequence) {
  auto frame = std::make_shared<Frame>();
  frame->profile = profile;
  frame->sequence = sequence;
  return frame;
}

inline SourceDescription describe(std::vector<StreamProfilePtr> streams) {
  SourceDescription description;
  description.model = "scripted";
  description.streams = std::move(streams);
  return description;
}

/// A run that gives one frame and then sits still until it is stopped.
inline Script::Run one_frame_then_wait() {
  return [](SourceSink& sink, const base::StopToken& stop) -> Result<void> {
    const auto profile = test_profile("color", 30);
    sink.opened(describe({profile}));
    sink.frame(test_frame(profile, 0));
    while (!stop.wait_for(std::chrono::hours(1))) {
    }
    return {};
  };
}

inline Script::Run failing_with(ErrorCode code, std::string message) {
  return [=](SourceSink&, const base::StopToken&) -> Result<void> { return fail(code, message); };
}

/// A runner over scripted sources. Times that a test waits for are short, and those that must not
/// pass are long.
class ScriptedRunner {
 public:
  explicit ScriptedRunner(Script::Run run, const base::Clock& clock = base::system_clock())
      : clock_(clock) {
    script->run = std::move(run);
    settings.backoff_first = std::chrono::microseconds(200);
    settings.backoff_max = std::chrono::milliseconds(2);
    settings.linger = Nanoseconds::zero();
    settings.probe_interval = std::chrono::milliseconds(1);
    settings.stall_minimum = settings.open_timeout = std::chrono::hours(1);
    settings.abandon_after = settings.stop_patience = kPatience;
  }

  /// Calls start() as well.
  SourceRunner& runner() {
    if (!runner_) {
      runner_ = std::make_unique<SourceRunner>(
          "test",
          [script = script]() -> Result<std::unique_ptr<Source>> {
            return std::make_unique<ScriptedSource>(script);
          },
          listener, settings, clock_);
      runner_->start();
    }
    return *runner_;
  }

  [[nodiscard]] bool reaches(SourceState state) {
    return listener.waiter.wait([&] { return runner().status().state == state; });
  }
  template <typename Condition>
  [[nodiscard]] bool wait(Condition condition) {
    return listener.waiter.wait(std::move(condition));
  }

  std::shared_ptr<Script> script = std::make_shared<Script>();
  RunnerSettings settings;
  RecordingListener listener;

 private:
  const base::Clock& clock_;
  std::unique_ptr<SourceRunner> runner_;
};

/// What a run that ignores its stop request waits for.
class Latch {
 public:
  void open() {
    is_open_ = true;
    waiter_.notify();
  }
  void wait() {
    EXPECT_TRUE(waiter_.wait([this] { return is_open_.load(); }));
  }

 private:
  Waiter waiter_;
  std::atomic<bool> is_open_{false};
};

}  // namespace lenswire::source
