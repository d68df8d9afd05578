// avx512-inl.hpp - what AVX-512 of the Ice Lake kind (VBMI2, BITALG) does better than Highway's
// portable view of it: a segment is one register, holes are squeezed out and put back by one
// instruction. This is what both directions need. Included once per target, and empty but for this
// one.
#if defined(LENSWIRE_STRATA_AVX512_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LENSWIRE_STRATA_AVX512_INL
#undef LENSWIRE_STRATA_AVX512_INL
#else
#define LENSWIRE_STRATA_AVX512_INL
#endif

#include "lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lenswire::strata::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3_DL
namespace native {

HWY_INLINE __m512i set16(uint32_t value) { return _mm512_set1_epi16(static_cast<int16_t>(value)); }

/// The lanes of `v`, one further up; the lowest is the last of `before`.
HWY_INLINE __m512i shift_in(__m512i v, __m512i before) {
  alignas(64) static constexpr uint16_t kIndex[32] = {63, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,
                                                      10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                                                      21, 22, 23, 24, 25, 26, 27, 28, 29, 30};
  return _mm512_permutex2var_epi16(v, _mm512_load_si512(kIndex), before);
}

/// Inclusive prefix sum of 32 lanes.
HWY_INLINE __m512i prefix_sum(__m512i v) {
  v = _mm512_add_epi16(v, _mm512_bslli_epi128(v, 2));
  v = _mm512_add_epi16(v, _mm512_bslli_epi128(v, 4));
  v = _mm512_add_epi16(v, _mm512_bslli_epi128(v, 8));
  // The last lane of the block before, for the odd blocks; then lane 15, for the upper half.
  const __m512i previous = _mm512_mask_blend_epi16(0xFFFF0000U, set16(7), set16(23));
  v = _mm512_add_epi16(v, _mm512_maskz_permutexvar_epi16(0xFF00FF00U, previous, v));
  return _mm512_add_epi16(v, _mm512_maskz_permutexvar_epi16(0xFFFF0000U, set16(15), v));
}

HWY_INLINE __m512i last(__m512i v) { return _mm512_permutexvar_epi16(set16(31), v); }

struct Slopes {
  __m512i plane;
  __m512i smooth;
};

HWY_INLINE Slopes slopes(const uint16_t* up) {
  const __m512i plane = _mm512_sub_epi16(_mm512_loadu_si512(up), _mm512_loadu_si512(up - 1));
  const __m512i wide = _mm512_sub_epi16(_mm512_loadu_si512(up + 1), _mm512_loadu_si512(up - 2));
  const __m512i sum = _mm512_add_epi16(_mm512_add_epi16(plane, wide), set16(2));
  return {plane, _mm512_srai_epi16(sum, 2)};
}

HWY_INLINE __m512i slope_of(const Slopes& s, uint32_t mode) {
  return _mm512_or_si512(_mm512_and_si512(s.plane, set16(kPlaneMask[mode])),
                         _mm512_and_si512(s.smooth, set16(kSmoothMask[mode])));
}

HWY_INLINE __m512i zigzag(__m512i e) {
  return _mm512_xor_si512(_mm512_slli_epi16(e, 1), _mm512_srai_epi16(e, 15));
}

HWY_INLINE __m512i unzigzag(__m512i z) {
  const __m512i sign = _mm512_sub_epi16(_mm512_setzero_si512(), _mm512_and_si512(z, set16(1)));
  return _mm512_xor_si512(_mm512_srli_epi16(z, 1), sign);
}

/// How many bits are set up to and with each lane, less one.
HWY_INLINE __m512i ordinals(uint32_t mask) {
  alignas(64) static constexpr uint16_t kUpTo[32] = {
      0x1,   0x3,    0x7,    0xF,    0x1F,   0x3F,  0x7F,   0xFF,   0x1FF,  0x3FF, 0x7FF,
      0xFFF, 0x1FFF, 0x3FFF, 0x7FFF, 0xFFFF, 0x1,   0x3,    0x7,    0xF,    0x1F,  0x3F,
      0x7F,  0xFF,   0x1FF,  0x3FF,  0x7FF,  0xFFF, 0x1FFF, 0x3FFF, 0x7FFF, 0xFFFF};
  const __m512i words = _mm512_mask_blend_epi16(0xFFFF0000U, set16(mask), set16(mask >> 16));
  const __m512i counts = _mm512_popcnt_epi16(_mm512_and_si512(words, _mm512_load_si512(kUpTo)));
  const auto lower = static_cast<uint32_t>(__builtin_popcount(mask & 0xFFFF));
  return _mm512_add_epi16(counts,
                          _mm512_mask_blend_epi16(0xFFFF0000U, set16(0xFFFF), set16(lower - 1)));
}

/// The least of the lanes in `wanted`.
HWY_INLINE uint32_t least_of(__m512i numbers, __mmask32 wanted) {
  const __m512i rest = _mm512_mask_mov_epi16(set16(0xFFFF), wanted, numbers);
  const __m256i half =
      _mm256_min_epu16(_mm512_castsi512_si256(rest), _mm512_extracti64x4_epi64(rest, 1));
  const __m128i least = _mm_minpos_epu16(
      _mm_min_epu16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(least)) & 0xFFFF;
}

/// A table of 128 entries at `index`.
HWY_INLINE __m512i in_window(const uint16_t* table, __m512i index) {
  const __m512i low =
      _mm512_permutex2var_epi16(_mm512_loadu_si512(table), index, _mm512_loadu_si512(table + 32));
  const __m512i high = _mm512_permutex2var_epi16(_mm512_loadu_si512(table + 64), index,
                                                 _mm512_loadu_si512(table + 96));
  return _mm512_mask_mov_epi16(low, _mm512_test_epi16_mask(index, set16(64)), high);
}

/// Masks of the `width` low bits of each byte.
inline constexpr uint64_t kLowBits[9] = {0,
                                         0x0101010101010101,
                                         0x0303030303030303,
                                         0x0707070707070707,
                                         0x0F0F0F0F0F0F0F0F,
                                         0x1F1F1F1F1F1F1F1F,
                                         0x3F3F3F3F3F3F3F3F,
                                         0x7F7F7F7F7F7F7F7F,
                                         0xFFFFFFFFFFFFFFFF};

}  // namespace native
#endif
}  // namespace lenswire::strata::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
