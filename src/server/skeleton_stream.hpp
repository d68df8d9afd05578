// skeleton_stream.hpp - a camera's people, found in its pictures while somebody asks for them.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <lenswire/result.hpp>
#include <lenswire/skeleton.hpp>
#include <lenswire/time.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "filter/skeleton_maker.hpp"
#include "frame/frame_pool.hpp"
#include "hub/stream_hub.hpp"
#include "server/derived_counters.hpp"

namespace lenswire::server {

class Camera;

/// Makes an estimator, on the thread that will use it; empty where there is none to be had.
using PoseFactory = std::function<Result<std::unique_ptr<filter::PoseEstimator>>()>;

/// That of the module `pose`, if its file and its model are installed; else empty. Nothing is
/// loaded before the first call.
[[nodiscard]] PoseFactory pose_module_factory();

/// Finds people in a camera's colour pictures, always the newest one, and lifts them with the depth
/// picture nearest in time. Its own thread (`lw-pose-NAME`, started by the first subscriber, at a
/// lower priority) takes its own time; what came meanwhile is left out, and no one waits for it.
///
/// Threading: thread-safe.
class SkeletonStream {
 public:
  struct Settings {
    /// How long the camera is kept running, and the model loaded, after the last one has left.
    Nanoseconds linger{};
  };
  /// The camera and the clock outlive it.
  SkeletonStream(Camera& camera, const base::Clock& clock, PoseFactory factory,
                 const Settings& settings);
  ~SkeletonStream();  // stop()

  /// The camera's streams are these now: the hub's profile follows the colour stream's.
  void set_source(StreamProfilePtr color, StreamProfilePtr depth);
  /// Leaves the camera. Whoever is attached gets nothing more.
  void stop();

  [[nodiscard]] hub::StreamHub& stream() noexcept { return stream_; }
  [[nodiscard]] DerivedCounters counters() const;

 private:
  enum Half : std::size_t { kColor, kDepth };

  struct Input final : hub::FrameSink {
    Input(SkeletonStream& o, Half h) : owner(o), half(h) {}
    void deliver(const hub::EncodedFramePtr& frame) override { owner.take(half, frame); }
    SkeletonStream& owner;
    const Half half;
  };

  struct Pair {
    hub::EncodedFramePtr color;
    hub::EncodedFramePtr depth;  // null: none is near enough in time
  };

  void take(Half half, const hub::EncodedFramePtr& frame);
  void wake();
  void run();
  void follow_demand(MonotonicTime now);
  Result<void> attach();
  void detach();
  bool wait_for_work();
  [[nodiscard]] Pair take_pair();
  Result<void> make(const Pair& pair);
  void complain(const Error& error);

  Camera& camera_;
  const base::Clock& clock_;
  const PoseFactory factory_;
  const Settings settings_;
  hub::StreamHub stream_;
  Input color_input_{*this, kColor};
  Input depth_input_{*this, kDepth};

  mutable base::Mutex mutex_;
  base::ConditionVariable changed_;
  bool stopping_ LENSWIRE_GUARDED_BY(mutex_) = false;
  bool look_ LENSWIRE_GUARDED_BY(mutex_) = false;  // demand or streams may have changed
  std::string color_stream_ LENSWIRE_GUARDED_BY(mutex_);
  std::string depth_stream_ LENSWIRE_GUARDED_BY(mutex_);  // empty: none
  hub::EncodedFramePtr color_ LENSWIRE_GUARDED_BY(mutex_);
  std::array<hub::EncodedFramePtr, 2> depths_ LENSWIRE_GUARDED_BY(mutex_);  // older, newest
  DerivedCounters counters_ LENSWIRE_GUARDED_BY(mutex_);
  std::thread thread_ LENSWIRE_GUARDED_BY(mutex_);

  // Of the thread.
  bool wanted_ = false;
  bool attached_ = false;
  MonotonicTime idle_since_{};
  MonotonicTime next_look_{};
  std::unique_ptr<filter::SkeletonMaker> maker_;
  Skeleton skeleton_;
  frame::FramePool pool_;
  StreamProfilePtr profile_;
  std::uint64_t sequence_ = 0;
  // Last: no deliver() may find the rest gone.
  std::array<hub::StreamHub::Attachment, 2> attachments_;
};

}  // namespace lenswire::server
