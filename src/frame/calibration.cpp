#include <lenswire/calibration.hpp>

namespace lenswire {

std::string_view to_string(DistortionModel model) noexcept {
  switch (model) {
    case DistortionModel::None:
      return "none";
    case DistortionModel::BrownConrady:
      return "brown_conrady";
    case DistortionModel::InverseBrownConrady:
      return "inverse_brown_conrady";
    case DistortionModel::KannalaBrandt4:
      return "kannala_brandt4";
  }
  return "none";
}

Intrinsics Intrinsics::cropped_and_scaled(std::uint32_t x, std::uint32_t y,
                                          std::uint32_t crop_width, std::uint32_t crop_height,
                                          std::uint32_t new_width,
                                          std::uint32_t new_height) const noexcept {
  const double scale_x = static_cast<double>(new_width) / crop_width;
  const double scale_y = static_cast<double>(new_height) / crop_height;
  Intrinsics out = *this;
  out.width = new_width;
  out.height = new_height;
  out.fx = fx * scale_x;
  out.fy = fy * scale_y;
  // Pixel centres are at whole numbers, so edges are at -0.5 and scale about there.
  out.cx = (cx - x + 0.5) * scale_x - 0.5;
  out.cy = (cy - y + 0.5) * scale_y - 0.5;
  return out;
}

}  // namespace lenswire
