#include "filter/smooth_rows.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/simd.hpp"

#ifdef LENSWIRE_HAVE_HIGHWAY
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "filter/smooth_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#endif

#ifndef LENSWIRE_SMOOTH_ROWS_SCALAR
#define LENSWIRE_SMOOTH_ROWS_SCALAR
namespace lenswire::filter {
namespace {

constexpr int kFraction = 8;
constexpr std::int32_t kHalf = 1 << (kFraction - 1);

std::uint16_t code_of(std::int32_t state) {
  return static_cast<std::uint16_t>((state + kHalf) >> kFraction);
}

// The products stay below 2^31: an edge is less than 2^14 codes, and alpha at most 256.
std::int32_t moved(std::int32_t state, std::int32_t target, std::int32_t alpha) {
  return state + ((alpha * (target - state) + kHalf) >> kFraction);
}

bool close(std::int32_t state, std::int32_t target, const Blend& blend) {
  return state != 0 && std::abs(target - state) < blend.delta_states;
}

void blend_scalar(std::uint16_t* codes, std::int32_t* states, std::size_t count,
                  const Blend& blend) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t target = codes[i] << kFraction;
    states[i] = target != 0 && close(states[i], target, blend)
                    ? moved(states[i], target, blend.alpha)
                    : target;
    codes[i] = code_of(states[i]);
  }
}

bool credible(std::uint8_t history, const Credit& credit) {
  const int seen = history & credit.window;
  switch (credit.least) {
    case Credit::Least::Never:
      return false;
    case Credit::Least::One:
      return seen != 0;
    case Credit::Least::Two:
      return (seen & (seen - 1)) != 0;
    case Credit::Least::All:
      return seen == credit.window;
    case Credit::Least::Always:
      return true;
  }
  return false;
}

void remember_scalar(const std::uint16_t* codes, std::int32_t* states, std::uint8_t* histories,
                     std::size_t count, const Blend& blend, const Credit& credit,
                     std::uint16_t* out) {
  const bool always = credit.least == Credit::Least::Always;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t target = codes[i] << kFraction;
    const int before = histories[i];
    if (target != 0) {
      const bool same = close(states[i], target, blend);
      if (same) states[i] = moved(states[i], target, blend.alpha);
      if (!same) states[i] = target;
      histories[i] = static_cast<std::uint8_t>(same ? before << 1 | 1 : 1);
      out[i] = code_of(states[i]);
      continue;
    }
    out[i] = credible(histories[i], credit) ? code_of(states[i]) : std::uint16_t{0};
    histories[i] = static_cast<std::uint8_t>(before << 1);
    if (histories[i] == 0 && !always) states[i] = 0;
  }
}

[[maybe_unused]] void transpose_part(const std::uint16_t* in, std::size_t width, std::size_t height,
                                     std::size_t first_column, std::size_t first_row,
                                     std::size_t last_row, std::uint16_t* out) {
  for (std::size_t y = first_row; y < last_row; ++y)
    for (std::size_t x = first_column; x < width; ++x) out[x * height + y] = in[y * width + x];
}

void transpose_scalar(const std::uint16_t* in, std::size_t width, std::size_t height,
                      std::uint16_t* out) {
  constexpr std::size_t kBlock = 32;
  for (std::size_t top = 0; top < height; top += kBlock)
    for (std::size_t left = 0; left < width; left += kBlock)
      for (std::size_t y = top; y < std::min(top + kBlock, height); ++y)
        for (std::size_t x = left; x < std::min(left + kBlock, width); ++x)
          out[x * height + y] = in[y * width + x];
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
V moved_to(D d, V state, V target, V alpha) {
  const V step = hn::Add(hn::Mul(alpha, hn::Sub(target, state)), hn::Set(d, kHalf));
  return hn::Add(state, hn::ShiftRight<kFraction>(step));
}

template <class D, class V = hn::Vec<D>>
auto is_close(D d, V state, V target, V delta) {
  return hn::And(hn::Ne(state, hn::Zero(d)), hn::Lt(hn::Abs(hn::Sub(target, state)), delta));
}

template <class D, class V = hn::Vec<D>>
auto rounded(D d, V state) {
  const hn::Rebind<std::uint16_t, D> d16;
  return hn::DemoteTo(d16, hn::ShiftRight<kFraction>(hn::Add(state, hn::Set(d, kHalf))));
}
#endif

void blend(std::uint16_t* codes, std::int32_t* states, std::size_t count, const Blend& blend) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::int32_t> d;
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const auto alpha = hn::Set(d, blend.alpha);
  const auto delta = hn::Set(d, blend.delta_states);
  const std::size_t step = hn::Lanes(d);
  for (; i + step <= count; i += step) {
    const auto target = hn::ShiftLeft<kFraction>(hn::PromoteTo(d, hn::LoadU(d16, codes + i)));
    auto state = hn::LoadU(d, states + i);
    const auto blended = hn::And(hn::Ne(target, hn::Zero(d)), is_close(d, state, target, delta));
    state = hn::IfThenElse(blended, moved_to(d, state, target, alpha), target);
    hn::StoreU(state, d, states + i);
    hn::StoreU(rounded(d, state), d16, codes + i);
  }
#endif
  blend_scalar(codes + i, states + i, count - i, blend);
}

void remember(const std::uint16_t* codes, std::int32_t* states, std::uint8_t* histories,
              std::size_t count, const Blend& blend, const Credit& credit, std::uint16_t* out) {
  std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<std::int32_t> d;
  const hn::Rebind<std::uint16_t, decltype(d)> d16;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const auto alpha = hn::Set(d, blend.alpha);
  const auto delta = hn::Set(d, blend.delta_states);
  const auto window = hn::Set(d, credit.window);
  const auto zero = hn::Zero(d);
  const auto one = hn::Set(d, 1);
  const std::size_t step = hn::Lanes(d);
  for (; i + step <= count; i += step) {
    const auto target = hn::ShiftLeft<kFraction>(hn::PromoteTo(d, hn::LoadU(d16, codes + i)));
    const auto state = hn::LoadU(d, states + i);
    const auto before = hn::PromoteTo(d, hn::LoadU(d8, histories + i));
    const auto measured = hn::Ne(target, zero);
    const auto same = is_close(d, state, target, delta);
    const auto fresh = hn::IfThenElse(same, moved_to(d, state, target, alpha), target);
    const auto shifted = hn::And(hn::ShiftLeft<1>(before), hn::Set(d, 255));
    const auto history =
        hn::IfThenElse(measured, hn::IfThenElse(same, hn::Or(shifted, one), one), shifted);
    const auto seen = hn::And(before, window);
    auto kept = zero;
    switch (credit.least) {
      case Credit::Least::Never:
        break;
      case Credit::Least::One:
        kept = hn::IfThenElseZero(hn::Ne(seen, zero), state);
        break;
      case Credit::Least::Two:
        kept = hn::IfThenElseZero(hn::Ne(hn::And(seen, hn::Sub(seen, one)), zero), state);
        break;
      case Credit::Least::All:
        kept = hn::IfThenElseZero(hn::Eq(seen, window), state);
        break;
      case Credit::Least::Always:
        kept = state;
        break;
    }
    hn::StoreU(rounded(d, hn::IfThenElse(measured, fresh, kept)), d16, out + i);
    auto left = state;
    if (credit.least != Credit::Least::Always)
      left = hn::IfThenElseZero(hn::Ne(shifted, zero), state);
    hn::StoreU(hn::IfThenElse(measured, fresh, left), d, states + i);
    hn::StoreU(hn::DemoteTo(d8, history), d8, histories + i);
  }
#endif
  remember_scalar(codes + i, states + i, histories + i, count - i, blend, credit, out + i);
}

#if HWY_TARGET != HWY_SCALAR
// 8 x 8 codes: pairs, then quads, then halves change places.
void transpose_block(const std::uint16_t* in, std::size_t width, std::uint16_t* out,
                     std::size_t height) {
  const hn::FixedTag<std::uint16_t, 8> d16;
  const hn::FixedTag<std::uint32_t, 4> d32;
  const hn::FixedTag<std::uint64_t, 2> d64;
  hn::Vec<decltype(d32)> pairs[8];
  for (std::size_t i = 0; i < 8; i += 2) {
    const auto a = hn::LoadU(d16, in + i * width);
    const auto b = hn::LoadU(d16, in + (i + 1) * width);
    pairs[i] = hn::BitCast(d32, hn::InterleaveLower(d16, a, b));
    pairs[i + 1] = hn::BitCast(d32, hn::InterleaveUpper(d16, a, b));
  }
  hn::Vec<decltype(d64)> quads[8];
  for (std::size_t half = 0; half < 8; half += 4)
    for (std::size_t i = 0; i < 2; ++i) {
      quads[half + 2 * i] =
          hn::BitCast(d64, hn::InterleaveLower(d32, pairs[half + i], pairs[half + i + 2]));
      quads[half + 2 * i + 1] =
          hn::BitCast(d64, hn::InterleaveUpper(d32, pairs[half + i], pairs[half + i + 2]));
    }
  for (std::size_t i = 0; i < 4; ++i) {
    hn::StoreU(hn::BitCast(d16, hn::InterleaveLower(d64, quads[i], quads[i + 4])), d16,
               out + 2 * i * height);
    hn::StoreU(hn::BitCast(d16, hn::InterleaveUpper(d64, quads[i], quads[i + 4])), d16,
               out + (2 * i + 1) * height);
  }
}
#endif

void transpose(const std::uint16_t* in, std::size_t width, std::size_t height, std::uint16_t* out) {
#if HWY_TARGET != HWY_SCALAR
  const std::size_t columns = width / 8 * 8, rows = height / 8 * 8;
  // Four blocks wide, so that the lines read are used up before they leave the cache.
  for (std::size_t left = 0; left < columns; left += 32)
    for (std::size_t y = 0; y < rows; y += 8)
      for (std::size_t x = left; x < std::min(left + 32, columns); x += 8)
        transpose_block(in + y * width + x, width, out + x * height + y, height);
  transpose_part(in, width, height, columns, 0, rows, out);
  transpose_part(in, width, height, 0, rows, height, out);
#else
  transpose_scalar(in, width, height, out);
#endif
}

}  // namespace lenswire::filter::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if !defined(LENSWIRE_HAVE_HIGHWAY) || HWY_ONCE
namespace lenswire::filter {

const SmoothRowKernels& scalar_smooth_row_kernels() noexcept {
  static constexpr SmoothRowKernels kernels{blend_scalar, remember_scalar, transpose_scalar};
  return kernels;
}

#ifdef LENSWIRE_HAVE_HIGHWAY
HWY_EXPORT(blend);
HWY_EXPORT(remember);
HWY_EXPORT(transpose);

const SmoothRowKernels& vector_smooth_row_kernels() noexcept {
  static constexpr SmoothRowKernels kernels{
      [](std::uint16_t* codes, std::int32_t* states, std::size_t count, const Blend& settings) {
        HWY_DYNAMIC_DISPATCH(blend)(codes, states, count, settings);
      },
      [](const std::uint16_t* codes, std::int32_t* states, std::uint8_t* histories,
         std::size_t count, const Blend& settings, const Credit& credit, std::uint16_t* out) {
        HWY_DYNAMIC_DISPATCH(remember)(codes, states, histories, count, settings, credit, out);
      },
      [](const std::uint16_t* in, std::size_t width, std::size_t height, std::uint16_t* out) {
        HWY_DYNAMIC_DISPATCH(transpose)(in, width, height, out);
      }};
  return kernels;
}
#else
const SmoothRowKernels& vector_smooth_row_kernels() noexcept { return scalar_smooth_row_kernels(); }
#endif

const SmoothRowKernels& smooth_row_kernels() noexcept {
  return base::force_scalar() ? scalar_smooth_row_kernels() : vector_smooth_row_kernels();
}

}  // namespace lenswire::filter
#endif
