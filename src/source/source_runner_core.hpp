// source_runner_core.hpp - what the threads of a SourceRunner share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "source/retry_schedule.hpp"
#include "source/run_watch.hpp"
#include "source/source_runner.hpp"

namespace lenswire::source {

/// Everything that threads of the runner touch; whoever is abandoned keeps it alive.
///
/// Two locks: `gate_` is held while the listener is called and is taken before `mutex_`, which
/// guards the rest and is never held during a foreign call.
///
/// The deciding thread is in source_runner_core.cpp, the sink in source_run.cpp, and what the owner
/// calls in source_runner.cpp.
class SourceRunner::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(std::string name, Make make, RunnerListener& listener, RunnerSettings settings,
       const base::Clock& clock);

  void start();
  void stop();
  void set_demand(bool wanted);
  SourceStatus status() const;
  bool abandoned() const;
  std::shared_ptr<Source> source() const;
  Result<void> reconfigure(Make make, Nanoseconds patience);

 private:
  enum class Ending : std::uint8_t { None, NoDemand, Silent, Replaced };

  /// One call of Source::run() and the sink it writes to. Members without a lock of their own are
  /// guarded by the core's `mutex_`.
  struct Run final : SourceSink, std::enable_shared_from_this<Run> {
    Run(std::shared_ptr<Core> c, std::shared_ptr<Source> s, MonotonicTime now)
        : core(std::move(c)), source(std::move(s)), watch(core->settings_, now) {}

    void opened(const SourceDescription& description) override;
    void frame(FramePtr frame) override;
    void controls_changed(std::vector<Control> controls) override;
    void trouble(Error error) override;
    void body();

    const std::shared_ptr<Core> core;
    const std::shared_ptr<Source> source;
    base::StopSource stop;
    std::thread thread;  // of the deciding thread, or of stop()
    bool muted = false;  // guarded by the core's gate_: abandoned, nobody hears it any more
    RunWatch watch;
    bool is_announced = false;  // the listener knows
    Ending ending = Ending::None;
    MonotonicTime abandon_at{};
    bool done = false;
    bool left_behind = false;
    Result<void> result;
  };

  struct Step {
    enum class Kind : std::uint8_t {
      Wait,
      Probe,
      Begin,
      Finish,
      Abandon,
      Replace
    } kind = Kind::Wait;
    std::optional<MonotonicTime> until;  // of Wait; nothing = for ever
  };

  struct Replacement {
    std::shared_ptr<Source> source;  // null: to be made
    Make make;
  };

  void decide();
  void replace();
  Result<void> install(Replacement next, Nanoseconds patience);
  Step next_step() LENSWIRE_REQUIRES(mutex_);
  Step watch_run(MonotonicTime now) LENSWIRE_REQUIRES(mutex_);
  void end_run(Ending why, MonotonicTime now) LENSWIRE_REQUIRES(mutex_);
  void wait(const Step& step) LENSWIRE_REQUIRES(mutex_);
  void probe();
  void begin();
  void finish();
  void abandon();
  Result<std::shared_ptr<Source>> ensure_source();
  void failed(Error error, MonotonicTime now) LENSWIRE_REQUIRES(mutex_);
  void leave_behind(Run& run) LENSWIRE_REQUIRES(mutex_);
  void set_state(SourceState state, std::string reason) LENSWIRE_REQUIRES(mutex_);
  void tell_state();

  const std::string name_;
  const RunnerSettings settings_;
  const base::Clock& clock_;

  base::Mutex gate_;
  RunnerListener* listener_ LENSWIRE_GUARDED_BY(gate_);

  mutable base::Mutex mutex_;
  base::ConditionVariable changed_;
  SourceStatus status_ LENSWIRE_GUARDED_BY(mutex_);
  bool untold_ LENSWIRE_GUARDED_BY(mutex_) = false;
  bool wanted_ LENSWIRE_GUARDED_BY(mutex_) = false;
  bool stopping_ LENSWIRE_GUARDED_BY(mutex_) = false;
  bool decided_ LENSWIRE_GUARDED_BY(mutex_) = false;   // the deciding thread is through
  bool orphaned_ LENSWIRE_GUARDED_BY(mutex_) = false;  // stop() did not wait for it
  bool played_out_ LENSWIRE_GUARDED_BY(mutex_) = false;
  MonotonicTime linger_end_ LENSWIRE_GUARDED_BY(mutex_){};
  int stuck_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  RetrySchedule retry_ LENSWIRE_GUARDED_BY(mutex_);
  Make make_ LENSWIRE_GUARDED_BY(mutex_);
  std::shared_ptr<Source> source_ LENSWIRE_GUARDED_BY(mutex_);
  std::optional<Replacement> replacement_ LENSWIRE_GUARDED_BY(mutex_);
  std::uint64_t failures_before_ LENSWIRE_GUARDED_BY(mutex_) = 0;  // the present source came
  std::shared_ptr<Run> run_ LENSWIRE_GUARDED_BY(mutex_);

  base::Mutex reconfigure_mutex_;  // one at a time; before the others
  base::Mutex stop_mutex_;         // one stop() at a time; before the other two
  std::thread decider_ LENSWIRE_GUARDED_BY(stop_mutex_);
};

}  // namespace lenswire::source
