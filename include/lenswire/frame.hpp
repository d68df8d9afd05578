// frame.hpp - one immutable picture with its metadata.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <lenswire/annotation.hpp>
#include <lenswire/stream_profile.hpp>
#include <lenswire/time.hpp>

namespace lenswire {

/// Raw value of a depth pixel without a measurement.
inline constexpr std::uint16_t kNoDepth = 0;

/// The largest frame anything in lenswire makes or accepts.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{256} << 20;

/// How a camera took one frame, each part only where the camera says so.
struct CaptureConditions {
  std::optional<std::chrono::microseconds> exposure;
  std::optional<std::uint32_t> gain;  ///< on the camera's own scale
  std::optional<std::uint32_t> laser_power_mw;
  std::optional<bool> laser_on;  ///< whether the projector shone

  bool operator==(const CaptureConditions&) const = default;
};

/// One picture, raw or compressed, with its metadata.
///
/// A source fills a Frame it got from a FramePool and publishes it as a FramePtr; from then on it
/// is immutable, may be read from any thread, and its memory goes back to the pool when the last
/// holder lets go.
struct Frame {
  StreamProfilePtr profile;
  /// +1 per captured frame of the stream. A gap is a frame that the source lost.
  std::uint64_t sequence = 0;
  /// Middle of the exposure as far as it is known, on the host's monotonic clock.
  MonotonicTime capture_time{};
  /// Half the width of the interval that holds the true capture time.
  Nanoseconds capture_uncertainty{};
  /// When the host had the whole frame.
  MonotonicTime arrival_time{};
  TimestampDomain domain = TimestampDomain::HostMonotonic;
  /// The device's own stamp in ns, where it has one.
  std::optional<std::int64_t> device_time_ns;
  /// What is known of the picture: the truth that a synthetic source drew, for one.
  AnnotationList annotations;
  CaptureConditions conditions;
  /// Bytes from one row to the next; 0 for compressed formats.
  std::uint32_t stride_bytes = 0;
  /// The pixels: frame_bytes(format, stride, height) of them, or one compressed picture.
  std::vector<std::byte> data;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return data; }
  [[nodiscard]] PixelFormat format() const noexcept { return profile->format; }
  [[nodiscard]] std::uint32_t width() const noexcept { return profile->width; }
  [[nodiscard]] std::uint32_t height() const noexcept { return profile->height; }
};

using FramePtr = std::shared_ptr<const Frame>;

}  // namespace lenswire
