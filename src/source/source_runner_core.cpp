// The deciding thread of a runner.
#include "source/source_runner_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "base/thread.hpp"
#include "source/guarded_call.hpp"
#include "source/seconds_text.hpp"

namespace lenswire::source {

using base::MutexLock;

namespace {

bool is_absence(ErrorCode code) noexcept {
  return code == ErrorCode::NotFound || code == ErrorCode::Disconnected;
}

}  // namespace

SourceRunner::Core::Core(std::string name, Make make, RunnerListener& listener,
                         RunnerSettings settings, const base::Clock& clock)
    : name_(std::move(name)),
      settings_(settings),
      clock_(clock),
      listener_(&listener),
      retry_(settings, static_cast<std::uint32_t>(std::hash<std::string>{}(name_) ^
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
  const auto probe = retry_.next_probe();
  const auto attempt = retry_.next_attempt();
  if (now >= probe) return {Step::Kind::Probe, {}};
  if (!wanted_ || !retry_.present()) return {Step::Kind::Wait, probe};
  if (now >= attempt) return {Step::Kind::Begin, {}};
  return {Step::Kind::Wait, std::min(attempt, probe)};
}

SourceRunner::Core::Step SourceRunner::Core::watch_run(MonotonicTime now) {
  if (run_->done) return {Step::Kind::Finish, {}};
  if (run_->ending != Ending::None) {
    if (now >= run_->abandon_at) return {Step::Kind::Abandon, {}};
    return {Step::Kind::Wait, run_->abandon_at};
  }
  if (!wanted_ && now >= linger_end_) {
    set_state(SourceState::Stopping, {});
    end_run(Ending::NoDemand, now);
    return {Step::Kind::Wait, run_->abandon_at};
  }
  auto verdict = run_->watch.verdict(now);
  if (!verdict.stalled.empty()) set_state(SourceState::Stalled, std::move(verdict.stalled));
  if (verdict.end) {
    end_run(Ending::Silent, now);
    return {Step::Kind::Wait, run_->abandon_at};
  }
  auto until = verdict.next;
  if (!wanted_) until = until ? std::min(*until, linger_end_) : linger_end_;
  return {Step::Kind::Wait, until};
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
  retry_.probed(found.has_value(), clock_.now());
  if (!found) {
    set_state(is_absence(found.error().code) ? SourceState::Absent : SourceState::Failed,
              std::move(found.error().message));
    changed_.notify_all();  // somebody may wait in install()
    return;
  }
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
  if (run->watch.worked()) retry_.worked();
  retry_.attempt_at(now);
  if (run->ending == Ending::NoDemand) {
    set_state(SourceState::Idle, {});
    retry_.probe_later(now);
  } else if (run->ending == Ending::Replaced) {
    set_state(SourceState::Opening, {});
  } else if (run->ending == Ending::Silent) {
    failed(Error{ErrorCode::Timeout, status_.reason}, now);
  } else if (run->result) {
    failed(Error{ErrorCode::Busy, "the source ended without being asked to"}, now);
  } else if (run->result.error().code == ErrorCode::Closed) {
    played_out_ = true;
    set_state(SourceState::Idle, std::move(run->result.error().message));
    retry_.probe_later(now);
  } else {
    failed(std::move(run->result.error()), now);
  }
  if (retry_.take_rebuild()) {
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
    // What reconfigure() would go back to is still inside run().
    if (replacement_ && replacement_->source == run->source) replacement_->source.reset();
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
  retry_.failed(now);
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
    played_out_ = false;
    retry_.start_afresh(clock_.now());
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

}  // namespace lenswire::source
