#include "filter/lens.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace lenswire::filter {
namespace {

constexpr int kIterations = 20;

// Where Brown's lens model moves an ideal ray to. Source: D. C. Brown, "Close-range camera
// calibration", 1971; the order of the coefficients is OpenCV's.
Ray brown(const std::array<double, 8>& d, Ray ray) noexcept {
  const double r2 = ray.x * ray.x + ray.y * ray.y;
  const double radial =
      (1 + r2 * (d[0] + r2 * (d[1] + r2 * d[4]))) / (1 + r2 * (d[5] + r2 * (d[6] + r2 * d[7])));
  const double xy2 = 2 * ray.x * ray.y;
  return {ray.x * radial + d[2] * xy2 + d[3] * (r2 + 2 * ray.x * ray.x),
          ray.y * radial + d[3] * xy2 + d[2] * (r2 + 2 * ray.y * ray.y)};
}

// The inverse by fixed point: lenses move rays little, so it converges fast.
Ray inverse_brown(const std::array<double, 8>& d, Ray distorted) noexcept {
  Ray ray = distorted;
  for (int i = 0; i < kIterations; ++i) {
    const Ray moved = brown(d, ray);
    ray.x += distorted.x - moved.x;
    ray.y += distorted.y - moved.y;
  }
  return ray;
}

std::array<double, 8> first_five(const std::array<double, 8>& d) noexcept {
  return {d[0], d[1], d[2], d[3], d[4], 0, 0, 0};
}

// Source: J. Kannala, S. Brandt, "A generic camera model ...", 2006.
Ray kannala_brandt(const std::array<double, 8>& d, Ray ray) noexcept {
  const double radius = std::hypot(ray.x, ray.y);
  if (radius < 1e-12) return ray;
  const double angle = std::atan(radius), a2 = angle * angle;
  const double scale = angle * (1 + a2 * (d[0] + a2 * (d[1] + a2 * (d[2] + a2 * d[3])))) / radius;
  return {ray.x * scale, ray.y * scale};
}

// Newton on the angle.
Ray inverse_kannala_brandt(const std::array<double, 8>& d, Ray distorted) noexcept {
  const double radius = std::hypot(distorted.x, distorted.y);
  if (radius < 1e-12) return distorted;
  double angle = radius;
  for (int i = 0; i < kIterations; ++i) {
    const double a2 = angle * angle;
    const double value = angle * (1 + a2 * (d[0] + a2 * (d[1] + a2 * (d[2] + a2 * d[3])))) - radius;
    const double slope = 1 + a2 * (3 * d[0] + a2 * (5 * d[1] + a2 * (7 * d[2] + a2 * 9 * d[3])));
    angle -= value / slope;
  }
  const double scale = std::tan(angle) / radius;
  return {distorted.x * scale, distorted.y * scale};
}

}  // namespace

Ray ray_of_pixel(const Intrinsics& camera, double x, double y) noexcept {
  const Ray seen{(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy};
  switch (camera.model) {
    case DistortionModel::None:
      return seen;
    case DistortionModel::BrownConrady:
      return inverse_brown(camera.distortion, seen);
    case DistortionModel::InverseBrownConrady:
      return brown(first_five(camera.distortion), seen);
    case DistortionModel::KannalaBrandt4:
      return inverse_kannala_brandt(camera.distortion, seen);
  }
  return seen;
}

Ray pixel_of_ray(const Intrinsics& camera, Ray ray) noexcept {
  switch (camera.model) {
    case DistortionModel::None:
      break;
    case DistortionModel::BrownConrady:
      ray = brown(camera.distortion, ray);
      break;
    case DistortionModel::InverseBrownConrady:
      ray = inverse_brown(first_five(camera.distortion), ray);
      break;
    case DistortionModel::KannalaBrandt4:
      ray = kannala_brandt(camera.distortion, ray);
      break;
  }
  return {ray.x * camera.fx + camera.cx, ray.y * camera.fy + camera.cy};
}

bool bends(const Intrinsics& camera) noexcept {
  switch (camera.model) {
    case DistortionModel::None:
      return false;
    case DistortionModel::KannalaBrandt4:
      return true;  // even without coefficients it is no pinhole
    default:
      return std::any_of(camera.distortion.begin(), camera.distortion.end(),
                         [](double value) { return value != 0; });
  }
}

Result<void> check_camera(const Intrinsics& camera, std::uint32_t width, std::uint32_t height,
                          const char* what) {
  bool good = camera.fx > 0 && camera.fy > 0;
  for (const double value : {camera.fx, camera.fy, camera.cx, camera.cy})
    good = good && std::isfinite(value);
  for (const double value : camera.distortion) good = good && std::isfinite(value);
  if (!good)
    return fail(ErrorCode::InvalidArgument,
                std::string(what) +
                    ": the calibration has no usable focal lengths; give the "
                    "camera one with `lenswire calibration set`");
  constexpr std::uint32_t kMaxSide = 32766;
  constexpr std::uint64_t kMaxPixels = std::uint64_t{1} << 25;
  if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide ||
      std::uint64_t{width} * height > kMaxPixels)
    return fail(ErrorCode::InvalidArgument,
                std::string(what) + ": pictures of more than 32 megapixels are too large");
  if (camera.width != width || camera.height != height)
    return fail(ErrorCode::InvalidArgument,
                std::string(what) + ": the calibration belongs to pictures of " +
                    std::to_string(camera.width) + "x" + std::to_string(camera.height) + ", not " +
                    std::to_string(width) + "x" + std::to_string(height));
  return {};
}

RayRows::RayRows(const Intrinsics& camera, double first, std::size_t columns, std::size_t rows,
                 const std::array<double, 9>& m)
    : columns_(columns), straight_(!bends(camera)), plane_(straight_ ? columns : columns * rows) {
  table_.resize(3 * plane_);
  if (straight_) {
    offsets_.resize(rows);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t x = 0; x < columns; ++x)
        table_[i * plane_ + x] = static_cast<float>(
            m[3 * i] * ((static_cast<double>(x) + first - camera.cx) / camera.fx));
      for (std::size_t y = 0; y < rows; ++y)
        offsets_[y].at(i) = static_cast<float>(
            m[3 * i + 1] * ((static_cast<double>(y) + first - camera.cy) / camera.fy) +
            m[3 * i + 2]);
    }
    return;
  }
  for (std::size_t y = 0; y < rows; ++y)
    for (std::size_t x = 0; x < columns; ++x) {
      const Ray ray =
          ray_of_pixel(camera, static_cast<double>(x) + first, static_cast<double>(y) + first);
      for (std::size_t i = 0; i < 3; ++i)
        table_[i * plane_ + y * columns + x] =
            static_cast<float>(m[3 * i] * ray.x + m[3 * i + 1] * ray.y + m[3 * i + 2]);
    }
}

RayRow RayRows::row(std::size_t y) const noexcept {
  RayRow out;
  for (std::size_t i = 0; i < 3; ++i)
    out.planes.at(i) = table_.data() + i * plane_ + (straight_ ? 0 : y * columns_);
  if (straight_) out.offset = offsets_[y];
  return out;
}

std::array<double, 9> multiply(const std::array<double, 9>& a,
                               const std::array<double, 9>& b) noexcept {
  std::array<double, 9> out{};
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t column = 0; column < 3; ++column)
      for (std::size_t i = 0; i < 3; ++i)
        out[3 * row + column] += a[3 * row + i] * b[3 * i + column];
  return out;
}

Extrinsics between(const Extrinsics& reference_from_from,
                   const Extrinsics& reference_from_to) noexcept {
  const auto& r = reference_from_to.rotation;
  const std::array<double, 9> inverse{r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8]};
  Extrinsics out;
  out.rotation = multiply(inverse, reference_from_from.rotation);
  for (std::size_t row = 0; row < 3; ++row) {
    out.translation_m.at(row) = 0;
    for (std::size_t i = 0; i < 3; ++i)
      out.translation_m.at(row) +=
          inverse.at(3 * row + i) *
          (reference_from_from.translation_m.at(i) - reference_from_to.translation_m.at(i));
  }
  return out;
}

}  // namespace lenswire::filter
