// encoded_frame.hpp - a frame as it goes to everyone who wished the same.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <lenswire/codec_id.hpp>
#include <lenswire/frame.hpp>
#include <lenswire/missed.hpp>
#include <lenswire/result.hpp>

namespace lenswire::hub {

/// The profile of an encoded stream, numbered: the number rises when the profile changes.
struct DeliveredProfile {
  StreamProfile profile;
  std::uint32_t version = 0;
  std::uint64_t calibration = 0;
  /// Of the picture that region and scale were taken from, filters included.
  std::uint32_t whole_width = 0;
  std::uint32_t whole_height = 0;
};

/// Immutable once delivered; its payload lives in `encoded`, or is the captured frame's own.
struct EncodedFrame {
  /// The captured frame; without its pixels where they were encoded.
  FramePtr source;
  std::shared_ptr<const DeliveredProfile> profile;
  CodecId codec = CodecId::Raw;
  /// Frames between the previous one of this encoded stream and this one, and why they lack.
  MissedList preceding;
  /// True where the captured bytes go out as they are.
  bool passes_through = true;
  std::vector<std::byte> encoded;

  [[nodiscard]] std::span<const std::byte> payload() const noexcept {
    return passes_through ? source->bytes() : std::span<const std::byte>(encoded);
  }
  [[nodiscard]] std::uint64_t sequence() const noexcept { return source->sequence; }

  /// For the pool: an idle one must not keep a captured frame from going back to its own pool.
  void recycle() noexcept {
    source.reset();
    profile.reset();
  }
};

using EncodedFramePtr = std::shared_ptr<const EncodedFrame>;

/// Takes frames from the hub.
class FrameSink {
 public:
  virtual ~FrameSink() = default;

  /// Called in order, from the source's thread or an encoder's, with the encoded stream locked: it
  /// must not block, and must not attach or detach.
  virtual void deliver(const EncodedFramePtr& frame) = 0;

  /// The source's profile has changed so that the wish can't be met any more, or the stream is
  /// gone: no frame will come until that changes again. Called like deliver().
  virtual void refused(const Error& reason) { (void)reason; }

  /// Whether every frame matters: the encoder then queues up to 8 frames instead of taking only the
  /// newest.
  [[nodiscard]] virtual bool wants_every_frame() const noexcept { return false; }
};

}  // namespace lenswire::hub
