#include "source/run_watch.hpp"

#include <gtest/gtest.h>

#include "source/scripted_source_for_test.hpp"

namespace lenswire::source {
namespace {

using namespace std::chrono_literals;

constexpr MonotonicTime kBegan{100s};

RunnerSettings settings() {
  RunnerSettings made;
  made.open_timeout = 15s;
  made.stall_minimum = 2s;
  made.restart_stalled_after = 5s;
  made.backoff_max = 8s;
  return made;
}

}  // namespace

TEST(RunWatch, AnOpeningHasItsTime) {
  const RunWatch watch(settings(), kBegan);
  const auto early = watch.verdict(kBegan + 14s);
  EXPECT_FALSE(early.end);
  EXPECT_EQ(early.stalled, "");
  EXPECT_EQ(early.next, kBegan + 15s);
  const auto late = watch.verdict(kBegan + 15s);
  EXPECT_TRUE(late.end);
  EXPECT_EQ(late.stalled, "opening takes longer than 15 s");
}

TEST(RunWatch, IsOpenedOnce) {
  RunWatch watch(settings(), kBegan);
  EXPECT_TRUE(watch.opened({test_profile("color", 30)}, kBegan));
  EXPECT_FALSE(watch.opened({test_profile("color", 15)}, kBegan));
}

TEST(RunWatch, ASilentRunIsStalledFirstAndEndsLater) {
  RunWatch watch(settings(), kBegan);
  watch.opened({test_profile("color", 30)}, kBegan);
  EXPECT_EQ(watch.verdict(kBegan + 1s).next, kBegan + 2s);
  const auto stalled = watch.verdict(kBegan + 2s);
  EXPECT_EQ(stalled.stalled, "stream 'color' gave no frame for 2 s");
  EXPECT_FALSE(stalled.end);
  EXPECT_EQ(stalled.next, kBegan + 7s);
  EXPECT_TRUE(watch.verdict(kBegan + 7s).end);
}

TEST(RunWatch, OneStreamThatFlowsKeepsTheRun) {
  RunWatch watch(settings(), kBegan);
  const auto color = test_profile("color", 30);
  watch.opened({color, test_profile("depth", 30)}, kBegan);
  watch.frame(*test_frame(color, 0), kBegan + 19s);
  const auto verdict = watch.verdict(kBegan + 20s);
  EXPECT_EQ(verdict.stalled, "stream 'depth' gave no frame for 2 s");
  EXPECT_FALSE(verdict.end);
  EXPECT_EQ(verdict.next, kBegan + 21s);
}

TEST(RunWatch, WorkedIfFramesCameForAsLongAsTheLongestBackOff) {
  RunWatch watch(settings(), kBegan);
  const auto color = test_profile("color", 30);
  watch.opened({color}, kBegan);
  EXPECT_FALSE(watch.worked());
  watch.frame(*test_frame(color, 0), kBegan + 1s);
  watch.frame(*test_frame(color, 1), kBegan + 8s);
  EXPECT_FALSE(watch.worked());
  watch.frame(*test_frame(color, 2), kBegan + 9s);
  EXPECT_TRUE(watch.worked());
}

}  // namespace lenswire::source
