#include "filter/one_euro.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lenswire::filter {
namespace {

constexpr double kStep = 1.0 / 30;

/// Root mean square distance of the filtered from the true value, over the second second.
double error_of(const OneEuroSettings& settings, double speed, double noise) {
  OneEuroFilter filter(settings);
  double sum = 0;
  int count = 0;
  for (int i = 0; i < 60; ++i) {
    const double truth = speed * i * kStep;
    const double out = filter.filter(truth + (i % 2 == 0 ? noise : -noise), kStep);
    if (i < 30) continue;
    sum += (out - truth) * (out - truth);
    ++count;
  }
  return std::sqrt(sum / count);
}

}  // namespace

TEST(OneEuro, LetsTheFirstValuePass) {
  OneEuroFilter filter({1, 0, 1});
  EXPECT_EQ(filter.filter(5, 0), 5);
  EXPECT_LT(filter.filter(6, kStep), 5.3);
  filter.reset();
  EXPECT_EQ(filter.filter(9, kStep), 9);
}

// By hand: tau = 1 / (2 pi), share = 1 / (1 + tau / 0.5) = 0.7585.
TEST(OneEuro, IsALowPassOfItsCutoff) {
  OneEuroFilter filter({1, 0, 1});
  filter.filter(0, 0);
  EXPECT_NEAR(filter.filter(1, 0.5), 0.758547, 1e-6);
}

// By hand: the speed's share is the same 0.7585 of 2 per second, so the cutoff is 1 + 1.517094 Hz.
TEST(OneEuro, RaisesTheCutoffWithTheSpeed) {
  OneEuroFilter filter({1, 1, 1});
  filter.filter(0, 0);
  EXPECT_NEAR(filter.filter(1, 0.5), 1 / (1 + 1 / (2 * M_PI * 2.517094) / 0.5), 1e-6);
}

TEST(OneEuro, SteadiesAtRestAndKeepsUpWhenMoving) {
  const OneEuroSettings eager{1, 1, 1};
  const OneEuroSettings plain{1, 0, 1};
  EXPECT_LT(error_of(eager, 0, 0.01), 0.004);
  EXPECT_LT(error_of(eager, 3, 0), 0.5 * error_of(plain, 3, 0));
}

TEST(OneEuro, TakesAValueWithoutTimeAsAFirstOne) {
  OneEuroFilter filter({1, 0, 1});
  filter.filter(1, kStep);
  EXPECT_EQ(filter.filter(7, 0), 7);
  EXPECT_EQ(filter.filter(8, -1), 8);
}

}  // namespace lenswire::filter
