// loop_fanout.hpp - one encoded stream for all sessions of one I/O thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "hub/encoded_frame.hpp"
#include "hub/stream_hub.hpp"
#include "net/io_thread.hpp"

namespace lenswire::server {

/// Frames that may wait for a busy I/O thread; then the oldest is lost (server_busy).
inline constexpr std::size_t kFanoutQueueFrames = 16;

/// Gets every frame of the fan-out, in order, on the I/O thread.
class FrameReceiver {
 public:
  virtual ~FrameReceiver() = default;
  /// `lost` lies before the frame and never came this far. May leave the fan-out.
  virtual void offer(const hub::EncodedFramePtr& frame, const MissedList& lost) = 0;
  /// The stream's profile changed so that this wish gets no more frames. May leave the fan-out.
  virtual void ended(const Error& reason) { (void)reason; }
  [[nodiscard]] virtual bool wants_every_frame() const noexcept = 0;
};

/// The hub's sink for one wish on one I/O thread: the hub wakes the thread once per frame, and the
/// thread walks its sessions.
///
/// Threading: thread-bound, except deliver() and refused().
class LoopFanout final : public hub::FrameSink {
 public:
  LoopFanout(net::IoThread& thread, hub::StreamHub& stream, hub::Wish wish);

  [[nodiscard]] const hub::Wish& wish() const noexcept { return wish_; }
  [[nodiscard]] const hub::StreamHub& stream() const noexcept { return stream_; }

  /// The receiver gets the newest frame at once, where there is one.
  /// Errors: those of StreamHub::attach().
  Result<void> join(FrameReceiver& receiver);
  /// With its last receiver it leaves the hub.
  void leave(FrameReceiver& receiver);
  [[nodiscard]] bool empty() const noexcept { return receivers_.empty(); }

  /// The multipart head of a frame, made once for all sessions.
  [[nodiscard]] const std::string& part_head(const hub::EncodedFrame& frame);

  void deliver(const hub::EncodedFramePtr& frame) override;
  void refused(const Error& reason) override;
  [[nodiscard]] bool wants_every_frame() const noexcept override { return every_.load(); }

 private:
  struct Item {
    hub::EncodedFramePtr frame;
    MissedList lost;
  };

  void drain();
  void detach();

  hub::StreamHub& stream_;
  const hub::Wish wish_;
  std::vector<FrameReceiver*> receivers_;  // null where one has left during a walk
  bool walking_ = false;
  hub::EncodedFramePtr newest_;
  std::atomic<bool> every_{false};
  hub::EncodedFramePtr head_frame_;
  std::string head_;

  base::Mutex mutex_;
  std::vector<Item> queue_ LENSWIRE_GUARDED_BY(mutex_);
  std::optional<Error> refusal_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<Item> draining_;
  net::IoThread::Wakeup wakeup_;
  hub::StreamHub::Attachment attachment_;  // last: no deliver() may find the rest gone
};

}  // namespace lenswire::server
