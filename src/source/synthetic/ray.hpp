// ray.hpp - where a ray meets a sphere or a box.
#pragma once

#include <cmath>
#include <cstdint>

#include "source/synthetic/room_scene.hpp"

namespace lenswire::source::synthetic {

/// A moving object as one camera sees it, ready for casting: single precision, camera at the
/// origin.
struct Target {
  explicit Target(const RoomObject& object, double camera_x) noexcept
      : shape(object.shape),
        label(object.label),
        x(static_cast<float>(object.center.x - camera_x)),
        y(static_cast<float>(object.center.y)),
        z(static_cast<float>(object.center.z)),
        half_x(static_cast<float>(object.half.x)),
        half_y(static_cast<float>(object.half.y)),
        half_z(static_cast<float>(object.half.z)),
        cosine(static_cast<float>(object.cosine)),
        sine(static_cast<float>(object.sine)) {}

  RoomShape shape;
  std::uint8_t label;
  float x, y, z;
  float half_x, half_y, half_z;
  float cosine, sine;
};

/// A rectangle of pixels, end exclusive.
struct PixelBounds {
  std::uint32_t left = 0;
  std::uint32_t right = 0;
  std::uint32_t top = 0;
  std::uint32_t bottom = 0;
};

/// No pixel outside this rectangle shows the target.
[[nodiscard]] PixelBounds bounds_of(const Target& target, const Intrinsics& camera) noexcept;

struct Hit {
  float z = 0;  // 0 = none
  // Where on the object, in its own frame, relative to its centre.
  float x = 0, y = 0, side_z = 0;
  // The surface's direction in the camera's frame.
  float normal_x = 0, normal_y = 0, normal_z = 0;
};

/// Meets the ray (dx, dy, 1) * z. The nearer crossing in front of the camera, if any.
[[nodiscard]] inline Hit cast_sphere(const Target& s, float dx, float dy) noexcept {
  const float length2 = dx * dx + dy * dy + 1.0F;
  const float along = dx * s.x + dy * s.y + s.z;
  const float rest = s.x * s.x + s.y * s.y + s.z * s.z - s.half_x * s.half_x;
  const float discriminant = along * along - length2 * rest;
  if (discriminant <= 0.0F) return {};
  Hit hit;
  hit.z = (along - std::sqrt(discriminant)) / length2;
  if (hit.z <= 0.0F) return {};
  hit.x = dx * hit.z - s.x;
  hit.y = dy * hit.z - s.y;
  hit.side_z = hit.z - s.z;
  hit.normal_x = hit.x / s.half_x;
  hit.normal_y = hit.y / s.half_x;
  hit.normal_z = hit.side_z / s.half_x;
  return hit;
}

[[nodiscard]] inline Hit cast_box(const Target& b, float dx, float dy) noexcept {
  // Into the box's own frame; a ray parallel to a face is nudged off it.
  const auto usable = [](float v) {
    return v > -1e-6F && v < 1e-6F ? (v < 0.0F ? -1e-6F : 1e-6F) : v;
  };
  const float ray_x = usable(b.cosine * dx - b.sine);
  const float ray_y = usable(dy);
  const float ray_z = usable(b.sine * dx + b.cosine);
  const float eye_x = -(b.cosine * b.x - b.sine * b.z);
  const float eye_y = -b.y;
  const float eye_z = -(b.sine * b.x + b.cosine * b.z);
  const auto ordered = [](float a, float c, float& low, float& high) {
    low = a < c ? a : c;
    high = a < c ? c : a;
  };
  float near_x, far_x, near_y, far_y, near_z, far_z;
  ordered((-b.half_x - eye_x) / ray_x, (b.half_x - eye_x) / ray_x, near_x, far_x);
  ordered((-b.half_y - eye_y) / ray_y, (b.half_y - eye_y) / ray_y, near_y, far_y);
  ordered((-b.half_z - eye_z) / ray_z, (b.half_z - eye_z) / ray_z, near_z, far_z);
  float entry = near_x > near_y ? near_x : near_y;
  entry = entry > near_z ? entry : near_z;
  float exit = far_x < far_y ? far_x : far_y;
  exit = exit < far_z ? exit : far_z;
  if (entry > exit || entry <= 0.0F) return {};
  Hit hit;
  hit.z = entry;
  hit.x = eye_x + ray_x * entry;
  hit.y = eye_y + ray_y * entry;
  hit.side_z = eye_z + ray_z * entry;
  if (entry == near_x) {
    const float sign = ray_x > 0.0F ? -1.0F : 1.0F;
    hit.normal_x = sign * b.cosine;
    hit.normal_z = -sign * b.sine;
  } else if (entry == near_y) {
    hit.normal_y = ray_y > 0.0F ? -1.0F : 1.0F;
  } else {
    const float sign = ray_z > 0.0F ? -1.0F : 1.0F;
    hit.normal_x = sign * b.sine;
    hit.normal_z = sign * b.cosine;
  }
  return hit;
}

[[nodiscard]] inline Hit cast(const Target& target, float dx, float dy) noexcept {
  return target.shape == RoomShape::Sphere ? cast_sphere(target, dx, dy) : cast_box(target, dx, dy);
}

/// How much of the light comes back: 0 in the dark, 1 where the surface looks into the lamp.
[[nodiscard]] inline float lit(const Hit& hit) noexcept {
  // The lamp hangs up, left and behind the camera: (-2, -3, -6) / 7.
  const float facing = (-2.0F * hit.normal_x - 3.0F * hit.normal_y - 6.0F * hit.normal_z) / 7.0F;
  return facing > 0.0F ? facing : 0.0F;
}

/// Whether a mirror there would show the lamp: stereo matching fails on such spots.
[[nodiscard]] inline bool glares(const Hit& hit) noexcept { return lit(hit) > 0.985F; }

}  // namespace lenswire::source::synthetic
