// encoded_stream.hpp - one wish of one stream: encoded once per frame for everybody who shares it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "base/object_pool.hpp"
#include "hub/encoded_frame.hpp"
#include "hub/encoder_pool.hpp"
#include "hub/picture_pipeline.hpp"
#include "hub/wish.hpp"

namespace lenswire::hub {

/// Frames waiting for the encoder when some subscriber wants every one.
inline constexpr std::size_t kEncoderQueueFrames = 8;

/// What was done for a wish, or for all wishes of a stream.
struct EncodeCounters {
  std::uint64_t encodes = 0;          ///< frames; passing through does not count
  std::uint64_t failures = 0;         ///< frames that could not be encoded
  std::uint64_t skipped = 0;          ///< frames left out: the encoder was still at earlier ones
  Nanoseconds encoding{};             ///< time it took, all filters and conversions included
  std::uint64_t filtered = 0;         ///< frames that went through depth filters
  std::uint64_t filter_failures = 0;  ///< those of them that did not come out
  Nanoseconds filtering{};

  EncodeCounters& operator+=(const EncodeCounters& more) noexcept;
};

/// Takes captured frames, encodes them on the pool (or passes them through on the caller's thread),
/// and delivers them in order. Does nothing while it has no sinks.
///
/// Threading: thread-safe.
class EncodedStream final : public EncodeJob, public std::enable_shared_from_this<EncodedStream> {
 public:
  EncodedStream(const Wish& wish, EncoderPool& encoders);

  [[nodiscard]] const Wish& wish() const noexcept { return wish_; }

  /// From the source's thread.
  void publish(const FramePtr& frame) LENSWIRE_EXCLUDES(mutex_);

  /// The sink hears at once of the newest frame where there is one; `fresh` is a captured frame to
  /// encode for it where there is none yet. The sink stays valid until detach() returns.
  void attach(FrameSink& sink, const FramePtr& fresh) LENSWIRE_EXCLUDES(mutex_);
  /// No deliver() is under way or will come when this returns. The number of sinks left.
  std::size_t detach(FrameSink& sink) LENSWIRE_EXCLUDES(mutex_);

  [[nodiscard]] std::size_t sinks() const LENSWIRE_EXCLUDES(mutex_);
  /// Since it was made.
  [[nodiscard]] EncodeCounters counters() const LENSWIRE_EXCLUDES(mutex_);

  bool run_once() override LENSWIRE_EXCLUDES(mutex_);

  /// The source has no such stream any more.
  void end(const Error& reason) LENSWIRE_EXCLUDES(mutex_);
  /// Forgets the newest frame: the source was closed.
  void forget_newest() LENSWIRE_EXCLUDES(mutex_);

 private:
  struct Pending {
    FramePtr frame;
    MissedList preceding;
    // What it is delivered as; the source's profile may change while it waits.
    std::shared_ptr<const DeliveredProfile> profile;
  };

  void accept(const FramePtr& frame) LENSWIRE_REQUIRES(mutex_);
  void deliver(std::shared_ptr<EncodedFrame> encoded) LENSWIRE_REQUIRES(mutex_);
  [[nodiscard]] std::shared_ptr<EncodedFrame> start_frame(Pending pending)
      LENSWIRE_REQUIRES(mutex_);
  /// Leaves only the metadata of the captured frame: a queue of small encoded frames must not hold
  /// the large ones they were made of.
  void release_pixels(EncodedFrame& encoded);
  void update_profile(const StreamProfilePtr& source) LENSWIRE_REQUIRES(mutex_);

  const Wish wish_;
  EncoderPool& encoders_;
  base::ObjectPool<EncodedFrame> pool_{8};
  base::ObjectPool<Frame> stamps_{8};

  mutable base::Mutex mutex_;
  std::vector<FrameSink*> sinks_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<Pending> pending_ LENSWIRE_GUARDED_BY(mutex_);
  bool encoding_ LENSWIRE_GUARDED_BY(mutex_) = false;
  MissedList skipped_ LENSWIRE_GUARDED_BY(mutex_);  // since the last accepted frame
  bool has_expected_ LENSWIRE_GUARDED_BY(mutex_) = false;
  std::uint64_t expected_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  EncodedFramePtr newest_ LENSWIRE_GUARDED_BY(mutex_);
  StreamProfilePtr source_profile_ LENSWIRE_GUARDED_BY(mutex_);
  std::shared_ptr<const DeliveredProfile> profile_ LENSWIRE_GUARDED_BY(mutex_);
  bool passes_through_ LENSWIRE_GUARDED_BY(mutex_) = false;
  EncodeCounters counters_ LENSWIRE_GUARDED_BY(mutex_);
  // Used by the one thread that is inside run_once().
  PicturePipeline pipeline_;
};

}  // namespace lenswire::hub
