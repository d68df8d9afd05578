// projection_rows.hpp - rows of depth pixels as points in space, and as pixels of another camera.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <lenswire/calibration.hpp>

#include "filter/lens.hpp"

namespace lenswire::filter {

/// The camera that is looked through, ready for a row. A pixel's point is depth code * a + t, where
/// `a` comes from RayRows; t is in depth codes too.
struct Projection {
  /// With a straight lens the focal lengths and the centre are in `a` and `t` already.
  bool straight = true;
  std::array<float, 3> t{};
  Intrinsics camera;            ///< for lenses that need it in full
  std::array<float, 8> bend{};  ///< Brown's coefficients
  float fx = 1, fy = 1, cx = 0, cy = 0;
  std::int32_t width = 0, height = 0;
};

/// The pixels that a row's depth pixels cover, bounds included, and their codes less 1; 65535, and
/// any bounds, where there is nothing to draw. `count` numbers each.
struct Footprints {
  std::uint16_t* left;
  std::uint16_t* right;
  std::uint16_t* top;
  std::uint16_t* bottom;
  std::uint16_t* code;
};

/// The twins may differ by one pixel where a border or a rounding falls within 0.01 px or codes of
/// the step, because compilers may fuse multiplications and additions.
struct ProjectionRowKernels {
  /// `upper` and `lower` hold count + 1 corners. Returns the largest right - left or bottom - top.
  int (*footprints)(const std::uint16_t* depth, std::size_t count, const RayRow& upper,
                    const RayRow& lower, const Projection& to, const Footprints& out);
  /// The pixel that each centre falls into: y * width + x, or -1.
  void (*places)(const std::uint16_t* depth, std::size_t count, const RayRow& centers,
                 const Projection& to, std::int32_t* out);
  /// x, y, z of each pixel; NaN where there is no depth. `unit_m` is metres per code.
  void (*points)(const std::uint16_t* depth, std::size_t count, const RayRow& centers, float unit_m,
                 float* out);
};

/// Highway's for this CPU, or the scalar ones where base::force_scalar() says so.
[[nodiscard]] const ProjectionRowKernels& projection_row_kernels() noexcept;

/// The twins, each for its test.
[[nodiscard]] const ProjectionRowKernels& scalar_projection_row_kernels() noexcept;
[[nodiscard]] const ProjectionRowKernels& vector_projection_row_kernels() noexcept;

}  // namespace lenswire::filter
