#include "hub/delivery_queue.hpp"

#include <gtest/gtest.h>

#include "hub/test_frames.hpp"

namespace lenswire::hub {
namespace {

std::vector<Missed> taken(DeliveryQueue& queue, std::uint64_t expected_sequence) {
  MissedList missed;
  EXPECT_TRUE(queue.ready());
  EXPECT_EQ(queue.take(missed)->sequence(), expected_sequence);
  return {missed.records().begin(), missed.records().end()};
}

}  // namespace

TEST(DeliveryQueue, LatestKeepsTheNewestAndSaysWhatWasMissed) {
  DeliveryQueue queue({});
  EXPECT_FALSE(queue.ready());
  for (std::uint64_t i = 0; i < 4; ++i) queue.offer(test_encoded(i));
  EXPECT_EQ(taken(queue, 3), (std::vector<Missed>{{MissReason::SlowClient, 3, 0}}));
  EXPECT_FALSE(queue.ready());
  queue.offer(test_encoded(4));
  EXPECT_TRUE(taken(queue, 4).empty());
  EXPECT_EQ(queue.counters().delivered, 2U);
  EXPECT_EQ(queue.counters().missed[0], 3U);
}

TEST(DeliveryQueue, EveryKeepsAllUntilItsBoundAndThenLosesTheOldest) {
  DeliveryQueue queue({DeliveryPolicy::Every, 3, 0});
  for (std::uint64_t i = 0; i < 5; ++i) queue.offer(test_encoded(i));
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(taken(queue, 2), (std::vector<Missed>{{MissReason::SlowClient, 2, 0}}));
  EXPECT_TRUE(taken(queue, 3).empty());
  EXPECT_TRUE(taken(queue, 4).empty());
}

TEST(DeliveryQueue, PullGivesOneFramePerGrant) {
  DeliveryQueue queue({DeliveryPolicy::Pull, 8, 0});
  queue.offer(test_encoded(0));
  queue.offer(test_encoded(1));
  EXPECT_FALSE(queue.ready());
  queue.grant(1);
  EXPECT_EQ(taken(queue, 1), (std::vector<Missed>{{MissReason::RateLimit, 1, 0}}));
  queue.offer(test_encoded(2));
  EXPECT_FALSE(queue.ready());
  queue.grant(2);
  EXPECT_TRUE(taken(queue, 2).empty());
  queue.offer(test_encoded(3));
  EXPECT_TRUE(taken(queue, 3).empty());
  queue.offer(test_encoded(4));
  EXPECT_FALSE(queue.ready());
}

TEST(DeliveryQueue, RateLimitLeavesOutTheRightShare) {
  DeliveryQueue queue({DeliveryPolicy::Latest, 8, 10});
  std::uint64_t delivered = 0;
  MissedList missed;
  std::uint64_t missed_total = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    queue.offer(test_encoded(i));  // 30 Hz
    if (!queue.ready()) continue;
    queue.take(missed);
    missed_total += missed.total();
    ++delivered;
  }
  EXPECT_NEAR(static_cast<double>(delivered), 100, 2);
  EXPECT_GE(missed_total + delivered, 297U);
  EXPECT_EQ(queue.counters().missed[3], missed_total) << "all for the rate limit";
}

TEST(DeliveryQueue, PassesOnWhatTheStreamAlreadyLacked) {
  DeliveryQueue queue({});
  auto gap = std::make_shared<EncodedFrame>(*test_encoded(7));
  gap->preceding.add(MissReason::SourceGap, 5, 2);
  queue.offer(test_encoded(4));
  queue.offer(gap);
  EXPECT_EQ(taken(queue, 7),
            (std::vector<Missed>{{MissReason::SlowClient, 1, 4}, {MissReason::SourceGap, 2, 5}}));
}

TEST(DeliveryQueue, AccountsForEveryFrameExactlyOnce) {
  DeliveryQueue queue({DeliveryPolicy::Every, 4, 0});
  std::uint64_t accounted = 0;
  MissedList missed;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    queue.offer(test_encoded(i));
    if (i % 7 != 0) continue;
    queue.take(missed);
    accounted += 1 + missed.total();
  }
  while (queue.ready()) {
    queue.take(missed);
    accounted += 1 + missed.total();
  }
  EXPECT_EQ(accounted, 1000U);
}

}  // namespace lenswire::hub
