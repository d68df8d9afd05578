#include "filter/projection_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/simd.hpp"

#ifdef LENSWIRE_HAVE_HIGHWAY
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/projection_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#endif

#ifndef LENSWIRE_PROJECTION_ROWS_SCALAR
#define LENSWIRE_PROJECTION_ROWS_SCALAR
namespace lenswire::filter {
namespace {

// What a footprint is grown by on each side, in pixels: closes gaps between neighbours on a slope.
constexpr float kGrown = 0.125F;
// In depth codes: nothing nearer than this is in front of a camera.
constexpr float kInFront = 0.5F;
[[maybe_unused]] constexpr int kInverseIterations = 6;
// Farther away than this, in pixels, is outside of every picture; also what no number is.
constexpr float kFarOutside = 1e6F;
// A calibration that has nothing to do with the device must not make a picture take for ever.
constexpr int kMostExtent = 31;

struct Spot {
  float x = 0, y = 0, z = 0;
};

Spot projected(float code, const RayRow& rays, std::size_t i, const Projection& to) {
  Spot out{code * rays.at(0, i) + to.t[0], code * rays.at(1, i) + to.t[1],
           code * rays.at(2, i) + to.t[2]};
  if (!(out.z > kInFront)) return {0, 0, 0};
  out.x /= out.z;
  out.y /= out.z;
  if (to.straight) return out;
  const auto pixel = pixel_of_ray(to.camera, {out.x, out.y});
  return {static_cast<float>(pixel.x), static_cast<float>(pixel.y), out.z};
}

// First and last whole number inside; false when there is none in 0..size-1.
bool whole_inside(float a, float b, std::int32_t size, std::uint16_t& first, std::uint16_t& last) {
  const float low = std::max(std::ceil(std::min(a, b) - kGrown), 0.0F);
  const float high = std::min(std::floor(std::max(a, b) + kGrown), static_cast<float>(size - 1));
  if (!(low <= high)) return false;
  first = static_cast<std::uint16_t>(low);
  last = static_cast<std::uint16_t>(high);
  return true;
}

int footprints_scalar(const std::uint16_t* depth, std::size_t count, const RayRow& upper,
                      const RayRow& lower, const Projection& to, const Footprints& out) {
  int extent = 0;
  for (std::size_t i = 0; i < count; ++i) {
    out.left[i] = out.right[i] = out.top[i] = out.bottom[i] = 0;
    out.code[i] = 0xffff;
    if (depth[i] == 0) continue;
    const auto a = projected(depth[i], upper, i, to);
    const auto b = projected(depth[i], lower, i + 1, to);
    const float code = std::nearbyint(0.5F * (a.z + b.z));
    if (!(a.z > kInFront && b.z > kInFront) || code < 1 || code > 65535) continue;
    if (!(std::abs(a.x) + std::abs(b.x) + std::abs(a.y) + std::abs(b.y) < kFarOutside)) continue;
    std::uint16_t left = 0, right = 0, top = 0, bottom = 0;
    if (!whole_inside(a.x, b.x, to.width, left, right) ||
        !whole_inside(a.y, b.y, to.height, top, bottom) || right - left > kMostExtent ||
        bottom - top > kMostExtent)
      continue;
    out.left[i] = left;
    out.right[i] = right;
    out.top[i] = top;
    out.bottom[i] = bottom;
    out.code[i] = static_cast<std::uint16_t>(code - 1);
    extent = std::max({extent, right - left, bottom - top});
  }
  return extent;
}

void places_scalar(const std::uint16_t* depth, std::size_t count, const RayRow& centers,
                   const Projection& to, std::int32_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = -1;
    if (depth[i] == 0) continue;
    const auto spot = projected(depth[i], centers, i, to);
    if (!(spot.z > kInFront)) continue;
    const float x = std::floor(spot.x + 0.5F), y = std::floor(spot.y + 0.5F);
    if (!(x >= 0 && y >= 0 && x < static_cast<float>(to.width) &&
          y < static_cast<float>(to.height)))
      continue;
    out[i] = static_cast<std::int32_t>(y) * to.width + static_cast<std::int32_t>(x);
  }
}

void points_scalar(const std::uint16_t* depth, std::size_t count, const RayRow& centers,
                   float unit_m, float* out) {
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 0; i < count; ++i) {
    const float z = depth[i] == 0 ? kNone : static_cast<float>(depth[i]) * unit_m;
    out[3 * i] = centers.at(0, i) * z;
    out[3 * i + 1] = centers.at(1, i) * z;
    out[3 * i + 2] = z;
  }
}

}  // namespace
}  // namespace lenswire::filter
#endif

#ifdef LENSWIRE_HAVE_HIGHWAY
HWY_BEFORE_NAMESPACE();
namespace lenswire::filter::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
template <class D, class V = hn::Vec<D>>
void brown(D d, const Projection& to, V& x, V& y) {
  const auto k = [&](std::size_t i) { return hn::Set(d, to.bend.at(i)); };
  const auto one = hn::Set(d, 1.0F);
  const auto r2 = hn::MulAdd(x, x, hn::Mul(y, y));
  auto radial = hn::MulAdd(hn::MulAdd(hn::MulAdd(k(4), r2, k(1)), r2, k(0)), r2, one);
  if (to.bend[5] != 0 || to.bend[6] != 0 || to.bend[7] != 0)
    radial = hn::Div(radial, hn::MulAdd(hn::MulAdd(hn::MulAdd(k(7), r2, k(6)), r2, k(5)), r2, one));
  const auto two = hn::Set(d, 2.0F);
  const auto xy2 = hn::Mul(hn::Mul(x, y), two);
  const auto tangential_x =
      hn::MulAdd(k(2), xy2, hn::Mul(k(3), hn::MulAdd(hn::Mul(two, x), x, r2)));
  const auto tangential_y =
      hn::MulAdd(k(3), xy2, hn::Mul(k(2), hn::MulAdd(hn::Mul(two, y), y, r2)));
  x = hn::MulAdd(x, radial, tangential_x);
  y = hn::MulAdd(y, radial, tangential_y);
}

template <class D, class V = hn::Vec<D>>
void bend(D d, const Projection& to, V& x, V& y) {
  if (to.camera.model == DistortionModel::BrownConrady) {
    brown(d, to, x, y);
  } else {
    const auto seen_x = x, seen_y = y;
    for (int i = 0; i < kInverseIterations; ++i) {
      auto moved_x = x, moved_y = y;
      brown(d, to, moved_x, moved_y);
      x = hn::Add(x, hn::Sub(seen_x, moved_x));
      y = hn::Add(y, hn::Sub(seen_y, moved_y));
    }
  }
  x = hn::MulAdd(x, hn::Set(d, to.fx), hn::Set(d, to.cx));
  y = hn::MulAdd(y, hn::Set(d, to.fy), hn::Set(d, to.cy));
}

// x and y still have to be divided by z.
template <class D, class V = hn::Vec<D>>
void transform(D d, V code, const RayRow& rays, std::size_t i, const Projection& to, V& x, V& y,
               V& z) {
  const auto along = [&](std::size_t k) {
    const auto ray = hn::Add(hn::LoadU(d, rays.planes[k] + i), hn::Set(d, rays.offset[k]));
    return hn::MulAdd(code, ray, hn::Set(d, to.t[k]));
  };
  x = along(0);
  y = along(1);
  z = along(2);
}

// Lenses for which there is no vector code.
bool only_scalar(const Projection& to) {
  return !to.straight && to.camera.model == DistortionModel::KannalaBrandt4;
}
#endif

int footprints(const std::uint16_t* depth, std::size_t count, const RayRow& upper,
               const RayRow& lower, const Projection& to, const Footprints& out) {
  std::size_t i = 0;
  int extent = 0;
#if HWY_TARGET != HWY_SCALAR
  if (only_scalar(to)) return footprints_scalar(depth, count, upper, lower, to, out);
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::RebindToUnsigned<decltype(d)> du;
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const auto zero = hn::Zero(d);
  const auto front = hn::Set(d, kInFront);
  const auto inward = hn::Set(d, 0.5F - kGrown);
  const auto width = hn::Set(di, to.width - 1);
  const auto height = hn::Set(di, to.height - 1);
  auto widest = hn::Zero(di);
  const std::size_t step = hn::Lanes(d);
  for (; i + step <= count; i += step) {
    const auto raw = hn::PromoteTo(di, hn::LoadU(d16, depth + i));
    const auto code = hn::ConvertTo(d, raw);
    hn::Vec<decltype(d)> ax, ay, az, bx, by, bz;
    transform(d, code, upper, i, to, ax, ay, az);
    transform(d, code, lower, i + 1, to, bx, by, bz);
    auto good = hn::And(hn::Gt(code, zero), hn::Gt(hn::Min(az, bz), front));
    const auto moved = hn::NearestInt(hn::Mul(hn::Set(d, 0.5F), hn::Add(az, bz)));
    // What is behind the camera is masked out; here it must only divide by something. One division
    // serves both corners.
    az = hn::Max(az, front);
    bz = hn::Max(bz, front);
    const auto inverse = hn::Div(hn::Set(d, 1.0F), hn::Mul(az, bz));
    const auto inverse_a = hn::Mul(inverse, bz), inverse_b = hn::Mul(inverse, az);
    ax = hn::Mul(ax, inverse_a);
    ay = hn::Mul(ay, inverse_a);
    bx = hn::Mul(bx, inverse_b);
    by = hn::Mul(by, inverse_b);
    if (!to.straight) {
      bend(d, to, ax, ay);
      bend(d, to, bx, by);
    }
    // The first whole number not below x - grown is the nearest one to x + (0.5 - grown).
    const auto first = [&](auto a, auto b) {
      return hn::Max(hn::NearestInt(hn::Add(hn::Min(a, b), inward)), hn::Zero(di));
    };
    const auto last = [&](auto a, auto b, auto most) {
      return hn::Min(hn::NearestInt(hn::Sub(hn::Max(a, b), inward)), most);
    };
    const auto left = first(ax, bx), top = first(ay, by);
    const auto right = last(ax, bx, width), bottom = last(ay, by, height);
    const auto wide = hn::Sub(right, left), high = hn::Sub(bottom, top);
    const auto less = hn::Sub(moved, hn::Set(di, 1));
    // As unsigned numbers, so that what is below 0 is too large.
    const auto within = [&](auto value, std::int32_t most) {
      const auto above = hn::Set(du, static_cast<std::uint32_t>(most) + 1);
      return hn::RebindMask(d, hn::Lt(hn::BitCast(du, value), above));
    };
    good = hn::And(good, within(hn::Or(wide, high), kMostExtent));
    good = hn::And(good, within(less, 65534));
    const auto good_i = hn::RebindMask(di, good);
    widest = hn::Max(widest, hn::IfThenElseZero(good_i, hn::Max(wide, high)));
    hn::StoreU(hn::DemoteTo(d16, left), d16, out.left + i);
    hn::StoreU(hn::DemoteTo(d16, right), d16, out.right + i);
    hn::StoreU(hn::DemoteTo(d16, top), d16, out.top + i);
    hn::StoreU(hn::DemoteTo(d16, bottom), d16, out.bottom + i);
    hn::StoreU(hn::DemoteTo(d16, hn::IfThenElse(good_i, less, hn::Set(di, 0xffff))), d16,
               out.code + i);
  }
  extent = hn::GetLane(hn::MaxOfLanes(di, widest));
#endif
  const Footprints out_rest{out.left + i, out.right + i, out.top + i, out.bottom + i, out.code + i};
  return std::max(
      extent, footprints_scalar(depth + i, count - i, upper.from(i), lower.from(i), to, out_rest));
}

void places(const std::uint16_t* depth, std::size_t count, const RayRow& centers,
            const Projection& to, std::int32_t* out) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  if (only_scalar(to)) return places_scalar(depth, count, centers, to, out);
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const auto zero = hn::Zero(d);
  const auto half = hn::Set(d, 0.5F);
  const std::size_t step = hn::Lanes(d);
  for (; i + step <= count; i += step) {
    const auto code = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(d16, depth + i)));
    hn::Vec<decltype(d)> x, y, z;
    transform(d, code, centers, i, to, x, y, z);
    const auto inverse = hn::Div(hn::Set(d, 1.0F), hn::Max(z, hn::Set(d, kInFront)));
    x = hn::Mul(x, inverse);
    y = hn::Mul(y, inverse);
    if (!to.straight) bend(d, to, x, y);
    x = hn::Floor(hn::Add(x, half));
    y = hn::Floor(hn::Add(y, half));
    auto good = hn::And(hn::Gt(code, zero), hn::Gt(z, hn::Set(d, kInFront)));
    good = hn::And(good, hn::And(hn::Ge(x, zero), hn::Ge(y, zero)));
    good = hn::And(good, hn::And(hn::Lt(x, hn::Set(d, static_cast<float>(to.width))),
                                 hn::Lt(y, hn::Set(d, static_cast<float>(to.height)))));
    const auto column = hn::ConvertTo(di, hn::IfThenElseZero(good, x));
    const auto row = hn::ConvertTo(di, hn::IfThenElseZero(good, y));
    const auto place = hn::Add(hn::Mul(row, hn::Set(di, to.width)), column);
    hn::StoreU(hn::IfThenElse(hn::RebindMask(di, good), place, hn::Set(di, -1)), di, out + i);
  }
#endif
  places_scalar(depth + i, count - i, centers.from(i), to, out + i);
}

void points(const std::uint16_t* depth, std::size_t count, const RayRow& centers, float unit_m,
            float* out) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const auto none = hn::Set(d, std::numeric_limits<float>::quiet_NaN());
  const std::size_t step = hn::Lanes(d);
  for (; i + step <= count; i += step) {
    const auto code = hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(d16, depth + i)));
    const auto z =
        hn::IfThenElse(hn::Eq(code, hn::Zero(d)), none, hn::Mul(code, hn::Set(d, unit_m)));
    const auto along = [&](std::size_t k) {
      return hn::Mul(hn::Add(hn::LoadU(d, centers.planes[k] + i), hn::Set(d, centers.offset[k])),
                     z);
    };
    hn::StoreInterleaved3(along(0), along(1), z, d, out + 3 * i);
  }
#endif
  points_scalar(depth + i, count - i, centers.from(i), unit_m, out + 3 * i);
}

}  // namespace lenswire::filter::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if !defined(LENSWIRE_HAVE_HIGHWAY) || HWY_ONCE
namespace lenswire::filter {

const ProjectionRowKernels& scalar_projection_row_kernels() noexcept {
  static constexpr ProjectionRowKernels kernels{footprints_scalar, places_scalar, points_scalar};
  return kernels;
}

#ifdef LENSWIRE_HAVE_HIGHWAY
HWY_EXPORT(footprints);
HWY_EXPORT(places);
HWY_EXPORT(points);

const ProjectionRowKernels& vector_projection_row_kernels() noexcept {
  static constexpr ProjectionRowKernels kernels{
      [](const std::uint16_t* depth, std::size_t count, const RayRow& upper, const RayRow& lower,
         const Projection& to, const Footprints& out) {
        return HWY_DYNAMIC_DISPATCH(footprints)(depth, count, upper, lower, to, out);
      },
      [](const std::uint16_t* depth, std::size_t count, const RayRow& centers, const Projection& to,
         std::int32_t* out) {
        HWY_DYNAMIC_DISPATCH(places)
        (depth, count, centers, to, out);
      },
      [](const std::uint16_t* depth, std::size_t count, const RayRow& centers, float unit_m,
         float* out) {
        HWY_DYNAMIC_DISPATCH(points)
        (depth, count, centers, unit_m, out);
      }};
  return kernels;
}
#else
const ProjectionRowKernels& vector_projection_row_kernels() noexcept {
  return scalar_projection_row_kernels();
}
#endif

const ProjectionRowKernels& projection_row_kernels() noexcept {
  return base::force_scalar() ? scalar_projection_row_kernels() : vector_projection_row_kernels();
}

}  // namespace lenswire::filter
#endif
