#include "source/source_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "source/guarded_call.hpp"
#include "source/seconds_text.hpp"
#include "source/source_runner_core.hpp"

namespace lenswire::source {

using base::MutexLock;

std::string_view to_string(SourceState state) noexcept {
  constexpr std::array<std::string_view, 7> kNames = {"idle",    "absent", "opening", "streaming",
                                                      "stalled", "failed", "stopping"};
  return kNames.at(static_cast<std::size_t>(state));
}

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
    retry_.probe_at(now);
  } else if (!wanted && was_wanted) {
    linger_end_ = now + settings_.linger;
    retry_.probe_at(now);
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
  std::uint64_t abandoned = 0;
  {
    MutexLock lock(mutex_);
    before = {source_, make_};
    abandoned = status_.abandoned;
  }
  auto installed = install({std::move(*made), std::move(make)}, patience);
  if (!installed) {
    {
      MutexLock lock(mutex_);
      if (status_.abandoned != abandoned) before.source.reset();  // it may still be inside run()
    }
    [[maybe_unused]] const auto restored = install(std::move(before), patience);
  }
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
      if (status_.failures != failures_before_ || !retry_.present())
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
