// side_by_side_stream.hpp - a camera's colour and depth as one stream of pictures.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/time.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "filter/side_by_side.hpp"
#include "frame/frame_pool.hpp"
#include "hub/stream_hub.hpp"

namespace lenswire::server {

class Camera;

/// Pairs each colour frame with the depth frame nearest in capture time and paints the two side by
/// side (filter/side_by_side.hpp), once for everybody. What comes out is a stream like a camera's:
/// whoever attaches to stream() makes the camera run.
///
/// A colour frame waits for a depth frame of its moment or later; not beyond the next colour frame,
/// and at most 50 ms. Halves that are more than a second apart are not shown together.
///
/// Threading: thread-safe. Its own thread (`lw-pair-NAME`) pairs and paints, and attaches to the
/// camera; it blocks on nothing but its own work.
class SideBySideStream {
 public:
  struct Settings {
    /// How long the camera is kept running after the last one has left; then its own linger begins.
    Nanoseconds linger{};
    double scale = 1;  ///< of the colour picture, above 0 to 1; depth follows
  };
  /// The camera and the clock outlive it.
  SideBySideStream(Camera& camera, const base::Clock& clock, const Settings& settings);
  ~SideBySideStream();  // stop()

  /// Whether the camera has both streams, as far as is known. Errors: NotFound, with what it has.
  [[nodiscard]] Result<void> check() const;

  void start();
  /// Leaves the camera. Whoever is attached gets nothing more.
  void stop();

  [[nodiscard]] hub::StreamHub& stream() noexcept { return stream_; }

 private:
  enum Half : std::size_t { kColor, kDepth };

  struct Input final : hub::FrameSink {
    Input(SideBySideStream& o, Half h) : owner(o), half(h) {}
    void deliver(const hub::EncodedFramePtr& frame) override { owner.take(half, frame); }
    SideBySideStream& owner;
    const Half half;
  };

  struct Pair {
    hub::EncodedFramePtr color;
    hub::EncodedFramePtr depth;
  };

  void take(Half half, const hub::EncodedFramePtr& frame);
  void wake();
  void run();
  void follow_demand(MonotonicTime now);
  Result<void> attach();
  void detach();
  [[nodiscard]] bool pair_ready(MonotonicTime now) const LENSWIRE_REQUIRES(mutex_);
  [[nodiscard]] Pair take_pair() LENSWIRE_REQUIRES(mutex_);
  /// Waits until there is something to do; false when stopped.
  bool wait_for_work();
  void paint(const Pair& pair);
  void update_profile(const StreamProfile& color);

  Camera& camera_;
  const base::Clock& clock_;
  const Settings settings_;
  hub::StreamHub stream_;
  Input color_input_{*this, kColor};
  Input depth_input_{*this, kDepth};

  mutable base::Mutex mutex_;
  base::ConditionVariable changed_;
  bool stopping_ LENSWIRE_GUARDED_BY(mutex_) = false;
  bool look_ LENSWIRE_GUARDED_BY(mutex_) = false;                         // demand may have changed
  std::vector<hub::EncodedFramePtr> colors_ LENSWIRE_GUARDED_BY(mutex_);  // at most two
  std::array<hub::EncodedFramePtr, 2> depths_ LENSWIRE_GUARDED_BY(mutex_);  // older, newest
  MonotonicTime color_came_ LENSWIRE_GUARDED_BY(mutex_){};                  // colors_.front()

  // Of the thread.
  std::thread thread_;
  bool wanted_ = false;
  bool attached_ = false;
  MonotonicTime idle_since_{};
  MonotonicTime next_look_{};
  frame::FramePool pool_;
  filter::SideBySide painter_;
  frame::Image picture_;
  StreamProfilePtr profile_;
  std::uint64_t sequence_ = 0;
  std::string last_trouble_;
  std::array<hub::StreamHub::Attachment, 2>
      attachments_;  // last: no deliver() may find the rest gone
};

}  // namespace lenswire::server
