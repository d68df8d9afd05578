#include "codec/jpeg/planar.hpp"

#include "base/simd.hpp"

#ifdef LENSWIRE_HAVE_HIGHWAY
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/jpeg/planar.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#endif

#ifndef LENSWIRE_PLANAR_SCALAR
#define LENSWIRE_PLANAR_SCALAR
namespace lenswire::codec {
namespace {

// Luma lies at every even byte (YUYV: 0) or every odd one (UYVY: 1), chroma at the others.
template <std::size_t kLuma>
void packed_rows_scalar(const std::uint8_t* __restrict top, const std::uint8_t* __restrict bottom,
                        std::size_t pairs, std::uint8_t* __restrict y_top,
                        std::uint8_t* __restrict y_bottom, std::uint8_t* __restrict u,
                        std::uint8_t* __restrict v) {
  constexpr std::size_t kChroma = 1 - kLuma;
  for (std::size_t i = 0; i < 2 * pairs; ++i) {
    y_top[i] = top[2 * i + kLuma];
    y_bottom[i] = bottom[2 * i + kLuma];
  }
  for (std::size_t i = 0; i < pairs; ++i) {
    const std::size_t at = 4 * i + kChroma;
    u[i] = static_cast<std::uint8_t>((top[at] + bottom[at] + 1) / 2);
    v[i] = static_cast<std::uint8_t>((top[at + 2] + bottom[at + 2] + 1) / 2);
  }
}

void split_chroma_scalar(const std::uint8_t* __restrict uv, std::size_t pairs,
                         std::uint8_t* __restrict u, std::uint8_t* __restrict v) {
  for (std::size_t i = 0; i < pairs; ++i) {
    u[i] = uv[2 * i];
    v[i] = uv[2 * i + 1];
  }
}

}  // namespace
}  // namespace lenswire::codec
#endif

#ifdef LENSWIRE_HAVE_HIGHWAY
HWY_BEFORE_NAMESPACE();
namespace lenswire::codec::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <std::size_t kLuma>
void packed_rows(const std::uint8_t* top, const std::uint8_t* bottom, std::size_t pairs,
                 std::uint8_t* y_top, std::uint8_t* y_bottom, std::uint8_t* u, std::uint8_t* v) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR  // which has no ConcatEven
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [d](const std::uint8_t* from, auto& luma, auto& chroma) {
    if constexpr (kLuma == 0)
      hn::LoadInterleaved2(d, from, luma, chroma);
    else
      hn::LoadInterleaved2(d, from, chroma, luma);
  };
  for (; i + lanes <= pairs; i += lanes) {
    hn::Vec<decltype(d)> luma, chroma_top0, chroma_top1, chroma_bottom0, chroma_bottom1;
    load(top + 4 * i, luma, chroma_top0);
    hn::StoreU(luma, d, y_top + 2 * i);
    load(top + 4 * i + 2 * lanes, luma, chroma_top1);
    hn::StoreU(luma, d, y_top + 2 * i + lanes);
    load(bottom + 4 * i, luma, chroma_bottom0);
    hn::StoreU(luma, d, y_bottom + 2 * i);
    load(bottom + 4 * i + 2 * lanes, luma, chroma_bottom1);
    hn::StoreU(luma, d, y_bottom + 2 * i + lanes);
    const auto chroma0 = hn::AverageRound(chroma_top0, chroma_bottom0);
    const auto chroma1 = hn::AverageRound(chroma_top1, chroma_bottom1);
    hn::StoreU(hn::ConcatEven(d, chroma1, chroma0), d, u + i);
    hn::StoreU(hn::ConcatOdd(d, chroma1, chroma0), d, v + i);
  }
#endif
  packed_rows_scalar<kLuma>(top + 4 * i, bottom + 4 * i, pairs - i, y_top + 2 * i, y_bottom + 2 * i,
                            u + i, v + i);
}

void yuyv_rows(const std::uint8_t* top, const std::uint8_t* bottom, std::size_t pairs,
               std::uint8_t* y_top, std::uint8_t* y_bottom, std::uint8_t* u, std::uint8_t* v) {
  packed_rows<0>(top, bottom, pairs, y_top, y_bottom, u, v);
}

void uyvy_rows(const std::uint8_t* top, const std::uint8_t* bottom, std::size_t pairs,
               std::uint8_t* y_top, std::uint8_t* y_bottom, std::uint8_t* u, std::uint8_t* v) {
  packed_rows<1>(top, bottom, pairs, y_top, y_bottom, u, v);
}

void split_chroma(const std::uint8_t* uv, std::size_t pairs, std::uint8_t* u, std::uint8_t* v) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= pairs; i += lanes) {
    hn::Vec<decltype(d)> even, odd;
    hn::LoadInterleaved2(d, uv + 2 * i, even, odd);
    hn::StoreU(even, d, u + i);
    hn::StoreU(odd, d, v + i);
  }
  split_chroma_scalar(uv + 2 * i, pairs - i, u + i, v + i);
}

}  // namespace lenswire::codec::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if !defined(LENSWIRE_HAVE_HIGHWAY) || HWY_ONCE
namespace lenswire::codec {

const PlanarKernels& scalar_planar_kernels() noexcept {
  static constexpr PlanarKernels kernels{packed_rows_scalar<0>, packed_rows_scalar<1>,
                                         split_chroma_scalar};
  return kernels;
}

#ifdef LENSWIRE_HAVE_HIGHWAY
HWY_EXPORT(yuyv_rows);
HWY_EXPORT(uyvy_rows);
HWY_EXPORT(split_chroma);

const PlanarKernels& vector_planar_kernels() noexcept {
  static constexpr PlanarKernels kernels{
      [](const std::uint8_t* top, const std::uint8_t* bottom, std::size_t pairs,
         std::uint8_t* y_top, std::uint8_t* y_bottom, std::uint8_t* u, std::uint8_t* v) {
        HWY_DYNAMIC_DISPATCH(yuyv_rows)(top, bottom, pairs, y_top, y_bottom, u, v);
      },
      [](const std::uint8_t* top, const std::uint8_t* bottom, std::size_t pairs,
         std::uint8_t* y_top, std::uint8_t* y_bottom, std::uint8_t* u, std::uint8_t* v) {
        HWY_DYNAMIC_DISPATCH(uyvy_rows)(top, bottom, pairs, y_top, y_bottom, u, v);
      },
      [](const std::uint8_t* uv, std::size_t pairs, std::uint8_t* u, std::uint8_t* v) {
        HWY_DYNAMIC_DISPATCH(split_chroma)(uv, pairs, u, v);
      }};
  return kernels;
}
#else
const PlanarKernels& vector_planar_kernels() noexcept { return scalar_planar_kernels(); }
#endif

const PlanarKernels& planar_kernels() noexcept {
  return base::force_scalar() ? scalar_planar_kernels() : vector_planar_kernels();
}

}  // namespace lenswire::codec
#endif
