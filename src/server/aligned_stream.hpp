// aligned_stream.hpp - a stream that is made of a camera's depth and colour.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/frameset.hpp>
#include <lenswire/result.hpp>
#include <lenswire/stream_profile.hpp>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "filter/align.hpp"
#include "frame/frame_pool.hpp"
#include "frame/frameset_assembly.hpp"
#include "hub/stream_hub.hpp"
#include "server/derived_counters.hpp"

namespace lenswire::server {

/// Depth moved into the colour camera's picture (`depth_aligned`), or the colour of every depth
/// pixel (`color_aligned`), as a stream like a camera's. Computed on the encoder threads, once for
/// everybody, and only while somebody is attached; that is also when it attaches to its inputs.
///
/// Depth is moved frame by frame and keeps its sequence numbers and times. Colour needs a frame of
/// both streams that belong to one moment (lenswire/frameset.hpp); a moment that lacks one is left
/// out, and the frames keep the colour's sequence numbers and times.
///
/// Threading: thread-safe.
class AlignedStream final : public hub::EncodeJob,
                            public std::enable_shared_from_this<AlignedStream> {
 public:
  enum class Kind : std::uint8_t { DepthToColor, ColorToDepth };

  /// Frames that may wait for an encoder thread; then the oldest is lost.
  static constexpr std::size_t kMostWaiting = 4;

  /// The inputs outlive stop(); the clock outlives it.
  AlignedStream(Kind kind, hub::StreamHub& depth, hub::StreamHub& color, hub::EncoderPool& encoders,
                const base::Clock& clock);
  ~AlignedStream() override;

  /// Leaves the inputs for ever.
  void stop();

  /// What the inputs are from now on. Errors: those of filter::AlignedPair::of(), or Unsupported
  /// unless depth is z16; the stream is not available() then.
  Result<void> set_inputs(const StreamProfilePtr& depth, const StreamProfilePtr& color);
  /// The inputs are no longer there: not available() until set_inputs(). Whether it was before.
  bool withdraw();
  [[nodiscard]] bool available() const;

  void forget_newest();

  [[nodiscard]] hub::StreamHub& stream() noexcept { return stream_; }
  [[nodiscard]] FramesetCounters framesets() const;
  [[nodiscard]] DerivedCounters counters() const;

  bool run_once() override;

 private:
  struct Input final : hub::FrameSink {
    Input(AlignedStream& o, std::size_t i) : owner(o), index(i) {}
    void deliver(const hub::EncodedFramePtr& frame) override { owner.take(index, frame); }
    [[nodiscard]] bool wants_every_frame() const noexcept override { return true; }
    AlignedStream& owner;
    const std::size_t index;
  };
  // Null where the kind needs none.
  struct Work {
    hub::EncodedFramePtr depth;
    hub::EncodedFramePtr color;
  };

  void follow_demand();
  Result<void> attach() LENSWIRE_REQUIRES(demand_mutex_);
  void detach() LENSWIRE_REQUIRES(demand_mutex_);
  void take(std::size_t input, const hub::EncodedFramePtr& frame);
  void add(Work work) LENSWIRE_REQUIRES(mutex_);
  Result<FramePtr> align(const Work& work);
  void count_failure(const Error& error) LENSWIRE_EXCLUDES(mutex_);

  const Kind kind_;
  hub::StreamHub& depth_;
  hub::StreamHub& color_;
  hub::EncoderPool& encoders_;
  const base::Clock& clock_;
  hub::StreamHub stream_;
  Input depth_input_{*this, 0};
  Input color_input_{*this, 1};

  mutable base::Mutex mutex_;
  StreamProfilePtr depth_profile_ LENSWIRE_GUARDED_BY(mutex_);
  StreamProfilePtr color_profile_ LENSWIRE_GUARDED_BY(mutex_);
  bool available_ LENSWIRE_GUARDED_BY(mutex_) = false;
  frame::FramesetAssembly<hub::EncodedFramePtr> framesets_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<Work> waiting_ LENSWIRE_GUARDED_BY(mutex_);
  bool working_ LENSWIRE_GUARDED_BY(mutex_) = false;
  DerivedCounters counters_ LENSWIRE_GUARDED_BY(mutex_);

  // Of the one thread that is inside run_once().
  StreamProfilePtr aligned_depth_, aligned_color_;  // what the tables are of
  std::optional<filter::DepthToColor> to_color_;
  std::optional<filter::ColorToDepth> to_depth_;
  StreamProfilePtr profile_;
  frame::Image picture_;
  frame::FramePool pool_;

  base::Mutex demand_mutex_;
  bool stopped_ LENSWIRE_GUARDED_BY(demand_mutex_) = false;
  bool attached_ LENSWIRE_GUARDED_BY(demand_mutex_) = false;
  // Last: no deliver() may find the rest gone.
  hub::StreamHub::Attachment depth_attachment_ LENSWIRE_GUARDED_BY(demand_mutex_);
  hub::StreamHub::Attachment color_attachment_ LENSWIRE_GUARDED_BY(demand_mutex_);
};

}  // namespace lenswire::server
