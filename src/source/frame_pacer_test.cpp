#include "source/frame_pacer.hpp"

#include <gtest/gtest.h>

#include "source/backoff.hpp"

namespace lenswire::source {

using namespace std::chrono_literals;

TEST(FramePacer, DeadlinesStayOnTheirGrid) {
  base::ManualClock clock;
  const auto start = clock.now();
  const base::StopSource stop;
  FramePacer pacer(clock, 1000, 7);
  auto tick = pacer.next(stop.token());
  ASSERT_TRUE(tick);
  EXPECT_EQ(tick->number, 7U);
  EXPECT_EQ(tick->due, start);
  clock.advance(1900us);  // the second frame was late by 0.9 ms, which delays no other
  EXPECT_EQ(pacer.next(stop.token())->due, start + 1ms);
  clock.advance(100us);
  tick = pacer.next(stop.token());
  EXPECT_EQ(tick->number, 9U);
  EXPECT_EQ(tick->due, start + 2ms);
}

TEST(FramePacer, WhoIsLateByWholeFramesLosesThem) {
  base::ManualClock clock;
  const base::StopSource stop;
  FramePacer pacer(clock, 1000);
  EXPECT_EQ(pacer.next(stop.token())->number, 0U);
  clock.advance(5200us);
  EXPECT_EQ(pacer.next(stop.token())->number, 5U);
}

TEST(FramePacer, AStopEndsTheWait) {
  base::ManualClock clock;
  base::StopSource stop;
  FramePacer pacer(clock, 0.1);
  EXPECT_TRUE(pacer.next(stop.token()));
  stop.request_stop();
  EXPECT_FALSE(pacer.next(stop.token()));
}

TEST(Backoff, DoublesUpToItsLimitAndAddsAtMostAQuarter) {
  Backoff backoff(250ms, 5s, 1);
  for (const auto least : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 5000ms, 5000ms}) {
    const auto delay = backoff.next();
    EXPECT_GE(delay, least);
    EXPECT_LE(delay, least + least / 4);
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), 313ms);
}

TEST(Backoff, TwoCamerasDoNotComeBackAtOnce) {
  Backoff one(5s, 5s, 1);
  Backoff other(5s, 5s, 2);
  EXPECT_NE(one.next(), other.next());
}

}  // namespace lenswire::source
