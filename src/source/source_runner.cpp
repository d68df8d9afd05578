#include "source/source_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "base/thread.hpp"
#include "source/backoff.hpp"
#include "source/stream_watch.hpp"

namespace lenswire::source {
namespace {

using base::MutexLock;

bool is_absence(ErrorCode code) noexcept {
  return code == ErrorCode::NotFound || code == ErrorCode::Disconnected;
}

std::string seconds_text(Nanoseconds duration) {
  return fmt::format("{:.3g} s", std::chrono::duration<double>(duration).count());
}

/// Calls what a Source implements; an exception that escapes it becomes an error.
template <typename Call>
auto guarded(Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& error) {
    return fail(ErrorCode::Busy, fmt::format("the source threw an exception: {}", error.what()));
  } catch (...) {
    return fail(ErrorCode::Busy, "the source threw an unknown exception");
  }
}

}  // namespace

std::string_view to_string(SourceState state) noexcept {
  constexpr std::array<std::string_view, 7> kNames = {"idle",    "absent", "opening", "streaming",
                                                      "stalled", "failed", "stopping"};
  return kNames.at(static_cast<std::size_t>(state));
}

/// Everything that threads of the runner touch; whoever is abandoned keeps it alive.
///
/// Two locks: `gate_` is held while the listener is called and is taken before `mutex_`, which
/// guards the rest and is never held during a foreign call.
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
        : core(std::move(c)),
          source(std::move(s)),
          began(now),
          watch(core->settings_.stall_minimum, core->settings_.stall_frame_times) {}

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
    const MonotonicTime began;
    StreamWatch watch;
    bool is_open = false;
    bool is_announced = false;  // the listener knows
    std::optional<MonotonicTime> first_frame;
    MonotonicTime last_frame{};
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
  bool present_ LENSWIRE_GUARDED_BY(mutex_) = true;  // by the last probe
  MonotonicTime linger_end_ LENSWIRE_GUARDED_BY(mutex_){};
  MonotonicTime next_attempt_ LENSWIRE_GUARDED_BY(mutex_){};
  MonotonicTime next_probe_ LENSWIRE_GUARDED_BY(mutex_){};
  int failures_in_row_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  int stuck_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  Backoff backoff_ LENSWIRE_GUARDED_BY(mutex_);
  Make make_ LENSWIRE_GUARDED_BY(mutex_);
  std::shared_ptr<Source> source_ LENSWIRE_GUARDED_BY(mutex_);
  std::optional<Replacement> replacement_ LENSWIRE_GUARDED_BY(mutex_);
  std::uint64_t failures_before_ LENSWIRE_GUARDED_BY(mutex_) = 0;  // the present source came
  std::shared_ptr<Run> run_ LENSWIRE_GUARDED_BY(mutex_);

  base::Mutex reconfigure_mutex_;  // one at a time; before the others
  base::Mutex stop_mutex_;         // one stop() at a time; before the other two
  std::thread decider_ LENSWIRE_GUARDED_BY(stop_mutex_);
};

// --- the sink: called by the source, on the run's thread ---

void SourceRunner::Core::Run::opened(const SourceDescription& description) {
  MutexLock gate(core->gate_);
  if (muted || !core->listener_) return;
  {
    MutexLock lock(core->mutex_);
    if (!std::exchange(is_open, true)) ++core->status_.opens;
    watch.opened(description.streams, core->clock_.now());
    core->changed_.notify_all();
  }
  core->listener_->source_opened(description);
  MutexLock lock(core->mutex_);
  is_announced = true;
  core->changed_.notify_all();
}

void SourceRunner::Core::Run::frame(FramePtr frame) {
  MutexLock gate(core->gate_);
  if (muted || !core->listener_) return;
  bool recovered = false;
  {
    MutexLock lock(core->mutex_);
    const auto now = core->clock_.now();
    auto& status = core->status_;
    ++status.frames;
    status.source_gaps += watch.frame(*frame, now);
    last_frame = now;
    if (!first_frame) first_frame = now;
    if (ending == Ending::None && status.state != SourceState::Streaming && watch.all_flow(now)) {
      core->set_state(SourceState::Streaming, {});
      recovered = true;
    }
  }
  core->listener_->source_frame(std::move(frame));
  // The deciding thread tells of the new state; it needs the gate, so not before we are out.
  if (recovered) core->changed_.notify_all();
}

void SourceRunner::Core::Run::controls_changed(std::vector<Control> controls) {
  MutexLock gate(core->gate_);
  if (muted || !core->listener_) return;
  core->listener_->source_controls_changed(controls);
}

void SourceRunner::Core::Run::trouble(Error error) {
  MutexLock gate(core->gate_);
  if (muted || !core->listener_) return;
  MutexLock lock(core->mutex_);
  ++core->status_.troubles;
  core->status_.last_trouble = std::move(error.message);
}

void SourceRunner::Core::Run::body() {
  base::set_thread_name("cam " + core->name_);
  auto outcome = guarded([this] { return source->run(*this, stop.token()); });
  MutexLock lock(core->mutex_);
  result = std::move(outcome);
  done = true;
  if (left_behind) --core->stuck_;
  core->changed_.notify_all();
}

// --- the deciding thread ---

SourceRunner::Core::Core(std::string name, Make make, RunnerListener& listener,
                         RunnerSettings settings, const base::Clock& clock)
    : name_(std::move(name)),
      settings_(settings),
      clock_(clock),
      listener_(&listener),
      backoff_(settings.backoff_first, settings.backoff_max,
               static_cast<std::uint32_t>(std::hash<std::string>{}(name_) ^
                                          static_cast<std::size_t>(to_ns(clock.now())))),
      make_(std::move(make)) {
  status_.since = clock.now();
}

void SourceRunner::Core::decide() {
  base::set_thread_name("mind " + name_);
  for (;;) {
    Step step;
    bool untold = false;
    {
      MutexLock lock(mutex_);
      if (stopping_) break;
      step = next_step();
      untold = untold_;
      if (!untold && step.kind == Step::Kind::Wait) {
        wait(step);
        continue;
      }
    }
    if (untold) tell_state();
    switch (step.kind) {
      case Step::Kind::Wait:
        break;
      case Step::Kind::Probe:
        probe();
        break;
      case Step::Kind::Begin:
        begin();
        break;
      case Step::Kind::Finish:
        finish();
        break;
      case Step::Kind::Abandon:
        abandon();
        break;
      case Step::Kind::Replace:
        replace();
        break;
    }
  }
  std::shared_ptr<Run> orphan;
  MutexLock lock(mutex_);
  if (orphaned_) {
    --stuck_;
    orphan = std::move(run_);
    if (orphan) orphan->thread.detach();
  }
  decided_ = true;
  changed_.notify_all();
}

SourceRunner::Core::Step SourceRunner::Core::next_step() {
  const auto now = clock_.now();
  if (replacement_) {
    if (!run_) return {Step::Kind::Replace, {}};
    if (run_->ending == Ending::None) end_run(Ending::Replaced, now);
  }
  if (run_) return watch_run(now);
  if (wanted_ && played_out_) return {};
  if (wanted_ && stuck_ >= settings_.max_abandoned) {
    set_state(SourceState::Failed,
              fmt::format("{} calls into the source never returned; restart the server, and look "
                          "at the device and its driver",
                          stuck_));
    return {};
  }
  if (now >= next_probe_) return {Step::Kind::Probe, {}};
  if (!wanted_ || !present_) return {Step::Kind::Wait, next_probe_};
  if (now >= next_attempt_) return {Step::Kind::Begin, {}};
  return {Step::Kind::Wait, std::min(next_attempt_, next_probe_)};
}

SourceRunner::Core::Step SourceRunner::Core::watch_run(MonotonicTime now) {
  if (run_->done) return {Step::Kind::Finish, {}};
  if (run_->ending == Ending::None) {
    std::optional<MonotonicTime> until;
    const auto no_later_than = [&](MonotonicTime t) { until = until ? std::min(*until, t) : t; };
    if (!wanted_) {
      if (now >= linger_end_) {
        set_state(SourceState::Stopping, {});
        end_run(Ending::NoDemand, now);
        return {Step::Kind::Wait, run_->abandon_at};
      }
      no_later_than(linger_end_);
    }
    if (!run_->is_open) {
      const auto limit = run_->began + settings_.open_timeout;
      if (now >= limit) {
        set_state(SourceState::Stalled, fmt::format("opening takes longer than {}",
                                                    seconds_text(settings_.open_timeout)));
        end_run(Ending::Silent, now);
        return {Step::Kind::Wait, run_->abandon_at};
      }
      no_later_than(limit);
    } else {
      if (const auto silence = run_->watch.silence(now)) {
        set_state(SourceState::Stalled, fmt::format("stream '{}' gave no frame for {}",
                                                    silence->stream, seconds_text(silence->limit)));
        const auto limit = silence->since + settings_.restart_stalled_after;
        if (silence->all && now >= limit) {
          end_run(Ending::Silent, now);
          return {Step::Kind::Wait, run_->abandon_at};
        }
        if (silence->all) no_later_than(limit);
      }
      if (const auto next = run_->watch.next_deadline(now)) no_later_than(*next);
    }
    return {Step::Kind::Wait, until};
  }
  if (now >= run_->abandon_at) return {Step::Kind::Abandon, {}};
  return {Step::Kind::Wait, run_->abandon_at};
}

void SourceRunner::Core::end_run(Ending why, MonotonicTime now) {
  run_->ending = why;
  run_->abandon_at = now + settings_.abandon_after;
  run_->stop.request_stop();
}

void SourceRunner::Core::wait(const Step& step) {
  if (!step.until) {
    changed_.wait(mutex_);
    return;
  }
  changed_.wait_until(mutex_, std::chrono::steady_clock::now() + (*step.until - clock_.now()));
}

Result<std::shared_ptr<Source>> SourceRunner::Core::ensure_source() {
  Make make;
  {
    MutexLock lock(mutex_);
    if (source_) return source_;
    make = make_;
  }
  auto made = guarded([&] { return make(); });
  if (!made) return fail(std::move(made.error()));
  std::shared_ptr<Source> shared = std::move(*made);
  MutexLock lock(mutex_);
  source_ = shared;
  return shared;
}

void SourceRunner::Core::probe() {
  auto source = ensure_source();
  auto found = source ? guarded([&] { return (*source)->probe(); })
                      : Result<void>(fail(std::move(source.error())));
  MutexLock lock(mutex_);
  const auto now = clock_.now();
  next_probe_ = now + settings_.probe_interval;
  const bool was_present = std::exchange(present_, found.has_value());
  if (!found) {
    set_state(is_absence(found.error().code) ? SourceState::Absent : SourceState::Failed,
              std::move(found.error().message));
    return;
  }
  if (!was_present) next_attempt_ = now;
  if (!wanted_) set_state(SourceState::Idle, played_out_ ? status_.reason : std::string{});
}

void SourceRunner::Core::begin() {
  auto source = ensure_source();
  std::optional<Error> problem;
  if (!source) {
    problem = std::move(source.error());
  } else {
    // Too many open files or threads is no reason to end; it may be better at the next try.
    try {
      auto run = std::make_shared<Run>(shared_from_this(), std::move(*source), clock_.now());
      {
        MutexLock lock(mutex_);
        if (stopping_) return;
        run_ = run;
        set_state(SourceState::Opening,
                  status_.state == SourceState::Idle ? std::string{} : status_.reason);
      }
      run->thread = std::thread([run] { run->body(); });
      return;
    } catch (const std::exception& error) {
      problem = Error{ErrorCode::Busy, fmt::format("cannot start the source: {}", error.what())};
    }
  }
  MutexLock lock(mutex_);
  if (run_ && run_->left_behind) --stuck_;
  run_.reset();
  failed(std::move(*problem), clock_.now());
}

void SourceRunner::Core::finish() {
  std::shared_ptr<Run> run;
  {
    MutexLock lock(mutex_);
    run = run_;
  }
  run->thread.join();
  std::shared_ptr<Source> retired;  // destroyed without the lock
  MutexLock lock(mutex_);
  run_.reset();
  const auto now = clock_.now();
  if (run->first_frame && run->last_frame - *run->first_frame >= settings_.backoff_max) {
    failures_in_row_ = 0;
    backoff_.reset();
  }
  next_attempt_ = now;
  if (run->ending == Ending::NoDemand) {
    set_state(SourceState::Idle, {});
    next_probe_ = now + settings_.probe_interval;
  } else if (run->ending == Ending::Replaced) {
    set_state(SourceState::Opening, {});
  } else if (run->ending == Ending::Silent) {
    failed(Error{ErrorCode::Timeout, status_.reason}, now);
  } else if (run->result) {
    failed(Error{ErrorCode::Busy, "the source ended without being asked to"}, now);
  } else if (run->result.error().code == ErrorCode::Closed) {
    played_out_ = true;
    set_state(SourceState::Idle, std::move(run->result.error().message));
    next_probe_ = now + settings_.probe_interval;
  } else {
    failed(std::move(run->result.error()), now);
  }
  if (failures_in_row_ >= settings_.rebuild_after_failures) {
    failures_in_row_ = 0;
    retired = std::move(source_);
    source_.reset();
  }
}

void SourceRunner::Core::abandon() {
  std::shared_ptr<Run> run;
  {
    MutexLock gate(gate_);
    MutexLock lock(mutex_);
    if (run_->done) return;  // at the last moment
    run = std::move(run_);
    run_.reset();
    run->muted = true;
    leave_behind(*run);
    source_.reset();  // the run has it
    failed(Error{ErrorCode::Timeout, fmt::format("the source did not stop within {}; abandoned",
                                                 seconds_text(settings_.abandon_after))},
           clock_.now());
  }
  run->thread.detach();
}

void SourceRunner::Core::leave_behind(Run& run) {
  if (std::exchange(run.left_behind, true)) return;
  ++stuck_;
  ++status_.abandoned;
}

void SourceRunner::Core::failed(Error error, MonotonicTime now) {
  ++status_.failures;
  ++failures_in_row_;
  const auto delay = backoff_.next();
  next_attempt_ = now + delay;
  // A device that is gone is looked for often; it is opened as soon as it is there again.
  next_probe_ = now + std::min(delay, settings_.probe_interval);
  set_state(is_absence(error.code) ? SourceState::Absent : SourceState::Failed,
            std::move(error.message));
  changed_.notify_all();  // somebody may wait in install()
}

void SourceRunner::Core::replace() {
  Replacement next;
  {
    MutexLock lock(mutex_);
    next = std::move(*replacement_);
    replacement_.reset();
    std::swap(source_, next.source);  // the old one is destroyed without the lock
    make_ = std::move(next.make);
    failures_before_ = status_.failures;
    failures_in_row_ = 0;
    backoff_.reset();
    played_out_ = false;
    present_ = true;
    next_attempt_ = next_probe_ = clock_.now();
    changed_.notify_all();
  }
}

void SourceRunner::Core::set_state(SourceState state, std::string reason) {
  if (status_.state == state && status_.reason == reason) return;
  if (status_.state != state) status_.since = clock_.now();
  status_.state = state;
  status_.reason = std::move(reason);
  untold_ = true;
}

void SourceRunner::Core::tell_state() {
  MutexLock gate(gate_);
  if (!listener_) return;
  SourceStatus snapshot;
  {
    MutexLock lock(mutex_);
    untold_ = false;
    snapshot = status_;
  }
  listener_->source_state_changed(snapshot);
}

// --- the owner's side ---

void SourceRunner::Core::start() {
  // A failure shows in the first probe, which tries again.
  if (const auto made = ensure_source(); !made) {
    MutexLock lock(mutex_);
    set_state(SourceState::Failed, made.error().message);
  }
  MutexLock stop_lock(stop_mutex_);
  auto self = shared_from_this();
  decider_ = std::thread([self] { self->decide(); });
}

void SourceRunner::Core::stop() {
  MutexLock stop_lock(stop_mutex_);
  if (decider_.joinable()) {
    const auto deadline = std::chrono::steady_clock::now() +
                          std::min(settings_.abandon_after, settings_.stop_patience);
    bool decided = false;
    std::shared_ptr<Run> run;
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      set_state(SourceState::Stopping, {});
      if (run_) run_->stop.request_stop();
      changed_.notify_all();
      const auto quiet = [this]() LENSWIRE_REQUIRES(mutex_) {
        return decided_ && (!run_ || run_->done);
      };
      while (!quiet())
        if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) break;
      if (run_ && !run_->done) leave_behind(*run_);
      decided = decided_;
      if (decided) {
        run = std::move(run_);
      } else {  // it is inside probe(), make() or a destructor of the source, or gets no time
        orphaned_ = true;
        ++stuck_;
      }
    }
    if (decided)
      decider_.join();
    else
      decider_.detach();
    if (run && run->thread.joinable()) {
      bool done = false;
      {
        MutexLock lock(mutex_);
        done = run->done;
      }
      if (done)
        run->thread.join();
      else
        run->thread.detach();
    }
  }
  MutexLock gate(gate_);
  listener_ = nullptr;
  MutexLock lock(mutex_);
  set_state(SourceState::Idle, {});
}

void SourceRunner::Core::set_demand(bool wanted) {
  MutexLock lock(mutex_);
  const bool was_wanted = std::exchange(wanted_, wanted);
  const auto now = clock_.now();
  if (wanted && !was_wanted) {
    played_out_ = false;
    next_probe_ = now;
  } else if (!wanted && was_wanted) {
    linger_end_ = now + settings_.linger;
    next_probe_ = now;
  }
  changed_.notify_all();
}

SourceStatus SourceRunner::Core::status() const {
  MutexLock lock(mutex_);
  return status_;
}

Result<void> SourceRunner::Core::reconfigure(Make make, Nanoseconds patience) {
  auto made = guarded([&] { return make(); });
  if (!made) return fail(std::move(made.error()));
  MutexLock order(reconfigure_mutex_);
  Replacement before;
  {
    MutexLock lock(mutex_);
    before = {source_, make_};
  }
  auto installed = install({std::move(*made), std::move(make)}, patience);
  if (!installed) [[maybe_unused]]
    const auto restored = install(std::move(before), patience);
  return installed;
}

Result<void> SourceRunner::Core::install(Replacement next, Nanoseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  MutexLock lock(mutex_);
  replacement_ = std::move(next);
  changed_.notify_all();
  while (true) {
    if (stopping_ || decided_) return fail(ErrorCode::Closed, "the camera is being stopped");
    if (!replacement_) {
      if (run_ && run_->ending == Ending::None && run_->is_announced) return {};
      if (status_.failures != failures_before_ || !present_)
        return fail(ErrorCode::Unsupported, status_.reason);
      if (!run_ && !wanted_) return {};
    }
    if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout)
      return fail(ErrorCode::Timeout,
                  fmt::format("the source did not open within {}", seconds_text(patience)));
  }
}

bool SourceRunner::Core::abandoned() const {
  MutexLock lock(mutex_);
  return stuck_ > 0;
}

std::shared_ptr<Source> SourceRunner::Core::source() const {
  MutexLock lock(mutex_);
  return source_;
}

SourceRunner::SourceRunner(std::string name, Make make, RunnerListener& listener,
                           RunnerSettings settings, const base::Clock& clock)
    : core_(std::make_shared<Core>(std::move(name), std::move(make), listener, settings, clock)) {}

SourceRunner::~SourceRunner() { stop(); }

void SourceRunner::start() { core_->start(); }
void SourceRunner::stop() { core_->stop(); }
void SourceRunner::set_demand(bool wanted) { core_->set_demand(wanted); }
SourceStatus SourceRunner::status() const { return core_->status(); }
bool SourceRunner::abandoned() const { return core_->abandoned(); }

Result<void> SourceRunner::reconfigure(Make make, Nanoseconds patience) {
  return core_->reconfigure(std::move(make), patience);
}

std::vector<PictureSize> SourceRunner::sizes() {
  const auto source = core_->source();
  if (!source) return {};
  auto sizes = guarded([&]() -> Result<std::vector<PictureSize>> { return source->sizes(); });
  return sizes ? std::move(*sizes) : std::vector<PictureSize>{};
}

Result<std::vector<Control>> SourceRunner::controls() {
  const auto source = core_->source();
  if (!source) return fail(ErrorCode::Disconnected, "the camera is not there: " + status().reason);
  return guarded([&] { return source->controls(); });
}

Result<std::vector<Control>> SourceRunner::set_controls(const ControlSettings& settings) {
  const auto source = core_->source();
  if (!source) return fail(ErrorCode::Disconnected, "the camera is not there: " + status().reason);
  return guarded([&] { return source->set_controls(settings); });
}

}  // namespace lenswire::source
