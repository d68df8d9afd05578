// points.hpp - a depth picture as points in space.
#pragma once

#include <cstdint>

#include <lenswire/calibration.hpp>
#include <lenswire/result.hpp>

#include "filter/lens.hpp"
#include "frame/image.hpp"

namespace lenswire::filter {

/// An organised point cloud of one depth camera. What depends on the calibration alone is computed
/// once; keeps its scratch memory.
///
/// Threading: reentrant.
class PointCloud {
 public:
  /// Errors: InvalidArgument for a calibration or a depth unit that can't be used.
  static Result<PointCloud> make(const Intrinsics& camera, double depth_unit_m);

  /// `depth` is Z16 of the camera's size; `out` becomes XYZ32F of the same: metres in the depth
  /// camera's frame, x right, y down, z forward, computed as 32-bit floats; NaN in all three where
  /// there is no measurement. The lens is undone, see ray_of_pixel(). The memory of `out` is
  /// reused and is none of the memory behind `depth`.
  ///
  /// Errors: Unsupported unless Z16; InvalidArgument for another size, or too little data.
  Result<void> run(const frame::ImageView& depth, frame::Image& out);

 private:
  std::uint32_t width_ = 0, height_ = 0;
  float unit_m_ = 0;
  RayRows rays_;
};

}  // namespace lenswire::filter
