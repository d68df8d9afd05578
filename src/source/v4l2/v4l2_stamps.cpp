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
  const auto ahead = meaning == StampMeaning::EndOfFrame ? frame_time : Nanoseconds::zero();
  if (stamp > arrival + ahead + kStampSlack || stamp + kOldestStamp < arrival)
    meaning = StampMeaning::Arrival;
  auto earliest = arrival - 2 * frame_time;  // it may also have waited in the driver
  auto latest = arrival;
  switch (meaning) {
    case StampMeaning::EndOfFrame:
      earliest = stamp - frame_time;
      latest = stamp;
      break;
    case StampMeaning::StartOfExposure:
      earliest = stamp;
      latest = stamp + frame_time;
      break;
    case StampMeaning::FirstPacket:
      earliest = stamp - frame_time / 2;
      latest = stamp + frame_time / 2;
      break;
    case StampMeaning::Arrival:
      break;
  }
  latest = std::min(latest, arrival);
  earliest = std::min(earliest, latest);
  const auto half = (latest - earliest) / 2;
  return {earliest + half, half,
          meaning == StampMeaning::StartOfExposure ? TimestampDomain::Device
                                                   : TimestampDomain::HostMonotonic};
}

}  // namespace lenswire::source::v4l2
