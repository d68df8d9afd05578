#include "source/retry_schedule.hpp"

#include <gtest/gtest.h>

namespace lenswire::source {
namespace {

using namespace std::chrono_literals;

constexpr MonotonicTime kNow{100s};

RunnerSettings settings() {
  RunnerSettings made;
  made.backoff_first = 4s;
  made.backoff_max = 8s;
  made.probe_interval = 1s;
  made.rebuild_after_failures = 2;
  return made;
}

}  // namespace

TEST(RetrySchedule, TriesLaterAfterAFailureButLooksForTheDeviceOften) {
  RetrySchedule retry(settings(), 1);
  retry.failed(kNow);
  EXPECT_GE(retry.next_attempt(), kNow + 4s);
  EXPECT_EQ(retry.next_probe(), kNow + 1s);
  retry.failed(kNow);
  EXPECT_GE(retry.next_attempt(), kNow + 8s);
}

TEST(RetrySchedule, ADeviceThatCameBackIsOpenedAtOnce) {
  RetrySchedule retry(settings(), 1);
  retry.failed(kNow);
  retry.probed(true, kNow + 1s);
  EXPECT_GE(retry.next_attempt(), kNow + 4s) << "it was there all the time";
  retry.probed(false, kNow + 2s);
  EXPECT_FALSE(retry.present());
  retry.probed(true, kNow + 3s);
  EXPECT_TRUE(retry.present());
  EXPECT_EQ(retry.next_attempt(), kNow + 3s);
  EXPECT_EQ(retry.next_probe(), kNow + 4s);
}

TEST(RetrySchedule, OnlyFailuresInARowAskForAnotherSource) {
  RetrySchedule retry(settings(), 1);
  retry.failed(kNow);
  retry.worked();
  retry.failed(kNow);
  EXPECT_FALSE(retry.take_rebuild());
  retry.failed(kNow);
  EXPECT_TRUE(retry.take_rebuild());
  EXPECT_FALSE(retry.take_rebuild()) << "counts from zero";
}

TEST(RetrySchedule, AnotherSourceInheritsNothing) {
  RetrySchedule retry(settings(), 1);
  retry.failed(kNow);
  retry.probed(false, kNow);
  retry.start_afresh(kNow);
  EXPECT_TRUE(retry.present());
  EXPECT_EQ(retry.next_attempt(), kNow);
  EXPECT_EQ(retry.next_probe(), kNow);
  retry.failed(kNow);
  EXPECT_LE(retry.next_attempt(), kNow + 5s) << "the first back-off again";
  EXPECT_FALSE(retry.take_rebuild());
}

}  // namespace lenswire::source
