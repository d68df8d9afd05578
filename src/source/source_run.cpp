// One run of a source as its sink: called by the source, on the run's thread.
#include "base/thread.hpp"
#include "source/guarded_call.hpp"
#include "source/source_runner_core.hpp"

namespace lenswire::source {

void SourceRunner::Core::Run::opened(const SourceDescription& description) {
  base::MutexLock gate(core->gate_);
  if (muted || !core->listener_) return;
  {
    base::MutexLock lock(core->mutex_);
    if (watch.opened(description.streams, core->clock_.now())) ++core->status_.opens;
    core->changed_.notify_all();
  }
  core->listener_->source_opened(description);
  base::MutexLock lock(core->mutex_);
  is_announced = true;
  core->changed_.notify_all();
}

void SourceRunner::Core::Run::frame(FramePtr frame) {
  base::MutexLock gate(core->gate_);
  if (muted || !core->listener_) return;
  bool recovered = false;
  {
    base::MutexLock lock(core->mutex_);
    const auto now = core->clock_.now();
    auto& status = core->status_;
    ++status.frames;
    status.source_gaps += watch.frame(*frame, now);
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
  base::MutexLock gate(core->gate_);
  if (muted || !core->listener_) return;
  core->listener_->source_controls_changed(controls);
}

void SourceRunner::Core::Run::trouble(Error error) {
  base::MutexLock gate(core->gate_);
  if (muted || !core->listener_) return;
  base::MutexLock lock(core->mutex_);
  ++core->status_.troubles;
  core->status_.last_trouble = std::move(error.message);
}

void SourceRunner::Core::Run::body() {
  base::set_thread_name("cam " + core->name_);
  auto outcome = guarded([this] { return source->run(*this, stop.token()); });
  base::MutexLock lock(core->mutex_);
  result = std::move(outcome);
  done = true;
  if (left_behind) --core->stuck_;
  core->changed_.notify_all();
}

}  // namespace lenswire::source
