// side_by_side.hpp - colour and depth in one picture for people.
#pragma once

#include <cstdint>
#include <vector>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// Where the depth half is white.
inline constexpr double kWhiteDepthMm = 10'000;

/// Colour on the left, depth in greys on the right, both w x h: the picture of the RealSense
/// streaming applications. Keeps the tables it makes, so a stream's second picture allocates
/// nothing.
///
/// Threading: reentrant.
class SideBySide {
 public:
  /// `color` is RGB8 or BGR8, `depth` is Z16 of any size. `out` becomes 2 w x h in the format of
  /// `color`, w x h being its size; its memory is reused and is none of the memory behind the
  /// others.
  ///
  /// A depth of d millimetres is min(255, floor(d * 255 / 10000)) in all three channels; no
  /// measurement is black, like everything nearer than 40 mm. Where the depth picture has another
  /// size, each pixel shows the depth pixel nearest to its centre: column (2 x + 1) * depth width /
  /// (2 w) rounded down, rows alike. Nothing is moved by calibration.
  ///
  /// Errors: Unsupported for other formats; InvalidArgument for too little data, or a unit that is
  /// not positive or more than 1 m.
  Result<void> paint(const frame::ImageView& color, const frame::ImageView& depth,
                     double depth_unit_m, frame::Image& out);

 private:
  void prepare_shades(double depth_unit_m);
  void prepare_columns(std::uint32_t width, std::uint32_t depth_width);

  double depth_unit_m_ = 0;
  std::vector<std::uint8_t> shades_;  // by raw depth
  std::uint32_t depth_width_ = 0;
  std::vector<std::uint32_t> columns_;  // byte offset in a depth row, by column
};

}  // namespace lenswire::filter
