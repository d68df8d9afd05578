// avx512_decode-inl.hpp - the decoder's inner loops for AVX-512 of the Ice Lake kind.
#if defined(LENSWIRE_STRATA_AVX512_DECODE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LENSWIRE_STRATA_AVX512_DECODE_INL
#undef LENSWIRE_STRATA_AVX512_DECODE_INL
#else
#define LENSWIRE_STRATA_AVX512_DECODE_INL
#endif

#include "avx512-inl.hpp"
#include "decode_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace lenswire::strata::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3_DL
namespace native {

/// The inverse of write_lows(). Reads up to eight bytes past the end.
HWY_INLINE __m512i read_lows(const uint8_t* from, uint32_t bits) {
  const uint64_t mask = kLowBits[bits];
  const auto eight = [&](uint32_t k) {
    return static_cast<int64_t>(_pdep_u64(load64(from + size_t{k} * bits), mask));
  };
  return _mm512_cvtepu8_epi16(_mm256_set_epi64x(eight(3), eight(2), eight(1), eight(0)));
}

template <bool kHasLows>
HWY_INLINE bool unpack(UnpackJob& job) {
  EscapeReader escapes(job);
  const __m512i low_nibble = set16(15);
  const uint32_t bits = job.shift;
  const __m512i half = set16((1U << bits) >> 1);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(bits));
  const auto put = [&](uint32_t i, __m512i q) {
    if constexpr (kHasLows) {
      const __m512i low = read_lows(job.lows + size_t{i} / 8 * bits, bits);
      q = _mm512_sub_epi16(_mm512_add_epi16(_mm512_sll_epi16(q, shift), low), half);
    }
    _mm512_storeu_si512(job.out + i, q);
  };
  for (uint32_t i = 0; i < job.count; i += 32) {
    const __m512i bytes =
        _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(job.pairs + i / 2)));
    const __m512i nibbles =
        _mm512_and_si512(_mm512_or_si512(bytes, _mm512_slli_epi32(bytes, 12)), low_nibble);
    const __m512i q = _mm512_sub_epi16(nibbles, set16(kNibbleBias));
    const uint32_t left = job.count - i;
    const __mmask32 inside = left < 32 ? (1U << left) - 1 : ~0U;
    const __mmask32 escaped = _mm512_mask_cmpeq_epu16_mask(inside, nibbles, low_nibble);
    if (escaped == 0) {
      put(i, q);
      continue;
    }
    const auto count = static_cast<uint32_t>(__builtin_popcount(escaped));
    if (HWY_UNLIKELY(escapes.end - escapes.next < static_cast<ptrdiff_t>(count))) return false;
    const __mmask32 used = count < 32 ? (1U << count) - 1 : ~0U;
    __m512i z = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(used, escapes.next));
    escapes.next += count;
    const uint32_t wide = _mm512_mask_cmpeq_epu16_mask(used, z, set16(255));
    if (HWY_UNLIKELY(wide != 0)) {
      const auto wide_count = static_cast<uint32_t>(__builtin_popcount(wide));
      const __mmask32 first = wide_count < 32 ? (1U << wide_count) - 1 : ~0U;
      z = _mm512_mask_expand_epi16(z, wide, _mm512_maskz_loadu_epi16(first, escapes.wide));
      escapes.wide += 2 * wide_count;
    }
    z = unzigzag(_mm512_add_epi16(z, set16(kEscapeNibble)));
    put(i, _mm512_mask_expand_epi16(q, escaped, z));
  }
  escapes.finish(job);
  return true;
}

bool unpack(UnpackJob& job) { return job.shift != 0 ? unpack<true>(job) : unpack<false>(job); }

/// expand_mask(), sixteen words at a time.
void expand_mask(const ExpandMask& job) {
  const uint8_t* bytes = job.bytes;
  uint32_t i = 0;
  // A row that is narrower than sixteen words would need its own result.
  for (; job.segments >= 16 && i + 16 <= job.words; i += 16) {
    const __mmask64 set = load64(job.flags + i / 2);
    __m512i words = _mm512_maskz_expand_epi8(set, _mm512_loadu_si512(bytes));
    bytes += __builtin_popcountll(set);
    if (i >= job.segments) {
      words = _mm512_xor_si512(words, _mm512_loadu_si512(job.mask + i - job.segments));
    } else if (i + 16 > job.segments) {
      const auto above = static_cast<__mmask16>(0xFFFFU << (job.segments - i));
      const uint32_t* from = job.mask + i - static_cast<size_t>(job.segments);
      words = _mm512_xor_si512(words, _mm512_maskz_loadu_epi32(above, from));
    }
    _mm512_storeu_si512(job.mask + i, words);
  }
  // Half as many, for the end and for rows of 256 to 480 pixels.
  for (; job.segments >= 8 && i + 8 <= job.words; i += 8) {
    const __mmask32 set = load32(job.flags + i / 2);
    __m256i words =
        _mm256_maskz_expand_epi8(set, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes)));
    bytes += __builtin_popcount(set);
    __mmask8 above = 0xFF;
    if (i < job.segments)
      above =
          i + 8 > job.segments ? static_cast<__mmask8>(0xFFU << (job.segments - i)) : __mmask8{0};
    const uint32_t* from = job.mask + i - static_cast<size_t>(job.segments);
    words = _mm256_xor_si256(words, _mm256_maskz_loadu_epi32(above, from));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(job.mask + i), words);
  }
  expand_words(job, i, bytes);
}

const uint8_t* unpack_groups(const UnpackGroups& job) {
  const uint8_t* data = job.data;
  uint32_t i = 0;
  // Four groups look at 40 bytes at the most.
  for (; i + 4 <= job.groups && job.end - data >= 40; i += 4) {
    const uint32_t widths = load16(job.widths + i / 2);
    // A nibble above 8 has its top bit set, and another.
    if (HWY_UNLIKELY(((widths >> 3 & 0x1111) * 7 & widths) != 0)) {
      if (job.end - data < 72) break;
      alignas(32) uint64_t low[4];
      alignas(32) uint64_t high[4];
      for (uint32_t k = 0; k < 4; ++k) {
        const uint32_t width = group_bytes(widths >> 4 * k & 15);
        const uint32_t first = std::min(width, 8U);
        low[k] = _pdep_u64(load64(data), kLowBits[first]);
        high[k] = _pdep_u64(load64(data + first), kLowBits[width - first]);
        data += width;
      }
      const auto wide = [](const uint64_t* four) {
        return _mm512_cvtepu8_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(four)));
      };
      _mm512_storeu_si512(job.out + size_t{i} * kPackGroup,
                          unzigzag(_mm512_or_si512(wide(low), _mm512_slli_epi16(wide(high), 8))));
      continue;
    }
    const uint32_t w0 = widths & 15;
    const uint32_t w1 = widths >> 4 & 15;
    const uint32_t w2 = widths >> 8 & 15;
    const uint32_t w3 = widths >> 12;
    const uint8_t* second = data + w0;
    const uint8_t* third = second + w1;
    const uint8_t* fourth = third + w2;
    const __m256i bytes =
        _mm256_set_epi64x(static_cast<int64_t>(_pdep_u64(load64(fourth), kLowBits[w3])),
                          static_cast<int64_t>(_pdep_u64(load64(third), kLowBits[w2])),
                          static_cast<int64_t>(_pdep_u64(load64(second), kLowBits[w1])),
                          static_cast<int64_t>(_pdep_u64(load64(data), kLowBits[w0])));
    _mm512_storeu_si512(job.out + size_t{i} * kPackGroup, unzigzag(_mm512_cvtepu8_epi16(bytes)));
    data = fourth + w3;
  }
  if (i == job.groups) return data;
  return unpack_groups_from({job.widths, data, job.end, job.groups, job.out}, i, data);
}

/// The codes of the ranks in `valid`, 0 elsewhere. Ranks lie so close together that one more window
/// or two beat going number by number.
HWY_INLINE __m512i codes_of(const uint16_t* table, __m512i ranks, __mmask32 valid) {
  __m512i codes = _mm512_setzero_si512();
  do {
    const uint32_t base = least_of(ranks, valid);
    const __m512i index = _mm512_sub_epi16(ranks, set16(base));
    const __mmask32 inside = _mm512_mask_cmplt_epu16_mask(valid, index, set16(128));
    codes = _mm512_mask_mov_epi16(codes, inside, in_window(table + base, index));
    valid &= ~inside;
  } while (HWY_UNLIKELY(valid != 0));
  return codes;
}

/// Once the values of a row are known: its pixels. A loop of its own, since a window that was not
/// foreseen throws away all work under way.
HWY_INLINE void store_pixels(const RestoreRow& job_in_memory) {
  const RestoreRow job = job_in_memory;  // so that no store can seem to change it
  for (uint32_t s = 0; s < job.segments; ++s) {
    const uint32_t mask = job.mask[s];
    const __m512i values = _mm512_loadu_si512(job.row + s * kSegmentPixels);
    __m512i pixels = _mm512_maskz_mov_epi16(mask, values);
    if (job.table != nullptr && mask != 0) pixels = codes_of(job.table, values, mask);
    _mm512_storeu_si512(job.pixels + s * kSegmentPixels, pixels);
  }
}

HWY_INLINE const uint8_t* restore(const RestoreRow& job) {
  const uint8_t* modes = job.modes;
  const int16_t* e = job.residuals;
  __m512i left = set16(job.up[0]);
  for (uint32_t s = 0; s < job.segments; ++s) {
    const uint32_t mask = job.mask[s];
    const uint16_t* up = job.up + s * kSegmentPixels;
    uint16_t* row = job.row + s * kSegmentPixels;
    if (mask == 0) {
      const __m512i copy = _mm512_loadu_si512(up);
      _mm512_storeu_si512(row, copy);
      left = last(copy);
      continue;
    }
    const __m512i slope = slope_of(slopes(up), *modes++);
    const __m512i residual = _mm512_maskz_expand_epi16(mask, _mm512_loadu_si512(e));
    e += __builtin_popcount(mask);
    const __m512i sum = prefix_sum(_mm512_add_epi16(slope, residual));
    const __m512i value = _mm512_add_epi16(sum, left);
    left = _mm512_add_epi16(left, last(sum));
    _mm512_storeu_si512(row, value);
  }
  return modes;
}

/// The inverse of predict_planes(). Without a table the values are the pixels.
template <bool kTable>
HWY_INLINE void restore_planes(const RestoreRow& job_in_memory) {
  const RestoreRow job = job_in_memory;  // so that no store can seem to change it
  const int16_t* e = job.residuals;
  __m512i delta = _mm512_setzero_si512();  // left of the segment, in all lanes
  for (uint32_t s = 0; s < job.segments; ++s) {
    const uint32_t mask = job.mask[s];
    uint16_t* row = job.row + s * kSegmentPixels;
    [[maybe_unused]] uint16_t* pixels = job.pixels + s * kSegmentPixels;
    const __m512i above = _mm512_loadu_si512(job.up + s * kSegmentPixels);
    if (mask == 0) {
      _mm512_storeu_si512(row, above);
      if constexpr (!kTable) _mm512_storeu_si512(pixels, _mm512_setzero_si512());
      delta = _mm512_setzero_si512();
      continue;
    }
    const __m512i sum = prefix_sum(_mm512_maskz_expand_epi16(mask, _mm512_loadu_si512(e)));
    e += __builtin_popcount(mask);
    const __m512i value = _mm512_add_epi16(_mm512_add_epi16(sum, above), delta);
    delta = _mm512_add_epi16(delta, last(sum));
    _mm512_storeu_si512(row, value);
    if constexpr (!kTable) _mm512_storeu_si512(pixels, _mm512_maskz_mov_epi16(mask, value));
  }
}

const uint8_t* restore_row(const RestoreRow& job) {
  const uint8_t* modes = nullptr;
  if (job.modes != nullptr) {
    modes = restore(job);
  } else if (job.table == nullptr) {
    restore_planes<false>(job);
    return nullptr;
  } else {
    restore_planes<true>(job);
  }
  store_pixels(job);
  return modes;
}

}  // namespace native
#endif
}  // namespace lenswire::strata::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
