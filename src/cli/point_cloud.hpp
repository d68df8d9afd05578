// point_cloud.hpp - a depth picture as points in metres.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include <lenswire/frame.hpp>
#include <lenswire/result.hpp>

namespace lenswire::cli {

/// x right, y down, z forward; one point for every pixel that has a measurement.
///
/// The lens is undone: exactly for None and InverseBrownConrady, by iteration for the others.
/// Errors: InvalidArgument when the frame is no decoded depth picture, or has no intrinsics.
Result<std::vector<std::array<float, 3>>> points_from_depth(const Frame& frame);

/// A binary little-endian PLY file of these points.
[[nodiscard]] std::vector<std::byte> to_ply(const std::vector<std::array<float, 3>>& points);

}  // namespace lenswire::cli
