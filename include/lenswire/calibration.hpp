// calibration.hpp - where a pixel looks and where a camera stands.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lenswire {

/// How a lens bends straight lines; the coefficients' order is OpenCV's.
enum class DistortionModel : std::uint8_t {
  None = 0,
  BrownConrady = 1,         ///< k1 k2 p1 p2 k3 [k4 k5 k6]
  InverseBrownConrady = 2,  ///< the same five, applied to undistort (RealSense)
  KannalaBrandt4 = 3,       ///< fisheye, k1 k2 k3 k4
};

[[nodiscard]] std::string_view to_string(DistortionModel model) noexcept;

/// Pinhole camera in pixels; (0, 0) is the centre of the top left pixel, x right, y down, z
/// forward.
struct Intrinsics {
  std::uint32_t width = 0;  ///< the image size these numbers belong to
  std::uint32_t height = 0;
  double fx = 0;
  double fy = 0;
  double cx = 0;
  double cy = 0;
  DistortionModel model = DistortionModel::None;
  std::array<double, 8> distortion{};

  bool operator==(const Intrinsics&) const = default;

  /// The same camera after the rectangle at (x, y) was cut out and scaled to another size.
  [[nodiscard]] Intrinsics cropped_and_scaled(std::uint32_t x, std::uint32_t y,
                                              std::uint32_t crop_width, std::uint32_t crop_height,
                                              std::uint32_t new_width,
                                              std::uint32_t new_height) const noexcept;
};

/// Rigid transform p_to = rotation * p_from + translation.
struct Extrinsics {
  std::array<double, 9> rotation{1, 0, 0, 0, 1, 0, 0, 0, 1};  ///< row-major
  std::array<double, 3> translation_m{};

  bool operator==(const Extrinsics&) const = default;
};

}  // namespace lenswire
