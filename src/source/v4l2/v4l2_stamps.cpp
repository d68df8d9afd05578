#include "source/v4l2/v4l2_stamps.hpp"

#include <linux/videodev2.h>

#include <algorithm>

namespace lenswire::source::v4l2 {
namespace {

// Buffers wait in the queue for a few frame times at most, and the slowest cameras do 1 Hz.
constexpr Nanoseconds kOldestStamp = std::chrono::seconds(30);
// Stamps count in microseconds, rounded.
constexpr Nanoseconds kStampSlack = std::chrono::milliseconds(1);

}  // namespace

StampMeaning stamp_meaning(std::uint32_t buffer_flags, bool is_uvc) noexcept {
  if ((buffer_flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
    return StampMeaning::Arrival;
  if ((buffer_flags & V4L2_BUF_FLAG_TSTAMP_SRC_MASK) != V4L2_BUF_FLAG_TSTAMP_SRC_SOE)
    return StampMeaning::EndOfFrame;
  return is_uvc ? StampMeaning::FirstPacket : StampMeaning::StartOfExposure;
}

CaptureStamp capture_stamp(MonotonicTime stamp, StampMeaning meaning, Nanoseconds frame_time,
                           MonotonicTime arrival) noexcept {
  const auto half = frame_time / 2;
  if (stamp > arrival + kStampSlack || stamp + kOldestStamp < arrival)
    meaning = StampMeaning::Arrival;
  switch (meaning) {
    case StampMeaning::EndOfFrame:
      return {stamp - half, half, TimestampDomain::HostMonotonic};
    case StampMeaning::StartOfExposure:
      return {std::min(stamp + half, arrival), half, TimestampDomain::Device};
    case StampMeaning::FirstPacket:
      return {std::min(stamp, arrival), half, TimestampDomain::HostMonotonic};
    case StampMeaning::Arrival:
      break;
  }
  // The frame may also have waited in the driver for a frame time.
  return {arrival - frame_time, frame_time, TimestampDomain::HostMonotonic};
}

}  // namespace lenswire::source::v4l2
