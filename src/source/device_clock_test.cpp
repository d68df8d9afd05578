#include "source/device_clock.hpp"

#include <gtest/gtest.h>

#include "source/frame_numbers.hpp"

namespace lenswire::source {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kStart = std::chrono::hours(5);

TEST(DeviceClock, TakesTheQuickestFrameForTheTruth) {
  DeviceClock clock;
  const auto host = [](Nanoseconds device) { return MonotonicTime(kStart + device); };
  // Each frame was on its way for 7 ms, one of them for 2 only.
  for (int i = 0; i < 30; ++i) {
    const Nanoseconds device = milliseconds(33) * i;
    const auto delay = i == 10 ? milliseconds(2) : milliseconds(7);
    const auto mapped = clock.map(device, host(device) + delay);
    EXPECT_EQ(mapped, host(device) + (i < 10 ? milliseconds(7) : milliseconds(2))) << i;
  }
}

TEST(DeviceClock, FollowsAClockThatRunsSlow) {
  DeviceClock clock;
  // 100 ppm: within 10 s, the host gains 1 ms.
  for (int i = 0; i < 3000; ++i) {
    const Nanoseconds device = milliseconds(33) * i;
    const MonotonicTime arrival(kStart + device + device / 10'000);
    const auto mapped = clock.map(device, arrival);
    EXPECT_LE(mapped, arrival);
    EXPECT_GE(mapped, arrival - milliseconds(1) - std::chrono::microseconds(10)) << i;
  }
}

TEST(DeviceClock, LearnsAClockThatJumpedAnew) {
  DeviceClock clock;
  clock.map(seconds(100), MonotonicTime(kStart));
  EXPECT_EQ(clock.map(seconds(1), MonotonicTime(kStart + seconds(1))),
            MonotonicTime(kStart + seconds(1)));
}

TEST(FrameNumbers, KeepGapsAndNeverGoBack) {
  FrameNumbers numbers;
  EXPECT_EQ(numbers.next(70), 0U);
  EXPECT_EQ(numbers.next(71), 1U);
  EXPECT_EQ(numbers.next(74), 4U) << "two were lost";
  EXPECT_EQ(numbers.next(74), 5U);
  EXPECT_EQ(numbers.next(3), 6U) << "the device began anew";
  numbers.restart();
  EXPECT_EQ(numbers.next(50), 7U);
  EXPECT_EQ(numbers.next(1'000'000), 8U) << "no such gap";
}

}  // namespace
}  // namespace lenswire::source
