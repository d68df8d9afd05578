// one_euro.hpp - steadies a value that a person's movement drives.
#pragma once

namespace lenswire::filter {

struct OneEuroSettings {
  double min_cutoff_hz = 1;    ///< lower: steadier at rest
  double beta = 0;             ///< higher: less lag in quick movement; Hz per unit and second
  double speed_cutoff_hz = 1;  ///< of the speed that beta looks at
};

/// A low-pass filter whose cutoff rises with the value's speed.
/// Source: G. Casiez, N. Roussel, D. Vogel, "1 Euro Filter", CHI 2012.
class OneEuroFilter {
 public:
  explicit OneEuroFilter(const OneEuroSettings& settings = {}) noexcept : settings_(settings) {}

  /// The steadied value. `seconds` since the value before; the first value passes as it is, and so
  /// does one that no time lies before.
  double filter(double value, double seconds) noexcept;
  /// The next value is a first one.
  void reset() noexcept { started_ = false; }

 private:
  OneEuroSettings settings_;
  double value_ = 0;
  double speed_ = 0;
  bool started_ = false;
};

}  // namespace lenswire::filter
