// align.hpp - depth as the colour camera would have seen it, and colour for every depth pixel.
#pragma once

#include <cstdint>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/stream_profile.hpp>

#include "filter/lens.hpp"
#include "filter/projection_rows.hpp"
#include "frame/image.hpp"

namespace lenswire::filter {

/// Two calibrated streams of one device. Extrinsics that a profile does not give are those of the
/// reference frame itself; one of the two must give them.
struct AlignedPair {
  Intrinsics from;
  Intrinsics to;
  Extrinsics to_from_from;

  /// Errors: InvalidArgument, naming the stream and what it lacks.
  static Result<AlignedPair> of(const StreamProfile& from, const StreamProfile& to);
};

/// Moves depth into the colour camera's picture.
///
/// What depends on the calibration alone is computed once, here; a picture then costs a fused
/// multiply-add per coordinate and pixel, with a straight lens. Keeps its scratch memory.
///
/// Threading: reentrant.
class DepthToColor {
 public:
  /// Errors: InvalidArgument for calibrations or a depth unit that can't be used.
  static Result<DepthToColor> make(const AlignedPair& depth_to_color, double depth_unit_m);

  /// `depth` is Z16 of the depth camera's size; `out` becomes Z16 of the colour camera's: the
  /// distance along the colour camera's axis in the same unit, rounded to nearest, 0 where nothing
  /// was seen. Each depth pixel is drawn as the rectangle between its projected upper left and
  /// lower right corners, on all pixels whose centres lie inside when it is grown by 1/8 px on each
  /// side; where several meet, the nearest wins. One that would be larger than 32 px is not drawn.
  /// So a magnified surface has no holes, and what the depth camera could not see has no depth.
  /// (librealsense draws the same rectangle with rounded corners, which makes near objects up to a
  /// pixel wider.) The memory of `out` is reused.
  ///
  /// Errors: Unsupported unless Z16; InvalidArgument for another size, or too little data.
  Result<void> run(const frame::ImageView& depth, frame::Image& out);

 private:
  std::uint32_t width_ = 0, height_ = 0;
  Projection projection_;
  RayRows corners_;
  std::vector<std::uint16_t> footprints_;
  std::vector<std::uint16_t> line_;
};

/// Gives every depth pixel its colour.
///
/// Threading: reentrant.
class ColorToDepth {
 public:
  /// Errors: as DepthToColor::make().
  static Result<ColorToDepth> make(const AlignedPair& depth_to_color, double depth_unit_m);

  /// `color` (RGB8, BGR8 or Y8) becomes a picture of the depth camera's size in `out`: each pixel
  /// has the colour of the colour pixel that its point in space falls into, black where there is no
  /// depth or the point is outside. What something nearer hides from the colour camera gets that
  /// thing's colour, as in librealsense. The memory of `out` is reused.
  ///
  /// Errors: Unsupported for other formats; InvalidArgument for other sizes, or too little data.
  Result<void> run(const frame::ImageView& depth, const frame::ImageView& color, frame::Image& out);

 private:
  std::uint32_t width_ = 0, height_ = 0;
  Projection projection_;
  RayRows centers_;
  std::vector<std::int32_t> places_;
};

/// The profile of depth moved into the colour camera's picture; stream "depth_aligned".
[[nodiscard]] StreamProfile depth_aligned_profile(const StreamProfile& depth,
                                                  const StreamProfile& color);
/// The profile of colour for every depth pixel; stream "color_aligned", RGB8.
[[nodiscard]] StreamProfile color_aligned_profile(const StreamProfile& depth,
                                                  const StreamProfile& color);

}  // namespace lenswire::filter
