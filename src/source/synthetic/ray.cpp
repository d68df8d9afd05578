#include "source/synthetic/ray.hpp"

#include <algorithm>

namespace lenswire::source::synthetic {
namespace {

std::uint32_t pixel(double position, std::uint32_t size) noexcept {
  if (!(position > 0)) return 0;
  return position >= size ? size : static_cast<std::uint32_t>(position);
}

}  // namespace

PixelBounds bounds_of(const Target& target, const Intrinsics& camera) noexcept {
  // A box that holds the target however it is turned.
  const double reach_x = target.shape == RoomShape::Sphere
                             ? target.half_x
                             : static_cast<double>(target.half_x) + target.half_z;
  const double reach_y = target.half_y;
  const double near = target.z - reach_x;
  const double far = target.z + reach_x;
  if (near < 0.05) return {0, camera.width, 0, camera.height};
  const auto spread = [near, far](double low, double high, double& from, double& to) {
    from = std::min(low / near, low / far);
    to = std::max(high / near, high / far);
  };
  double left, right, top, bottom;
  spread(target.x - reach_x, target.x + reach_x, left, right);
  spread(target.y - reach_y, target.y + reach_y, top, bottom);
  return {pixel(left * camera.fx + camera.cx - 1, camera.width),
          pixel(right * camera.fx + camera.cx + 2, camera.width),
          pixel(top * camera.fy + camera.cy - 1, camera.height),
          pixel(bottom * camera.fy + camera.cy + 2, camera.height)};
}

}  // namespace lenswire::source::synthetic
