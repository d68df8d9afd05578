#include "source/v4l2/v4l2_stamps.hpp"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

namespace lenswire::source::v4l2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kArrival = MonotonicTime(seconds(100));
constexpr auto kFrameTime = milliseconds(40);

TEST(SequenceCounter, KeepsGaps) {
  SequenceCounter counter;
  EXPECT_EQ(counter.next(7), 0U);
  EXPECT_EQ(counter.next(8), 1U);
  EXPECT_EQ(counter.next(11), 4U);
}

TEST(SequenceCounter, ContinuesWhereTheKernelWraps) {
  SequenceCounter counter;
  counter.next(0xFFFFFFFE);
  EXPECT_EQ(counter.next(0xFFFFFFFF), 1U);
  EXPECT_EQ(counter.next(0), 2U);
  EXPECT_EQ(counter.next(2), 4U);
}

TEST(SequenceCounter, ReachesBeyond32Bits) {
  SequenceCounter counter;
  std::uint64_t last = 0;
  for (std::uint32_t raw = 0; raw < 5; ++raw) last = counter.next(raw * 0x7FFFFFFF);
  EXPECT_EQ(last, 4ULL * 0x7FFFFFFF);
  EXPECT_GT(last, std::uint64_t{UINT32_MAX});
}

TEST(SequenceCounter, RisesOverRestartsAndDriversThatDoNotCount) {
  SequenceCounter counter;
  counter.next(0);
  counter.next(1);
  counter.restart();
  EXPECT_EQ(counter.next(0), 2U);
  EXPECT_EQ(counter.next(0), 3U);
  EXPECT_EQ(counter.next(0), 4U);
  counter.next(1000);
  EXPECT_EQ(counter.next(3), 1005U) << "counted backwards";
}

TEST(StampMeaning, FollowsTheFlags) {
  const std::uint32_t monotonic = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  EXPECT_EQ(stamp_meaning(0, false), StampMeaning::Arrival);
  EXPECT_EQ(stamp_meaning(V4L2_BUF_FLAG_TIMESTAMP_COPY, false), StampMeaning::Arrival);
  EXPECT_EQ(stamp_meaning(monotonic, true), StampMeaning::EndOfFrame);
  EXPECT_EQ(stamp_meaning(monotonic | V4L2_BUF_FLAG_TSTAMP_SRC_SOE, false),
            StampMeaning::StartOfExposure);
  EXPECT_EQ(stamp_meaning(monotonic | V4L2_BUF_FLAG_TSTAMP_SRC_SOE, true),
            StampMeaning::FirstPacket);
}

TEST(CaptureStamp, IntervalsHoldTheMiddleOfTheExposure) {
  const auto stamp = kArrival - milliseconds(50);
  const auto end = capture_stamp(stamp, StampMeaning::EndOfFrame, kFrameTime, kArrival);
  EXPECT_EQ(end.time + end.uncertainty, stamp);
  EXPECT_EQ(end.time - end.uncertainty, stamp - kFrameTime);
  EXPECT_EQ(end.domain, TimestampDomain::HostMonotonic);

  const auto start = capture_stamp(stamp, StampMeaning::StartOfExposure, kFrameTime, kArrival);
  EXPECT_EQ(start.time - start.uncertainty, stamp);
  EXPECT_EQ(start.time + start.uncertainty, stamp + kFrameTime);
  EXPECT_EQ(start.domain, TimestampDomain::Device);

  const auto packet = capture_stamp(stamp, StampMeaning::FirstPacket, kFrameTime, kArrival);
  EXPECT_EQ(packet.time, stamp);
  EXPECT_EQ(packet.uncertainty, kFrameTime / 2);
}

TEST(CaptureStamp, TheArrivalEndsTheInterval) {
  const auto stamp = kArrival - milliseconds(10);
  const auto start = capture_stamp(stamp, StampMeaning::StartOfExposure, kFrameTime, kArrival);
  EXPECT_EQ(start.time - start.uncertainty, stamp);
  EXPECT_EQ(start.time + start.uncertainty, kArrival);

  const auto foretold =
      capture_stamp(kArrival + milliseconds(30), StampMeaning::EndOfFrame, kFrameTime, kArrival);
  EXPECT_EQ(foretold.time - foretold.uncertainty, kArrival - milliseconds(10));
  EXPECT_EQ(foretold.time + foretold.uncertainty, kArrival);

  const auto same = capture_stamp(kArrival, StampMeaning::StartOfExposure, kFrameTime, kArrival);
  EXPECT_EQ(same.time, kArrival);
}

TEST(CaptureStamp, LyingStampsCountAsNone) {
  for (const auto stamp : {kArrival + seconds(5), kArrival - seconds(60), MonotonicTime{}}) {
    const auto taken = capture_stamp(stamp, StampMeaning::EndOfFrame, kFrameTime, kArrival);
    EXPECT_EQ(taken.time, kArrival - kFrameTime);
    EXPECT_EQ(taken.uncertainty, kFrameTime);
  }
}

}  // namespace
}  // namespace lenswire::source::v4l2
