// lens.hpp - between pixels and viewing rays, through the lens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <lenswire/calibration.hpp>
#include <lenswire/result.hpp>

namespace lenswire::filter {

/// A direction: x right and y down at one metre in front of the camera.
struct Ray {
  double x = 0;
  double y = 0;
};

/// Where a pixel looks: exactly for None and InverseBrownConrady, by iteration to about 1e-9 for
/// the others.
[[nodiscard]] Ray ray_of_pixel(const Intrinsics& camera, double x, double y) noexcept;

/// The pixel that a ray meets; the inverse of ray_of_pixel().
[[nodiscard]] Ray pixel_of_ray(const Intrinsics& camera, Ray ray) noexcept;

/// Whether the lens bends anything: a model other than None with a coefficient other than 0.
[[nodiscard]] bool bends(const Intrinsics& camera) noexcept;

/// Errors: InvalidArgument, beginning with `what`, unless the focal lengths are above 0, all
/// numbers finite, and the size (at most 32766 a side and 32 megapixels) is that of the picture.
[[nodiscard]] Result<void> check_camera(const Intrinsics& camera, std::uint32_t width,
                                        std::uint32_t height, const char* what);

/// One row of RayRows: point i has the three numbers planes[k][i] + offset[k].
struct RayRow {
  std::array<const float*, 3> planes{};
  std::array<float, 3> offset{};

  /// The row without its first points.
  [[nodiscard]] RayRow from(std::size_t first) const noexcept {
    return {{planes[0] + first, planes[1] + first, planes[2] + first}, offset};
  }
  [[nodiscard]] float at(std::size_t plane, std::size_t i) const noexcept {
    return planes[plane][i] + offset[plane];
  }
};

/// Three linear functions of the rays of a grid of points, row by row: matrix * (ray.x, ray.y, 1).
/// A straight lens keeps one row and one column of numbers, a bent one all.
class RayRows {
 public:
  RayRows() = default;
  /// The grid's point (0, 0) is the pixel position (first, first); the steps are whole pixels.
  RayRows(const Intrinsics& camera, double first, std::size_t columns, std::size_t rows,
          const std::array<double, 9>& matrix);

  [[nodiscard]] RayRow row(std::size_t y) const noexcept;

 private:
  std::size_t columns_ = 0;
  bool straight_ = true;
  std::vector<float> table_;  // three planes: of one row where straight, else of all
  std::vector<std::array<float, 3>> offsets_;  // of every row, where straight
  std::size_t plane_ = 0;
};

/// The product of two 3 x 3 matrices, row-major.
[[nodiscard]] std::array<double, 9> multiply(const std::array<double, 9>& a,
                                             const std::array<double, 9>& b) noexcept;

/// to_from_stream for two streams that each know their place in the device's reference frame.
[[nodiscard]] Extrinsics between(const Extrinsics& reference_from_from,
                                 const Extrinsics& reference_from_to) noexcept;

}  // namespace lenswire::filter
