// temporal.hpp - smooths every pixel of depth over time and bridges short gaps.
#pragma once

#include <cstdint>
#include <vector>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

struct TemporalSettings {
  double alpha = 0.4;              ///< weight of the new frame, above 0 to 1; 1 changes nothing
  std::uint32_t delta_codes = 20;  ///< a change by this much is another surface; 1..4000
  /// When a pixel without a measurement keeps its last value. 0 never; else where the frames before
  /// had enough: 1 all of 8, 2 two of 3, 3 two of 4, 4 two of 8, 5 one of 2, 6 one of 5, 7 one
  /// of 8; 8 always.
  std::uint32_t persistence = 3;

  bool operator==(const TemporalSettings&) const = default;
};

/// What one stream's pixels were lately; its owner keeps one for each stream. Another size starts
/// it anew. The names and the persistence numbers are those of librealsense's temporal filter.
///
/// Threading: reentrant.
class TemporalFilter {
 public:
  /// A pixel that changed by less than delta moves to its new value by alpha; by more, it takes it
  /// at once and its history begins anew. One that has no measurement gives its last value where
  /// its history has enough credit; the history holds eight frames, and with the last measurement
  /// in it goes the value, unless `persistence` is 8. Values are kept in 1/256 codes, alpha in
  /// 1/256, rounded half up; in raw codes, whatever the unit. The memory of `out` is reused and is
  /// none of the memory behind `in`.
  ///
  /// Errors: Unsupported unless Z16; InvalidArgument for settings out of range, or too little data.
  Result<void> run(const frame::ImageView& in, const TemporalSettings& settings, frame::Image& out);

  /// Forgets everything, as when the stream has begun anew.
  void reset() noexcept { width_ = height_ = 0; }

 private:
  std::uint32_t width_ = 0, height_ = 0;
  std::vector<std::int32_t> states_;
  std::vector<std::uint8_t> histories_;
};

}  // namespace lenswire::filter
