// stop_token.hpp - tells a blocking thread to stop, also while it polls a descriptor.
#pragma once

#include <atomic>
#include <memory>

#include <lenswire/time.hpp>

#include "base/unique_fd.hpp"

namespace lenswire::base {

/// The asking side of a stop request. The tokens it hands out stay valid after it is gone.
///
/// Threading: thread-safe.
class StopSource {
 public:
  StopSource();
  void request_stop() noexcept;
  [[nodiscard]] class StopToken token() const noexcept;

 private:
  friend class StopToken;
  struct State {
    std::atomic<bool> stopped{false};
    UniqueFd event;  // readable for ever once stopped
  };
  std::shared_ptr<State> state_;
};

/// The asked side: test it, wait on it, or add its descriptor to a poll set.
///
/// Threading: thread-safe.
class StopToken {
 public:
  [[nodiscard]] bool stop_requested() const noexcept { return state_->stopped.load(); }

  /// Readable once a stop was requested; owned by the token.
  [[nodiscard]] int poll_fd() const noexcept { return state_->event.get(); }

  /// Blocks until then or until a stop; true if stopped.
  bool wait_until(MonotonicTime deadline) const noexcept;
  bool wait_for(Nanoseconds duration) const noexcept;

 private:
  friend class StopSource;
  explicit StopToken(std::shared_ptr<StopSource::State> state) : state_(std::move(state)) {}
  std::shared_ptr<StopSource::State> state_;
};

}  // namespace lenswire::base
