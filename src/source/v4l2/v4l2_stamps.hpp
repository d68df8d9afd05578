// v4l2_stamps.hpp - from the kernel's sequence numbers and timestamps to ours.
#pragma once

#include <cstdint>
#include <optional>

#include <lenswire/time.hpp>

namespace lenswire::source::v4l2 {

/// Makes the kernel's 32-bit numbers, which wrap and begin anew with every stream, one rising
/// 64-bit count. Gaps stay gaps.
class SequenceCounter {
 public:
  /// A new stream begins: its first frame follows the last one of the stream before.
  void restart() noexcept { last_raw_.reset(); }

  /// The number of the next dequeued buffer. A driver that does not count, or counts backwards,
  /// gives +1.
  std::uint64_t next(std::uint32_t raw) noexcept {
    const auto step = last_raw_ ? raw - *last_raw_ : 1;
    const bool sound = step != 0 && step < (std::uint32_t{1} << 31);
    if (started_) last_ += sound ? step : 1;
    started_ = true;
    last_raw_ = raw;
    return last_;
  }

 private:
  std::optional<std::uint32_t> last_raw_;
  std::uint64_t last_ = 0;
  bool started_ = false;
};

/// What a stamp of the driver marks.
enum class StampMeaning : std::uint8_t {
  Arrival,          ///< no usable stamp
  EndOfFrame,       ///< the last pixel reached the host
  StartOfExposure,  ///< the sensor began to gather light
  FirstPacket,  ///< the first pixel reached the host: uvcvideo, which calls it start of exposure
};

[[nodiscard]] StampMeaning stamp_meaning(std::uint32_t buffer_flags, bool is_uvc) noexcept;

struct CaptureStamp {
  MonotonicTime time{};
  Nanoseconds uncertainty{};
  TimestampDomain domain = TimestampDomain::HostMonotonic;
};

/// The middle of the exposure of the middle row, as an interval.
///
/// Exposure and readout each take at most one frame time, and one follows the other, so the middle
/// lies up to one frame time before the end of the frame, up to one after the start of the
/// exposure, up to half of one on either side of the first packet, and always before the arrival.
/// A stamp that can't be true (it foretells the future, or is half a minute old) is taken for none;
/// only an end of frame may lie a frame time ahead: emulated cameras know theirs beforehand.
[[nodiscard]] CaptureStamp capture_stamp(MonotonicTime stamp, StampMeaning meaning,
                                         Nanoseconds frame_time, MonotonicTime arrival) noexcept;

}  // namespace lenswire::source::v4l2
