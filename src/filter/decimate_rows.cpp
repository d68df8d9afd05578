#include "filter/decimate_rows.hpp"

#include <algorithm>
#include <array>

#include "base/simd.hpp"

#ifdef LENSWIRE_HAVE_HIGHWAY
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/decimate_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#endif

#ifndef LENSWIRE_DECIMATE_ROWS_SCALAR
#define LENSWIRE_DECIMATE_ROWS_SCALAR
namespace lenswire::filter {
namespace {

template <std::size_t N>
std::uint16_t median(const std::array<std::uint16_t, N>& block) {
  std::array<std::uint16_t, N> measured;
  std::size_t count = 0;
  for (const auto code : block)
    if (code != 0) measured.at(count++) = code;
  if (count == 0) return 0;
  const auto middle = measured.begin() + (static_cast<std::ptrdiff_t>(count) - 1) / 2;
  std::nth_element(measured.begin(), middle, measured.begin() + static_cast<std::ptrdiff_t>(count));
  return *middle;
}

void median2_scalar(const std::uint16_t* top, const std::uint16_t* bottom, std::size_t count,
                    std::uint16_t* out) {
  for (std::size_t i = 0; i < count; ++i)
    out[i] = median<4>({top[2 * i], top[2 * i + 1], bottom[2 * i], bottom[2 * i + 1]});
}

void median3_scalar(const std::uint16_t* top, const std::uint16_t* middle,
                    const std::uint16_t* bottom, std::size_t count, std::uint16_t* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t x = 3 * i;
    out[i] = median<9>({top[x], top[x + 1], top[x + 2], middle[x], middle[x + 1], middle[x + 2],
                        bottom[x], bottom[x + 1], bottom[x + 2]});
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
// Leaves the smaller one in `a`.
template <class V>
void order(V& a, V& b) {
  const V smaller = hn::Min(a, b);
  b = hn::Max(a, b);
  a = smaller;
}
#endif

// 1 less than each code, so that "no measurement" (0) wraps round and sorts behind all others.
void median2(const std::uint16_t* top, const std::uint16_t* bottom, std::size_t count,
             std::uint16_t* out) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::uint16_t> d;
  const auto one = hn::Set(d, 1);
  const auto none = hn::Set(d, 0xffff);
  const std::size_t step = hn::Lanes(d);
  for (; i + step <= count; i += step) {
    hn::Vec<decltype(d)> v0, v1, v2, v3;
    hn::LoadInterleaved2(d, top + 2 * i, v0, v1);
    hn::LoadInterleaved2(d, bottom + 2 * i, v2, v3);
    v0 = hn::Sub(v0, one);
    v1 = hn::Sub(v1, one);
    v2 = hn::Sub(v2, one);
    v3 = hn::Sub(v3, one);
    order(v0, v1);
    order(v2, v3);
    order(v0, v2);
    order(v1, v3);
    order(v1, v2);
    const auto three_or_more = hn::Ne(v2, none);
    hn::StoreU(hn::Add(hn::IfThenElse(three_or_more, v1, v0), one), d, out + i);
  }
#endif
  median2_scalar(top + 2 * i, bottom + 2 * i, count - i, out + i);
}

void median3(const std::uint16_t* top, const std::uint16_t* middle, const std::uint16_t* bottom,
             std::size_t count, std::uint16_t* out) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::uint16_t> d;
  const auto one = hn::Set(d, 1);
  const auto none = hn::Set(d, 0xffff);
  const std::size_t step = hn::Lanes(d);
  for (; i + step <= count; i += step) {
    hn::Vec<decltype(d)> v0, v1, v2, v3, v4, v5, v6, v7, v8;
    hn::LoadInterleaved3(d, top + 3 * i, v0, v1, v2);
    hn::LoadInterleaved3(d, middle + 3 * i, v3, v4, v5);
    hn::LoadInterleaved3(d, bottom + 3 * i, v6, v7, v8);
    v0 = hn::Sub(v0, one);
    v1 = hn::Sub(v1, one);
    v2 = hn::Sub(v2, one);
    v3 = hn::Sub(v3, one);
    v4 = hn::Sub(v4, one);
    v5 = hn::Sub(v5, one);
    v6 = hn::Sub(v6, one);
    v7 = hn::Sub(v7, one);
    v8 = hn::Sub(v8, one);
    // Sorted completely, because the rank wanted depends on how many there are.
    order(v0, v3), order(v1, v7), order(v2, v5), order(v4, v8);
    order(v0, v7), order(v2, v4), order(v3, v8), order(v5, v6);
    order(v0, v2), order(v1, v3), order(v4, v5), order(v7, v8);
    order(v1, v4), order(v3, v6), order(v5, v7);
    order(v0, v1), order(v2, v4), order(v3, v5), order(v6, v8);
    order(v2, v3), order(v4, v5), order(v6, v7);
    order(v1, v2), order(v3, v4), order(v5, v6);
    auto chosen = v0;
    chosen = hn::IfThenElse(hn::Ne(v2, none), v1, chosen);
    chosen = hn::IfThenElse(hn::Ne(v4, none), v2, chosen);
    chosen = hn::IfThenElse(hn::Ne(v6, none), v3, chosen);
    chosen = hn::IfThenElse(hn::Ne(v8, none), v4, chosen);
    hn::StoreU(hn::Add(chosen, one), d, out + i);
  }
#endif
  median3_scalar(top + 3 * i, middle + 3 * i, bottom + 3 * i, count - i, out + i);
}

}  // namespace lenswire::filter::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if !defined(LENSWIRE_HAVE_HIGHWAY) || HWY_ONCE
namespace lenswire::filter {

const DecimateRowKernels& scalar_decimate_row_kernels() noexcept {
  static constexpr DecimateRowKernels kernels{median2_scalar, median3_scalar};
  return kernels;
}

#ifdef LENSWIRE_HAVE_HIGHWAY
HWY_EXPORT(median2);
HWY_EXPORT(median3);

const DecimateRowKernels& vector_decimate_row_kernels() noexcept {
  static constexpr DecimateRowKernels kernels{
      [](const std::uint16_t* top, const std::uint16_t* bottom, std::size_t count,
         std::uint16_t* out) {
        HWY_DYNAMIC_DISPATCH(median2)
        (top, bottom, count, out);
      },
      [](const std::uint16_t* top, const std::uint16_t* middle, const std::uint16_t* bottom,
         std::size_t count, std::uint16_t* out) {
        HWY_DYNAMIC_DISPATCH(median3)(top, middle, bottom, count, out);
      }};
  return kernels;
}
#else
const DecimateRowKernels& vector_decimate_row_kernels() noexcept {
  return scalar_decimate_row_kernels();
}
#endif

const DecimateRowKernels& decimate_row_kernels() noexcept {
  return base::force_scalar() ? scalar_decimate_row_kernels() : vector_decimate_row_kernels();
}

}  // namespace lenswire::filter
#endif
