#include "filter/joint_lift.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "filter/lens.hpp"

namespace lenswire::filter {
namespace {

constexpr double kNearestM = 0.2;
constexpr double kFarthestM = 12;
/// A depth pixel belongs to a colour pixel when it projects so near to it.
constexpr double kSamePlacePx = 1.6;
/// What lies so far behind the nearest of a patch is not the same body part.
constexpr double kSamePartM = 0.15;
constexpr int kMaxPatchRadius = 4;
/// No joint is so much nearer or farther than the middle one.
constexpr float kReachM = 0.9F;

/// How deep a joint lies under the surface that a camera in front sees.
constexpr std::array<float, kJointCount> kDepthInBodyM = {
    0.0F,  0.005F, 0.005F, 0.02F, 0.02F,         // nose, eyes, ears
    0.06F, 0.06F,  0.04F,  0.04F, 0.03F, 0.03F,  // shoulders, elbows, wrists
    0.08F, 0.08F,  0.06F,  0.06F, 0.05F, 0.05F,  // hips, knees, ankles
};

bool usable(const Intrinsics& camera) noexcept {
  return camera.fx > 0 && camera.fy > 0 && std::isfinite(camera.cx) && std::isfinite(camera.cy);
}

struct Vector {
  double x, y, z;
};

Vector moved(const Extrinsics& pose, const Vector& p) noexcept {
  const auto& r = pose.rotation;
  const auto& t = pose.translation_m;
  return {r[0] * p.x + r[1] * p.y + r[2] * p.z + t[0], r[3] * p.x + r[4] * p.y + r[5] * p.z + t[1],
          r[6] * p.x + r[7] * p.y + r[8] * p.z + t[2]};
}

Vector moved_back(const Extrinsics& pose, const Vector& p) noexcept {
  const auto& r = pose.rotation;
  const auto& t = pose.translation_m;
  const Vector q{p.x - t[0], p.y - t[1], p.z - t[2]};
  return {r[0] * q.x + r[3] * q.y + r[6] * q.z, r[1] * q.x + r[4] * q.y + r[7] * q.z,
          r[2] * q.x + r[5] * q.y + r[8] * q.z};
}

Vector along(const Ray& ray, double z_m) noexcept { return {ray.x * z_m, ray.y * z_m, z_m}; }

Ray towards(const Vector& p) noexcept {
  const double z = std::max(p.z, 1e-3);
  return {p.x / z, p.y / z};
}

// Far outside the picture a lens model turns back on itself; no ray belongs to such a pixel.
std::optional<Ray> seen_ray(const Intrinsics& camera, double x_px, double y_px) noexcept {
  const auto ray = ray_of_pixel(camera, x_px, y_px);
  const auto back = pixel_of_ray(camera, ray);
  if (!(std::abs(back.x - x_px) < 0.5 && std::abs(back.y - y_px) < 0.5)) return std::nullopt;
  return ray;
}

// Whether the pixel that a ray meets looks along that ray: a lens that turns back has two for one.
bool sees(const Intrinsics& camera, const Ray& pixel, const Ray& ray) noexcept {
  const auto back = ray_of_pixel(camera, pixel.x, pixel.y);
  return std::abs(back.x - ray.x) * camera.fx < 0.5 && std::abs(back.y - ray.y) * camera.fy < 0.5;
}

void drop_what_is_out_of_reach(Person& person) noexcept {
  std::array<float, kJointCount> depths{};
  std::size_t count = 0;
  for (const auto& joint : person.joints)
    if (joint.position.known()) depths[count++] = joint.position.z_m;
  if (count == 0) return;
  const auto middle = depths.begin() + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(depths.begin(), middle, depths.begin() + static_cast<std::ptrdiff_t>(count));
  for (auto& joint : person.joints)
    if (joint.position.known() && std::abs(joint.position.z_m - *middle) > kReachM)
      joint.position = {};
}

}  // namespace

Result<JointLift> JointLift::make(const DepthScene& scene) {
  if (scene.depth.format != PixelFormat::Z16)
    return fail(ErrorCode::Unsupported, "joints are lifted by z16 pictures only");
  if (!scene.depth.complete() || !usable(scene.depth_camera) || !usable(scene.color_camera) ||
      scene.depth_camera.width != scene.depth.width ||
      scene.depth_camera.height != scene.depth.height || !(scene.depth_unit_m > 0))
    return fail(ErrorCode::InvalidArgument, "the depth picture and its calibration do not fit");
  return JointLift(scene);
}

std::uint16_t JointLift::raw_at(int x, int y) const noexcept {
  const auto& depth = scene_->depth;
  if (x < 0 || y < 0 || x >= static_cast<int>(depth.width) || y >= static_cast<int>(depth.height))
    return kNoDepth;
  std::uint16_t raw = 0;
  std::memcpy(&raw,
              depth.data.data() + static_cast<std::size_t>(y) * depth.stride_bytes +
                  static_cast<std::size_t>(x) * sizeof raw,
              sizeof raw);
  return raw;
}

std::optional<JointLift::DepthPixel> JointLift::find(double x_px, double y_px) const noexcept {
  const auto color_ray = seen_ray(scene_->color_camera, x_px, y_px);
  if (!color_ray) return std::nullopt;
  // Among the depth camera's rays it is a straight line; its lens may make a curve of it.
  const auto ray_to = [&](double z) {
    return towards(moved(scene_->depth_from_color, along(*color_ray, z)));
  };
  const auto near = ray_to(kNearestM), far = ray_to(kFarthestM);
  const auto near_px = pixel_of_ray(scene_->depth_camera, near);
  const auto far_px = pixel_of_ray(scene_->depth_camera, far);
  const double length = std::max({std::abs(far_px.x - near_px.x), std::abs(far_px.y - near_px.y),
                                  std::abs(far.x - near.x) * scene_->depth_camera.fx,
                                  std::abs(far.y - near.y) * scene_->depth_camera.fy});
  if (!std::isfinite(length)) return std::nullopt;
  // The cameras are centimetres apart, so the line is short; a broken calibration must not make it
  // endless.
  const int steps = static_cast<int>(std::clamp(std::ceil(length), 1.0, 4096.0));
  const bool bent = bends(scene_->depth_camera);
  std::optional<DepthPixel> best;
  double best_z = kFarthestM;
  for (int i = 0; i <= steps; ++i) {
    const double share = static_cast<double>(i) / steps;
    const Ray ray{near.x + (far.x - near.x) * share, near.y + (far.y - near.y) * share};
    const auto at = pixel_of_ray(scene_->depth_camera, ray);
    if (!(std::abs(at.x) < 1e6 && std::abs(at.y) < 1e6)) continue;
    const auto raw =
        raw_at(static_cast<int>(std::lround(at.x)), static_cast<int>(std::lround(at.y)));
    if (raw == kNoDepth) continue;
    const double z = raw * scene_->depth_unit_m;
    if (z >= best_z || z < kNearestM) continue;
    if (bent && !sees(scene_->depth_camera, at, ray)) continue;
    const auto p = moved_back(scene_->depth_from_color, along(ray, z));
    if (p.z <= 0) continue;
    const auto back = pixel_of_ray(scene_->color_camera, towards(p));
    const double dx = back.x - x_px, dy = back.y - y_px;
    if (!(dx * dx + dy * dy <= kSamePlacePx * kSamePlacePx)) continue;
    best = DepthPixel{at.x, at.y};
    best_z = z;
  }
  return best;
}

std::uint16_t JointLift::patch_median(const DepthPixel& at, int radius) const noexcept {
  constexpr int kSide = 2 * kMaxPatchRadius + 1;
  std::array<std::uint16_t, kSide * kSide> values{};
  std::size_t count = 0;
  const int x0 = static_cast<int>(std::lround(at.x));
  const int y0 = static_cast<int>(std::lround(at.y));
  for (int y = y0 - radius; y <= y0 + radius; ++y)
    for (int x = x0 - radius; x <= x0 + radius; ++x)
      if (const auto raw = raw_at(x, y); raw != kNoDepth) values[count++] = raw;
  if (count == 0) return kNoDepth;
  const auto begin = values.begin();
  std::sort(begin, begin + static_cast<std::ptrdiff_t>(count));
  // The nearest tenth may be noise; beside a thin limb most of the patch is the wall behind it.
  const double limit = values[count / 10] * scene_->depth_unit_m + kSamePartM;
  while (count > 1 && values[count - 1] * scene_->depth_unit_m > limit) --count;
  return values[count / 2];
}

std::optional<JointPosition> JointLift::surface(double x_px, double y_px) const noexcept {
  auto at = find(x_px, y_px);
  // In a hole the neighbours tell.
  for (int ring = 1; !at && ring <= 3; ++ring)
    for (const auto& [dx, dy] : {std::pair{2, 0}, {-2, 0}, {0, 2}, {0, -2}})
      if (!at) at = find(x_px + dx * ring, y_px + dy * ring);
  if (!at) return std::nullopt;
  // About 4 cm of surface, whatever the resolution and the distance.
  const auto middle = patch_median(*at, 1);
  if (middle == kNoDepth) return std::nullopt;
  const double near_z = middle * scene_->depth_unit_m;
  const int radius =
      std::clamp(static_cast<int>(0.02 * scene_->depth_camera.fx / near_z), 1, kMaxPatchRadius);
  const double z = patch_median(*at, radius) * scene_->depth_unit_m;
  // On the colour pixel's own ray, at that depth: the patch's centre is rounded to a pixel.
  const auto ray = seen_ray(scene_->color_camera, x_px, y_px);
  if (!ray) return std::nullopt;
  const auto direction = along(*ray, 1);
  const auto& r = scene_->depth_from_color.rotation;
  const double slope = r[6] * direction.x + r[7] * direction.y + r[8] * direction.z;
  const double color_z = (z - scene_->depth_from_color.translation_m[2]) / slope;
  if (!(slope > 1e-3 && color_z > 0)) return std::nullopt;
  const auto p = moved(scene_->depth_from_color, along(*ray, color_z));
  return JointPosition{static_cast<float>(p.x), static_cast<float>(p.y), static_cast<float>(p.z)};
}

void JointLift::lift(Person& person) const noexcept {
  for (std::size_t i = 0; i < kJointCount; ++i) {
    auto& joint = person.joints[i];
    joint.position = {};
    if (!joint.seen()) continue;
    const auto at = surface(joint.x_px, joint.y_px);
    if (!at) continue;
    // Further along the ray, so that the pixel stays the same.
    const float length = std::hypot(at->x_m, at->y_m, at->z_m);
    const float factor = (length + kDepthInBodyM[i]) / length;
    joint.position = {at->x_m * factor, at->y_m * factor, at->z_m * factor};
  }
  drop_what_is_out_of_reach(person);
}

}  // namespace lenswire::filter
