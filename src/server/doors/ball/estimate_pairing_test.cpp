#include "server/doors/ball/estimate_pairing.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace lenswire::server::ball {
namespace {

using namespace std::chrono_literals;

constexpr double kSide = 400;
constexpr double kPlausible = 40;

// A ball that moves by (3, 2) a frame, 20 frames a second.
Estimate ball(std::uint64_t n) {
  return {50 + 3 * static_cast<double>(n), 60 + 2 * static_cast<double>(n)};
}
MonotonicTime at(std::uint64_t n) { return MonotonicTime(1h) + n * 50ms; }

EstimatePairing make() { return {kSide, kSide, kPlausible}; }

}  // namespace

TEST(EstimatePairing, GivesBothNorms) {
  const auto error = error_between({10, 20}, {13, 16});
  EXPECT_EQ(error.l1, 7);
  EXPECT_EQ(error.l2, 5);
}

TEST(EstimatePairing, KeepsAPerfectClientWithoutErrorHoweverLateItAnswers) {
  for (const std::uint64_t late : {0U, 1U, 5U, 20U}) {
    auto pairing = make();
    for (std::uint64_t n = 0; n < 80; ++n) {
      pairing.sent(n, ball(n), at(n));
      if (n < late) continue;
      const auto pair = pairing.match(ball(n - late), at(n));
      ASSERT_TRUE(pair);
      EXPECT_EQ(pair->sequence, n - late);
      EXPECT_EQ(pair->error.l1, 0);
      EXPECT_EQ(pair->sent_to_estimate, late * 50ms);
    }
    EXPECT_EQ(pairing.waiting(), late);
    EXPECT_EQ(pairing.unanswered(), 0U);
  }
}

TEST(EstimatePairing, DoesNotDriftWhenFramesAreLeftOut) {
  auto pairing = make();
  std::uint64_t answered = 0;
  for (std::uint64_t n = 0; n < 90; ++n) {
    pairing.sent(n, ball(n), at(n));
    // Every third has no circle, and what there is comes two frames late.
    if (n < 2 || (n - 2) % 3 == 1) continue;
    const auto pair = pairing.match(ball(n - 2), at(n));
    ASSERT_TRUE(pair);
    EXPECT_EQ(pair->sequence, n - 2);
    EXPECT_EQ(pair->error.l2, 0);
    ++answered;
  }
  EXPECT_EQ(answered + pairing.unanswered() + pairing.waiting(), 90U);
}

TEST(EstimatePairing, ChargesAnInaccurateClientItsRealError) {
  auto pairing = make();
  for (std::uint64_t n = 0; n < 60; ++n) {
    pairing.sent(n, ball(n), at(n));
    if (n < 3) continue;
    // One pixel ahead, where the next frame's ball is near: still its own frame.
    const auto truth = ball(n - 3);
    const auto pair = pairing.match({truth.x_px + 1, truth.y_px + 1}, at(n));
    ASSERT_TRUE(pair);
    EXPECT_EQ(pair->sequence, n - 3);
    EXPECT_EQ(pair->error.l1, 2);
  }
}

TEST(EstimatePairing, GivesTheEarliestFrameAnEstimateThatIsNowhereNear) {
  auto pairing = make();
  for (std::uint64_t n = 0; n < 3; ++n) pairing.sent(n, ball(n), at(n));
  const auto pair = pairing.match({390, 390}, at(3));
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->sequence, 0U);
  EXPECT_FALSE(pair->plausible);
  EXPECT_EQ(pair->error.l1, 340 + 330);
  EXPECT_EQ(pairing.waiting(), 2U);
}

TEST(EstimatePairing, RefusesHostileEstimates) {
  auto pairing = make();
  pairing.sent(1, ball(1), at(1));
  const double huge = std::numeric_limits<double>::max();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& estimate : {Estimate{huge, 0}, Estimate{0, -huge}, Estimate{nan, 10},
                               Estimate{10, nan}, Estimate{801, 0}, Estimate{0, -401}})
    EXPECT_FALSE(pairing.match(estimate, at(1)));
  EXPECT_EQ(pairing.unmatched(), 6U);
  EXPECT_EQ(pairing.match(ball(1), at(1))->sequence, 1U) << "the frame still waits";
}

TEST(EstimatePairing, TakesNoMoreEstimatesThanFrames) {
  auto pairing = make();
  EXPECT_FALSE(pairing.match({1, 1}, at(0)));
  pairing.sent(1, ball(1), at(1));
  EXPECT_TRUE(pairing.match(ball(1), at(1)));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(pairing.match(ball(1), at(1)));
  EXPECT_EQ(pairing.unmatched(), 1001U);
}

TEST(EstimatePairing, GivesFramesUpThatNobodyAnswers) {
  auto pairing = make();
  for (std::uint64_t n = 0; n <= kPairingWindowFrames; ++n) pairing.sent(n, ball(n), at(0));
  EXPECT_EQ(pairing.waiting(), kPairingWindowFrames);
  EXPECT_EQ(pairing.unanswered(), 1U);
  EXPECT_FALSE(pairing.match(ball(3), at(0) + kPairingWindow + 1ns)) << "too late";
  EXPECT_EQ(pairing.waiting(), 0U);
  EXPECT_EQ(pairing.unanswered(), kPairingWindowFrames + 1);
}

}  // namespace lenswire::server::ball
