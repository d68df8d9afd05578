// snapshot.hpp - one frame for one request.
#pragma once

#include <functional>

#include "server/loop_fanout.hpp"

namespace lenswire::server {

/// Joins a fan-out until its first frame has come.
///
/// Threading: thread-bound.
class Snapshot final : private FrameReceiver {
 public:
  using Done = std::function<void(const hub::EncodedFrame& frame)>;

  Snapshot(LoopFanout& fanout, Done done) : fanout_(fanout), done_(std::move(done)) {}
  ~Snapshot() override { fanout_.leave(*this); }

  /// Errors: those of LoopFanout::join().
  Result<void> begin() { return fanout_.join(*this); }

 private:
  void offer(const hub::EncodedFramePtr& frame, const MissedList&) override {
    if (auto done = std::exchange(done_, nullptr)) done(*frame);
  }
  [[nodiscard]] bool wants_every_frame() const noexcept override { return false; }

  LoopFanout& fanout_;
  Done done_;
};

}  // namespace lenswire::server
