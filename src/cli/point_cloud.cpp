#include "cli/point_cloud.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "base/byte_writer.hpp"

namespace lenswire::cli {
namespace {

constexpr int kIterations = 20;

struct Ray {
  double x = 0;
  double y = 0;
};

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

// Source: J. Kannala, S. Brandt, "A generic camera model ...", 2006; Newton on the angle.
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

Ray undistorted(const Intrinsics& camera, Ray ray) noexcept {
  switch (camera.model) {
    case DistortionModel::None:
      return ray;
    case DistortionModel::BrownConrady:
      return inverse_brown(camera.distortion, ray);
    case DistortionModel::InverseBrownConrady: {
      auto five = camera.distortion;
      five[5] = five[6] = five[7] = 0;
      return brown(five, ray);
    }
    case DistortionModel::KannalaBrandt4:
      return inverse_kannala_brandt(camera.distortion, ray);
  }
  return ray;
}

}  // namespace

Result<std::vector<std::array<float, 3>>> points_from_depth(const Frame& frame) {
  const auto& profile = *frame.profile;
  if (profile.kind != StreamKind::Depth || profile.format != PixelFormat::Z16 ||
      frame.data.size() < frame_bytes(profile.format, frame.stride_bytes, profile.height))
    return fail(ErrorCode::InvalidArgument, "points can only be made of a depth picture");
  if (!profile.intrinsics || !(profile.intrinsics->fx > 0) || !(profile.intrinsics->fy > 0) ||
      !(profile.depth_unit_m > 0))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("stream '{}' has no calibration, so its pixels have no place in space; "
                            "use --format png",
                            profile.stream));
  const auto& camera = *profile.intrinsics;
  std::vector<std::array<float, 3>> points;
  points.reserve(std::size_t{profile.width} * profile.height);
  for (std::uint32_t y = 0; y < profile.height; ++y) {
    const auto* row = frame.data.data() + std::size_t{y} * frame.stride_bytes;
    for (std::uint32_t x = 0; x < profile.width; ++x) {
      std::uint16_t raw = 0;
      std::memcpy(&raw, row + std::size_t{x} * 2, sizeof raw);
      if (raw == kNoDepth) continue;
      const Ray ray =
          undistorted(camera, {(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy});
      const double z = raw * profile.depth_unit_m;
      points.push_back(
          {static_cast<float>(ray.x * z), static_cast<float>(ray.y * z), static_cast<float>(z)});
    }
  }
  return points;
}

std::vector<std::byte> to_ply(const std::vector<std::array<float, 3>>& points) {
  std::vector<std::byte> out;
  base::ByteWriter writer(out);
  writer.text(fmt::format(
      "ply\nformat binary_little_endian 1.0\nelement vertex {}\nproperty float x\nproperty float "
      "y\nproperty float z\nend_header\n",
      points.size()));
  const auto start = out.size();
  out.resize(start + points.size() * sizeof(points[0]));
  static_assert(std::endian::native == std::endian::little);
  if (!points.empty()) std::memcpy(out.data() + start, points.data(), out.size() - start);
  return out;
}

}  // namespace lenswire::cli
