// avx512_encode-inl.hpp - the encoder's inner loops for AVX-512 of the Ice Lake kind.
#if defined(LENSWIRE_STRATA_AVX512_ENCODE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LENSWIRE_STRATA_AVX512_ENCODE_INL
#undef LENSWIRE_STRATA_AVX512_ENCODE_INL
#else
#define LENSWIRE_STRATA_AVX512_ENCODE_INL
#endif

#include "avx512-inl.hpp"
#include "encode_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace lenswire::strata::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3_DL
namespace native {

/// `table` at the `numbers` of one segment, of which the lanes in `wanted` matter, and are not
/// none. Neighbours are alike: four registers hold all of the table that most segments need. Where
/// they do not, single lookups beat both a gather and more windows. `table` has 65536 entries and
/// may be read kTablePadding further.
HWY_INLINE void look_up(const uint16_t* table, const uint16_t* numbers, __mmask32 wanted,
                        uint16_t* out) {
  constexpr uint32_t kWindow = 128;
  const __m512i all = _mm512_loadu_si512(numbers);
  const uint32_t base = least_of(all, wanted);
  const __m512i index = _mm512_sub_epi16(all, set16(base));
  if (_mm512_mask_cmpge_epu16_mask(wanted, index, set16(kWindow)) == 0) {
    _mm512_storeu_si512(out, in_window(table + base, index));
    return;
  }
  for (uint32_t i = 0; i < kSegmentPixels; i += 4) {
    const uint64_t four = load64(reinterpret_cast<const uint8_t*>(numbers + i));
    out[i] = table[four & 0xFFFF];
    out[i + 1] = table[four >> 16 & 0xFFFF];
    out[i + 2] = table[four >> 32 & 0xFFFF];
    out[i + 3] = table[four >> 48];
  }
}

Patch* map_row(const MapRow& job_in_memory) {
  const MapRow job = job_in_memory;  // so that no store can seem to change it
  const uint32_t segments = (job.width + kSegmentPixels - 1) / kSegmentPixels;
  alignas(64) uint16_t last_pixels[kSegmentPixels];
  for (uint32_t s = 0; s < segments; ++s) {
    const uint32_t left = job.width - s * kSegmentPixels;
    const uint16_t* from = job.pixels + s * kSegmentPixels;
    if (HWY_UNLIKELY(left < kSegmentPixels)) {
      _mm512_store_si512(last_pixels, _mm512_maskz_loadu_epi16((1U << left) - 1, from));
      from = last_pixels;
    }
    const __m512i pixels = _mm512_loadu_si512(from);
    const __mmask32 valid = _mm512_test_epi16_mask(pixels, pixels);
    job.mask[s] = valid;
    uint16_t* row = job.row + s * kSegmentPixels;
    if (job.rank_of == nullptr || valid == 0)
      _mm512_storeu_si512(row, pixels);
    else
      look_up(job.rank_of, from, valid, row);
  }
  Patch* patches = job.patches;
  if (job.rank_of == nullptr) return patches;
  // Apart from the loop above, which has just stored what this one loads.
  for (uint32_t s = 0; s < segments; ++s) {
    const __m512i ranks = _mm512_loadu_si512(job.row + s * kSegmentPixels);
    const uint32_t unknown = _mm512_mask_cmpeq_epu16_mask(job.mask[s], ranks, set16(kNoRank));
    if (HWY_UNLIKELY(unknown != 0)) patches = patch_segment(job, s, unknown, patches);
  }
  return patches;
}

HWY_INLINE uint32_t best_of(__m512i step, const Slopes& slope, __mmask32 both) {
  const __m512i limit = set16(kCostLimit);
  const auto cost = [&](__m512i e) {
    return _mm512_maskz_min_epu16(both, _mm512_abs_epi16(e), limit);
  };
  const __m512i zero = _mm512_setzero_si512();
  const __m512i first = _mm512_sad_epu8(
      _mm512_packus_epi16(cost(_mm512_sub_epi16(step, slope.plane)), cost(step)), zero);
  const __m512i second =
      _mm512_sad_epu8(_mm512_packus_epi16(cost(_mm512_sub_epi16(step, slope.smooth)), zero), zero);
  // Each block: the sum of its eight plane costs, then of its left costs; smooth costs above.
  const __m512i both_sums = _mm512_or_si512(first, _mm512_slli_epi64(second, 32));
  const __m256i half =
      _mm256_add_epi32(_mm512_castsi512_si256(both_sums), _mm512_extracti64x4_epi64(both_sums, 1));
  const __m128i sums =
      _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  const auto low = static_cast<uint64_t>(_mm_cvtsi128_si64(sums));
  return best_mode(static_cast<uint32_t>(low), static_cast<uint32_t>(_mm_extract_epi32(sums, 2)),
                   static_cast<uint32_t>(low >> 32));
}

HWY_INLINE PredictedRow predict(const PredictRow& job) {
  uint8_t* modes = job.modes;
  int16_t* out = job.residuals;
  __m512i before = set16(job.up[0]);  // its last lane is the pixel left of the segment
  uint32_t previous_mask = ~0U;
  for (uint32_t s = 0; s < job.segments; ++s) {
    const uint32_t mask = job.mask[s];
    const uint16_t* up = job.up + s * kSegmentPixels;
    uint16_t* row = job.row + s * kSegmentPixels;
    if (mask == 0) {
      before = _mm512_loadu_si512(up);
      _mm512_storeu_si512(row, before);
      previous_mask = 0;
      continue;
    }
    const __m512i own = _mm512_loadu_si512(row);
    const __m512i step = _mm512_sub_epi16(own, shift_in(own, before));
    const Slopes choice = slopes(up);
    const uint32_t mode = best_of(step, choice, comparable(mask, previous_mask));
    const __m512i slope = slope_of(choice, mode);
    previous_mask = mask;
    *modes++ = static_cast<uint8_t>(mode);
    if (mask == ~0U) {
      _mm512_storeu_si512(out, _mm512_sub_epi16(step, slope));
      out += kSegmentPixels;
      before = own;
      continue;
    }
    // Relative to the running sum of the slopes, a prediction is simply the last valid value.
    const __m512i running = prefix_sum(slope);
    const __m512i known = last(before);
    const __m512i relative = _mm512_maskz_compress_epi16(mask, _mm512_sub_epi16(own, running));
    _mm512_storeu_si512(out, _mm512_sub_epi16(relative, shift_in(relative, known)));
    out += __builtin_popcount(mask);
    const __m512i filled = _mm512_permutexvar_epi16(ordinals(mask), relative);
    const __mmask32 none_yet = (mask & (0U - mask)) - 1;
    before = _mm512_add_epi16(_mm512_mask_mov_epi16(filled, none_yet, known), running);
    _mm512_storeu_si512(row, before);
  }
  return {modes, out};
}

/// predict() where all segments are planes. There only the difference to the row above matters: the
/// prediction is that it stays.
HWY_INLINE PredictedRow predict_planes(const PredictRow& job) {
  uint8_t* modes = job.modes;
  int16_t* out = job.residuals;
  __m512i before = _mm512_setzero_si512();  // its last lane is left of the segment
  for (uint32_t s = 0; s < job.segments; ++s) {
    const uint32_t mask = job.mask[s];
    uint16_t* row = job.row + s * kSegmentPixels;
    const __m512i above = _mm512_loadu_si512(job.up + s * kSegmentPixels);
    if (mask == 0) {
      _mm512_storeu_si512(row, above);
      before = _mm512_setzero_si512();
      continue;
    }
    *modes++ = kModePlane;
    const __m512i delta = _mm512_sub_epi16(_mm512_loadu_si512(row), above);
    if (mask == ~0U) {
      _mm512_storeu_si512(out, _mm512_sub_epi16(delta, shift_in(delta, before)));
      out += kSegmentPixels;
      before = delta;
      continue;
    }
    const __m512i packed = _mm512_maskz_compress_epi16(mask, delta);
    _mm512_storeu_si512(out, _mm512_sub_epi16(packed, shift_in(packed, before)));
    out += __builtin_popcount(mask);
    const __mmask32 none_yet = (mask & (0U - mask)) - 1;
    before = _mm512_mask_mov_epi16(_mm512_permutexvar_epi16(ordinals(mask), packed), none_yet,
                                   last(before));
    _mm512_storeu_si512(row, _mm512_add_epi16(before, above));
  }
  return {modes, out};
}

PredictedRow predict_row(const PredictRow& job) {
  return job.choose ? predict(job) : predict_planes(job);
}

/// The escapes of one register of quotients.
HWY_INLINE void write_escapes(__m512i quotients, __mmask32 where, Escapes& to) {
  const __m512i value =
      _mm512_maskz_compress_epi16(where, _mm512_sub_epi16(zigzag(quotients), set16(kEscapeNibble)));
  const __m512i top = set16(255);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to.end),
                      _mm512_cvtepi16_epi8(_mm512_min_epu16(value, top)));
  to.end += __builtin_popcount(where);
  const __mmask32 wide = _mm512_cmpge_epu16_mask(value, top);
  if (HWY_LIKELY(wide == 0)) return;
  _mm512_storeu_si512(to.wide_end, _mm512_maskz_compress_epi16(wide, value));
  to.wide_end += 2 * __builtin_popcount(wide);
}

/// The low bits of 32 numbers, eight of which fill as many bytes as they have bits each.
HWY_INLINE void write_lows(__m512i numbers, uint32_t bits, uint8_t* out) {
  const __m256i bytes = _mm512_cvtepi16_epi8(numbers);
  const __m128i low = _mm256_castsi256_si128(bytes);
  const __m128i high = _mm256_extracti128_si256(bytes, 1);
  const uint64_t mask = kLowBits[bits];
  store64(out, _pext_u64(static_cast<uint64_t>(_mm_cvtsi128_si64(low)), mask));
  store64(out + bits, _pext_u64(static_cast<uint64_t>(_mm_extract_epi64(low, 1)), mask));
  store64(out + 2 * bits, _pext_u64(static_cast<uint64_t>(_mm_cvtsi128_si64(high)), mask));
  store64(out + 3 * bits, _pext_u64(static_cast<uint64_t>(_mm_extract_epi64(high, 1)), mask));
}

template <bool kHasLows>
HWY_INLINE Escapes quantise(const QuantiseJob& job) {
  const __m512i half = set16((1U << job.shift) >> 1);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(job.shift));
  const __m512i top = set16(kEscapeNibble);
  Escapes escapes{job.escapes, job.wide};
  for (uint32_t i = 0; i < job.count; i += 32) {
    const uint32_t left = job.count - i;
    const __mmask32 inside = left < 32 ? (1U << left) - 1 : ~0U;
    // What lies behind the end is no residual: an odd number is filled up with 0.
    const __m512i e = _mm512_maskz_loadu_epi16(inside, job.residuals + i);
    const __m512i rounded = _mm512_add_epi16(e, half);
    if constexpr (kHasLows)
      write_lows(_mm512_maskz_mov_epi16(inside, rounded), job.shift,
                 job.lows + size_t{i} / 8 * job.shift);
    const __m512i q = _mm512_sra_epi16(rounded, shift);
    __m512i nibbles = _mm512_min_epu16(_mm512_add_epi16(q, set16(kNibbleBias)), top);
    const __mmask32 escaped = _mm512_mask_cmpeq_epu16_mask(inside, nibbles, top);
    if (HWY_UNLIKELY(left < 32))
      nibbles = _mm512_mask_mov_epi16(set16(kNibbleBias), inside, nibbles);
    const __m512i pairs = _mm512_or_si512(nibbles, _mm512_srli_epi32(nibbles, 12));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(job.pairs + i / 2), _mm512_cvtepi32_epi8(pairs));
    if (escaped != 0) write_escapes(q, escaped, escapes);
  }
  return escapes;
}

Escapes quantise(const QuantiseJob& job) {
  return job.shift != 0 ? quantise<true>(job) : quantise<false>(job);
}

/// Puts four groups of eight bytes at `data`, each squeezed to its width.
HWY_INLINE void squeeze_four(__m256i bytes, const uint32_t (&width)[4], uint8_t* const (&data)[4]) {
  const __m128i low = _mm256_castsi256_si128(bytes);
  const __m128i high = _mm256_extracti128_si256(bytes, 1);
  store64(data[0], _pext_u64(static_cast<uint64_t>(_mm_cvtsi128_si64(low)), kLowBits[width[0]]));
  store64(data[1], _pext_u64(static_cast<uint64_t>(_mm_extract_epi64(low, 1)), kLowBits[width[1]]));
  store64(data[2], _pext_u64(static_cast<uint64_t>(_mm_cvtsi128_si64(high)), kLowBits[width[2]]));
  store64(data[3],
          _pext_u64(static_cast<uint64_t>(_mm_extract_epi64(high, 1)), kLowBits[width[3]]));
}

uint8_t* pack(const PackJob& job) {
  const __m512i first_lanes = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 8, 4, 0);
  uint8_t* data = job.data;
  uint32_t i = 0;
  for (; i + 4 <= job.groups; i += 4) {
    const __m512i z = zigzag(_mm512_loadu_si512(job.residuals + size_t{i} * kPackGroup));
    __m512i any = _mm512_or_si512(z, _mm512_shuffle_epi32(z, _MM_PERM_BADC));
    any = _mm512_or_si512(any, _mm512_shuffle_epi32(any, _MM_PERM_CDAB));
    any = _mm512_or_si512(any, _mm512_srli_epi32(any, 16));
    // A float's exponent tells the bits of a number; 0 has none.
    const __m128i four = _mm_and_si128(
        _mm512_castsi512_si128(_mm512_permutexvar_epi32(first_lanes, any)), _mm_set1_epi32(0xFFFF));
    const __m128i exponent = _mm_srli_epi32(_mm_castps_si128(_mm_cvtepi32_ps(four)), 23);
    const __m128i bits = _mm_subs_epu16(exponent, _mm_set1_epi32(126));
    const auto two = static_cast<uint64_t>(_mm_cvtsi128_si64(bits));
    const auto more = static_cast<uint64_t>(_mm_extract_epi64(bits, 1));
    uint32_t width[4] = {static_cast<uint32_t>(two), static_cast<uint32_t>(two >> 32),
                         static_cast<uint32_t>(more), static_cast<uint32_t>(more >> 32)};
    const __m256i low = _mm512_cvtepi16_epi8(z);
    if (HWY_LIKELY(_mm_cmpgt_epi32_mask(bits, _mm_set1_epi32(8)) == 0)) {
      uint8_t* const second = data + width[0];
      uint8_t* const third = second + width[1];
      uint8_t* const fourth = third + width[2];
      squeeze_four(low, width, {data, second, third, fourth});
      data = fourth + width[3];
      constexpr uint64_t kNibbles = 0x0000000F0000000F;
      store16(job.widths + i / 2,
              static_cast<uint32_t>(_pext_u64(two, kNibbles) | _pext_u64(more, kNibbles) << 8));
      continue;
    }
    uint32_t first_width[4];
    uint32_t rest_width[4];
    uint8_t* at[4];
    uint8_t* rest_at[4];
    uint32_t nibbles = 0;
    for (uint32_t k = 0; k < 4; ++k) {
      nibbles |= std::min(width[k], kWideGroup) << 4 * k;
      if (width[k] >= kWideGroup) width[k] = 16;
      first_width[k] = std::min(width[k], 8U);
      rest_width[k] = width[k] - first_width[k];
      at[k] = data;
      rest_at[k] = data + first_width[k];
      data += width[k];
    }
    // In this order: each store touches eight bytes, and the later ones must win.
    const __m256i high = _mm512_cvtepi16_epi8(_mm512_srli_epi16(z, 8));
    alignas(32) uint64_t lows[4];
    alignas(32) uint64_t highs[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lows), low);
    _mm256_store_si256(reinterpret_cast<__m256i*>(highs), high);
    for (uint32_t k = 0; k < 4; ++k) {
      store64(at[k], _pext_u64(lows[k], kLowBits[first_width[k]]));
      store64(rest_at[k], _pext_u64(highs[k], kLowBits[rest_width[k]]));
    }
    store16(job.widths + i / 2, nibbles);
  }
  return pack_groups(
      {job.residuals + size_t{i} * kPackGroup, job.groups - i, job.widths + i / 2, data});
}

/// compact_mask(), sixteen words at a time.
uint8_t* compact_mask(const CompactMask& job) {
  uint8_t* bytes = job.bytes;
  uint32_t i = 0;
  for (; i + 16 <= job.words; i += 16) {
    __m512i words = _mm512_loadu_si512(job.mask + i);
    if (i >= job.segments) {
      words = _mm512_xor_si512(words, _mm512_loadu_si512(job.mask + i - job.segments));
    } else if (i + 16 > job.segments) {
      const auto above = static_cast<__mmask16>(0xFFFFU << (job.segments - i));
      words = _mm512_xor_si512(
          words, _mm512_maskz_loadu_epi32(above, job.mask + i - static_cast<size_t>(job.segments)));
    }
    const __mmask64 set = _mm512_test_epi8_mask(words, words);
    store64(job.flags + i / 2, set);
    _mm512_storeu_si512(bytes, _mm512_maskz_compress_epi8(set, words));
    bytes += __builtin_popcountll(set);
  }
  return compact_words(job, i, bytes);
}

/// A stream in the making, newest bits highest: what BitWriter becomes for a while.
struct Writer {
  uint8_t* to;
  uint64_t buffer;
  uint64_t bits;

  HWY_INLINE void put(uint64_t code, uint64_t length) {
    buffer |= code << bits;
    bits += length;
    store64(to, buffer);
    to += bits >> 3;
    buffer >>= bits & ~uint64_t{7};
    bits &= 7;
  }
};

/// Four codes in a row become one of up to 44 bits, eight of those at a time.
HWY_INLINE void join_codes(const CodeTable& table, const uint8_t* symbols, uint64_t* code,
                           uint64_t* length) {
  const __m512i symbol =
      _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(symbols)));
  const auto quarter = [&](uint32_t from) {
    return _mm512_permutex2var_epi16(_mm512_loadu_si512(table.compact + from), symbol,
                                     _mm512_loadu_si512(table.compact + from + 32));
  };
  const __mmask32 odd = _mm512_test_epi16_mask(symbol, set16(64));
  const __mmask32 upper = _mm512_test_epi16_mask(symbol, set16(128));
  const __m512i low = _mm512_mask_mov_epi16(quarter(0), odd, quarter(64));
  const __m512i high = _mm512_mask_mov_epi16(quarter(128), odd, quarter(192));
  const __m512i entry = _mm512_mask_mov_epi16(low, upper, high);
  const __m512i c = _mm512_and_si512(entry, set16(0xFFF));
  const __m512i l = _mm512_srli_epi16(entry, 12);
  const __m512i low16 = _mm512_set1_epi32(0xFFFF);
  const __m512i l0 = _mm512_and_si512(l, low16);
  const __m512i c2 =
      _mm512_or_si512(_mm512_and_si512(c, low16), _mm512_sllv_epi32(_mm512_srli_epi32(c, 16), l0));
  const __m512i l2 = _mm512_add_epi32(l0, _mm512_srli_epi32(l, 16));
  const __m512i low32 = _mm512_set1_epi64(0xFFFFFFFF);
  const __m512i l20 = _mm512_and_si512(l2, low32);
  _mm512_store_si512(code, _mm512_or_si512(_mm512_and_si512(c2, low32),
                                           _mm512_sllv_epi64(_mm512_srli_epi64(c2, 32), l20)));
  _mm512_store_si512(length, _mm512_add_epi64(l20, _mm512_srli_epi64(l2, 32)));
}

void write_streams(BitWriter (&writers)[4], const CodeTable& table, uint32_t count) {
  Writer w[4];
  for (uint32_t k = 0; k < 4; ++k) {
    const uint64_t bits = writers[k].bits & 63;
    w[k] = {writers[k].to, writers[k].buffer >> 1 >> (63 - bits), bits};
  }
  const uint32_t blocks = count / 32;
  for (uint32_t i = 0; i < blocks; ++i) {
    alignas(64) uint64_t code[4][8];
    alignas(64) uint64_t length[4][8];
    for (uint32_t k = 0; k < 4; ++k)
      join_codes(table, writers[k].from + size_t{i} * 32, code[k], length[k]);
    for (uint32_t j = 0; j < 8; ++j)
      for (uint32_t k = 0; k < 4; ++k) w[k].put(code[k][j], length[k][j]);
  }
  for (uint32_t k = 0; k < 4; ++k) {
    writers[k].from += size_t{blocks} * 32;
    writers[k].to = w[k].to;
    writers[k].buffer = w[k].buffer << 1 << (63 - w[k].bits);
    writers[k].bits = w[k].bits;
  }
}

}  // namespace native
#endif
}  // namespace lenswire::strata::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
