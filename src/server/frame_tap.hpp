// frame_tap.hpp - the newest frame at hand, for protocols that ask for one picture at a time.
#pragma once

#include <functional>
#include <string_view>

#include <lenswire/result.hpp>

#include "server/loop_fanout.hpp"

namespace lenswire::server {

class Camera;
class Worker;

/// While it is open the camera runs, and the newest frame of one stream and wish is kept. All taps
/// with the same wish share one encode.
///
/// Threading: thread-bound to the worker's thread.
class FrameTap final : private FrameReceiver {
 public:
  /// `on_frame` is told of every new frame; it may close() or open() the tap.
  FrameTap(Worker& worker, std::function<void()> on_frame);
  ~FrameTap() override { close(); }
  FrameTap(const FrameTap&) = delete;
  FrameTap& operator=(const FrameTap&) = delete;

  /// Errors: those of Camera::stream() (Busy while the camera is being opened: try again on the
  /// next tick) and hub::delivered_profile().
  Result<void> open(Camera& camera, std::string_view stream, const hub::Wish& wish);
  void close();
  [[nodiscard]] bool is_open() const noexcept { return fanout_ != nullptr; }

  /// The newest frame since open(), or null.
  [[nodiscard]] const hub::EncodedFramePtr& newest() const noexcept { return newest_; }

  /// The same, once: null until a newer one has come. What the client did not take in between was
  /// not asked for, and is no loss.
  [[nodiscard]] hub::EncodedFramePtr take();

 private:
  void offer(const hub::EncodedFramePtr& frame, const MissedList& lost) override;
  [[nodiscard]] bool wants_every_frame() const noexcept override { return false; }

  Worker& worker_;
  const std::function<void()> on_frame_;
  LoopFanout* fanout_ = nullptr;
  hub::EncodedFramePtr newest_;
  bool taken_ = true;
};

}  // namespace lenswire::server
