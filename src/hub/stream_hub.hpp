// stream_hub.hpp - one stream of one camera and everybody who watches it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <lenswire/frame.hpp>

#include "base/mutex.hpp"
#include "hub/encoded_stream.hpp"

namespace lenswire::hub {

/// The encoders' work is that of all wishes, present and past.
struct StreamCounters : EncodeCounters {
  std::uint64_t frames = 0;  ///< published by the source
  std::size_t sinks = 0;
  std::uint64_t sequence = 0;  ///< of the newest frame
  double measured_hz = 0;      ///< over the last second or so
};

/// Keeps the newest frame and gives every frame to each encoded stream that somebody wants.
///
/// Threading: publish() from the source's thread; the rest thread-safe.
class StreamHub {
 public:
  /// `demand_changed()` is called, without a lock, after the first sink attached and after the last
  /// one left; wanted() then tells which.
  StreamHub(StreamProfilePtr profile, EncoderPool& encoders, std::function<void()> demand_changed);

  /// While it lives, the sink gets frames. Outlived by the StreamHub.
  class Attachment {
   public:
    Attachment() = default;
    Attachment(Attachment&& other) noexcept { *this = std::move(other); }
    Attachment& operator=(Attachment&& other) noexcept;
    ~Attachment() { reset(); }
    /// When it returns, the sink hears no more.
    void reset() noexcept;

   private:
    friend class StreamHub;
    StreamHub* hub_ = nullptr;
    std::shared_ptr<EncodedStream> stream_;
    FrameSink* sink_ = nullptr;
  };

  /// Errors: those of delivered_profile().
  Result<Attachment> attach(const Wish& wish, FrameSink& sink);

  void publish(FramePtr frame);

  /// The source offers the stream with this profile from now on.
  void set_profile(StreamProfilePtr profile);
  /// The source offers the stream no more: every sink is refused, with this reason.
  void end(const Error& reason);
  /// The source was closed: the newest frame is old news.
  void forget_newest();

  [[nodiscard]] bool wanted() const;
  /// Whether a frame of the source that is open now has come.
  [[nodiscard]] bool has_frame() const;
  [[nodiscard]] StreamProfilePtr profile() const;
  [[nodiscard]] StreamCounters counters() const;

 private:
  void detach(EncodedStream& stream, FrameSink& sink);

  EncoderPool& encoders_;
  const std::function<void()> demand_changed_;
  std::atomic<std::uint64_t> frames_{0};
  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<std::int64_t> period_ns_{0};  // smoothed distance of capture times
  std::atomic<std::int64_t> last_capture_ns_{0};

  mutable base::Mutex mutex_;
  StreamProfilePtr profile_ LENSWIRE_GUARDED_BY(mutex_);
  FramePtr newest_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<EncodedStream>> streams_ LENSWIRE_GUARDED_BY(mutex_);
  EncodeCounters retired_ LENSWIRE_GUARDED_BY(mutex_);
  std::size_t attachments_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  // Reused by publish(), which runs on one thread.
  std::vector<std::shared_ptr<EncodedStream>> publishing_;
};

}  // namespace lenswire::hub
