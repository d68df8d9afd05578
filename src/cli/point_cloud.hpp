// point_cloud.hpp - a depth picture as points in metres.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include <lenswire/frame.hpp>
#include <lenswire/result.hpp>

#include "filter/points.hpp"
#include "frame/image.hpp"

namespace lenswire::cli {

/// Makes points of depth frames; what depends on the calibration alone is kept from frame to frame.
///
/// Threading: reentrant.
class PointMaker {
 public:
  /// x right, y down, z forward; one point for every pixel that has a measurement. The lens is
  /// undone (filter/points.hpp).
  /// Errors: InvalidArgument when the frame is no decoded depth picture, or has no intrinsics.
  Result<std::vector<std::array<float, 3>>> points(const Frame& frame);

 private:
  StreamProfilePtr profile_;
  filter::PointCloud cloud_;
  frame::Image picture_;
};

/// A binary little-endian PLY file of these points.
[[nodiscard]] std::vector<std::byte> to_ply(const std::vector<std::array<float, 3>>& points);

}  // namespace lenswire::cli
