#include "filter/one_euro.hpp"

#include <cmath>
#include <numbers>

namespace lenswire::filter {
namespace {

/// The share of a new value in a first-order low-pass filter.
double share_of_new(double cutoff_hz, double seconds) noexcept {
  const double constant_s = 1 / (2 * std::numbers::pi * cutoff_hz);
  return 1 / (1 + constant_s / seconds);
}

}  // namespace

double OneEuroFilter::filter(double value, double seconds) noexcept {
  if (!started_ || !(seconds > 0)) {
    started_ = true;
    speed_ = 0;
    return value_ = value;
  }
  const double speed = (value - value_) / seconds;
  speed_ += share_of_new(settings_.speed_cutoff_hz, seconds) * (speed - speed_);
  const double cutoff_hz = settings_.min_cutoff_hz + settings_.beta * std::abs(speed_);
  return value_ += share_of_new(cutoff_hz, seconds) * (value - value_);
}

}  // namespace lenswire::filter
