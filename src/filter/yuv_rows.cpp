#include "filter/yuv_rows.hpp"

#include <algorithm>

#include "base/simd.hpp"

#ifdef LENSWIRE_HAVE_HIGHWAY
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/yuv_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#endif

#ifndef LENSWIRE_YUV_ROWS_SCALAR
#define LENSWIRE_YUV_ROWS_SCALAR
namespace lenswire::filter {
namespace {

// In steps of 1/128, so that every product of a chroma sample fits in 16 bits.
constexpr int kRedV = 179;
constexpr int kGreenU = 44;
constexpr int kGreenV = 91;
constexpr int kBlueU = 227;
constexpr int kShift = 7;
constexpr int kHalf = 1 << (kShift - 1);

std::uint8_t clamped(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

void put_pixel(int y, int u, int v, bool blue_first, std::uint8_t* out) {
  const int red = y + ((kRedV * v + kHalf) >> kShift);
  const int green = y - ((kGreenU * u + kGreenV * v + kHalf) >> kShift);
  const int blue = y + ((kBlueU * u + kHalf) >> kShift);
  out[0] = clamped(blue_first ? blue : red);
  out[1] = clamped(green);
  out[2] = clamped(blue_first ? red : blue);
}

void yuyv_scalar(const std::uint8_t* yuyv, std::size_t pairs, bool blue_first, std::uint8_t* out) {
  for (std::size_t i = 0; i < pairs; ++i, yuyv += 4, out += 6) {
    put_pixel(yuyv[0], yuyv[1] - 128, yuyv[3] - 128, blue_first, out);
    put_pixel(yuyv[2], yuyv[1] - 128, yuyv[3] - 128, blue_first, out + 3);
  }
}

void uyvy_scalar(const std::uint8_t* uyvy, std::size_t pairs, bool blue_first, std::uint8_t* out) {
  for (std::size_t i = 0; i < pairs; ++i, uyvy += 4, out += 6) {
    put_pixel(uyvy[1], uyvy[0] - 128, uyvy[2] - 128, blue_first, out);
    put_pixel(uyvy[3], uyvy[0] - 128, uyvy[2] - 128, blue_first, out + 3);
  }
}

void semi_planar_scalar(const std::uint8_t* luma, const std::uint8_t* chroma, std::size_t pairs,
                        bool blue_first, std::uint8_t* out) {
  for (std::size_t i = 0; i < pairs; ++i, luma += 2, chroma += 2, out += 6) {
    put_pixel(luma[0], chroma[0] - 128, chroma[1] - 128, blue_first, out);
    put_pixel(luma[1], chroma[0] - 128, chroma[1] - 128, blue_first, out + 3);
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
// `luma` holds pixels, `chroma` their U and V in turn: one U, V pair per two pixels.
template <class D, class V = hn::Vec<D>>
void put_pixels(D d, V luma, V chroma, bool blue_first, std::uint8_t* out) {
  const hn::Repartition<std::int16_t, D> d16;
  const hn::Half<D> half;
  const auto center = hn::Set(d16, 128);
  const auto low = [&](V v) { return hn::PromoteTo(d16, hn::LowerHalf(half, v)); };
  const auto high = [&](V v) { return hn::PromoteTo(d16, hn::UpperHalf(half, v)); };
  const auto scaled = [&](auto a, int factor) {
    return hn::Mul(a, hn::Set(d16, static_cast<std::int16_t>(factor)));
  };
  const auto rounded = [&](auto a) {
    return hn::ShiftRight<kShift>(hn::Add(a, hn::Set(d16, kHalf)));
  };
  // Doubled, so that every pixel has its own.
  const hn::Repartition<std::uint16_t, D> pair;
  const auto u_in_pair = hn::And(hn::BitCast(pair, chroma), hn::Set(pair, 0xff));
  const auto v_in_pair = hn::ShiftRight<8>(hn::BitCast(pair, chroma));
  const auto u8 = hn::BitCast(d, hn::Or(u_in_pair, hn::ShiftLeft<8>(u_in_pair)));
  const auto v8 = hn::BitCast(d, hn::Or(v_in_pair, hn::ShiftLeft<8>(v_in_pair)));
  hn::Vec<hn::Half<D>> parts[2][3];
  for (int part = 0; part < 2; ++part) {
    const auto y = part == 0 ? low(luma) : high(luma);
    const auto u = hn::Sub(part == 0 ? low(u8) : high(u8), center);
    const auto v = hn::Sub(part == 0 ? low(v8) : high(v8), center);
    parts[part][0] = hn::DemoteTo(half, hn::Add(y, rounded(scaled(v, kRedV))));
    parts[part][1] =
        hn::DemoteTo(half, hn::Sub(y, rounded(hn::Add(scaled(u, kGreenU), scaled(v, kGreenV)))));
    parts[part][2] = hn::DemoteTo(half, hn::Add(y, rounded(scaled(u, kBlueU))));
  }
  const auto red = hn::Combine(d, parts[1][0], parts[0][0]);
  const auto green = hn::Combine(d, parts[1][1], parts[0][1]);
  const auto blue = hn::Combine(d, parts[1][2], parts[0][2]);
  if (blue_first)
    hn::StoreInterleaved3(blue, green, red, d, out);
  else
    hn::StoreInterleaved3(red, green, blue, d, out);
}
#endif

void yuyv(const std::uint8_t* in, std::size_t pairs, bool blue_first, std::uint8_t* out) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t step = hn::Lanes(d) / 2;
  for (; i + step <= pairs; i += step) {
    hn::Vec<decltype(d)> luma, chroma;
    hn::LoadInterleaved2(d, in + 4 * i, luma, chroma);
    put_pixels(d, luma, chroma, blue_first, out + 6 * i);
  }
#endif
  yuyv_scalar(in + 4 * i, pairs - i, blue_first, out + 6 * i);
}

void uyvy(const std::uint8_t* in, std::size_t pairs, bool blue_first, std::uint8_t* out) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t step = hn::Lanes(d) / 2;
  for (; i + step <= pairs; i += step) {
    hn::Vec<decltype(d)> luma, chroma;
    hn::LoadInterleaved2(d, in + 4 * i, chroma, luma);
    put_pixels(d, luma, chroma, blue_first, out + 6 * i);
  }
#endif
  uyvy_scalar(in + 4 * i, pairs - i, blue_first, out + 6 * i);
}

void semi_planar(const std::uint8_t* luma, const std::uint8_t* chroma, std::size_t pairs,
                 bool blue_first, std::uint8_t* out) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t step = hn::Lanes(d) / 2;
  for (; i + step <= pairs; i += step)
    put_pixels(d, hn::LoadU(d, luma + 2 * i), hn::LoadU(d, chroma + 2 * i), blue_first,
               out + 6 * i);
#endif
  semi_planar_scalar(luma + 2 * i, chroma + 2 * i, pairs - i, blue_first, out + 6 * i);
}

}  // namespace lenswire::filter::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if !defined(LENSWIRE_HAVE_HIGHWAY) || HWY_ONCE
namespace lenswire::filter {

const YuvRowKernels& scalar_yuv_row_kernels() noexcept {
  static constexpr YuvRowKernels kernels{yuyv_scalar, uyvy_scalar, semi_planar_scalar};
  return kernels;
}

#ifdef LENSWIRE_HAVE_HIGHWAY
HWY_EXPORT(yuyv);
HWY_EXPORT(uyvy);
HWY_EXPORT(semi_planar);

const YuvRowKernels& vector_yuv_row_kernels() noexcept {
  static constexpr YuvRowKernels kernels{
      [](const std::uint8_t* in, std::size_t pairs, bool blue_first, std::uint8_t* out) {
        HWY_DYNAMIC_DISPATCH(yuyv)(in, pairs, blue_first, out);
      },
      [](const std::uint8_t* in, std::size_t pairs, bool blue_first, std::uint8_t* out) {
        HWY_DYNAMIC_DISPATCH(uyvy)(in, pairs, blue_first, out);
      },
      [](const std::uint8_t* luma, const std::uint8_t* chroma, std::size_t pairs, bool blue_first,
         std::uint8_t* out) {
        HWY_DYNAMIC_DISPATCH(semi_planar)(luma, chroma, pairs, blue_first, out);
      }};
  return kernels;
}
#else
const YuvRowKernels& vector_yuv_row_kernels() noexcept { return scalar_yuv_row_kernels(); }
#endif

const YuvRowKernels& yuv_row_kernels() noexcept {
  return base::force_scalar() ? scalar_yuv_row_kernels() : vector_yuv_row_kernels();
}

}  // namespace lenswire::filter
#endif
