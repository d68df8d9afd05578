// decode_kernels-inl.hpp - the decoder's inner loops in Highway. Included once per target.
#if defined(LENSWIRE_STRATA_DECODE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LENSWIRE_STRATA_DECODE_INL
#undef LENSWIRE_STRATA_DECODE_INL
#else
#define LENSWIRE_STRATA_DECODE_INL
#endif

#include <algorithm>

#include "decode_kernels.hpp"
#include "lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lenswire::strata::HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

/// Replaces the escaped ones among 32 residuals. False when there are too few escapes.
HWY_NOINLINE bool fill_escapes(uint32_t where, uint32_t count, EscapeReader& escapes,
                               int16_t* out) {
  if (count < 32) where &= (1U << count) - 1;
  for (; where != 0; where &= where - 1) {
    int quotient = 0;
    if (!escapes.read(quotient)) return false;
    out[__builtin_ctz(where)] = static_cast<int16_t>(quotient);
  }
  return true;
}

/// merge_lows() for shifts below 8, eight residuals at a time; false leaves it to the plain twin.
HWY_INLINE void merge_lows_vector(const UnpackJob& job) {
  const B16 b;
  const BI16 bi;
  const uint32_t s = job.shift;
  alignas(16) uint16_t factor[8];
  for (uint32_t i = 0; i < 8; ++i) {
    const uint32_t lane = s == 4 ? i & 3 : i;
    factor[i] = static_cast<uint16_t>(1U << (16 - s - lane * s));
  }
  const VB16 up = hn::Load(b, factor);
  const VB16 half = hn::Set(b, static_cast<uint16_t>(1U << (s - 1)));
  const int down = static_cast<int>(16 - s);
  // job.lows has room to read past its end.
  for (uint32_t i = 0; i < job.count; i += 8) {
    const uint32_t word = load32(job.lows + (size_t{i} * s >> 3));
    VB16 source = hn::Set(b, static_cast<uint16_t>(word));
    if (s == 4)
      source = hn::ConcatLowerLower(b, hn::Set(b, static_cast<uint16_t>(word >> 16)), source);
    const VB16 low = hn::ShiftRightSame(hn::Mul(source, up), down);
    const VB16 q = hn::BitCast(b, hn::LoadU(bi, job.out + i));
    const VB16 e = hn::Sub(hn::Add(hn::ShiftLeftSame(q, static_cast<int>(s)), low), half);
    hn::StoreU(hn::BitCast(bi, e), bi, job.out + i);
  }
}

bool unpack(UnpackJob& job) {
  const B8 b8;
  const BI16 bi;
  const hn::Simd<uint8_t, 8, 0> half8;
  const VB8 escape = hn::Set(b8, uint8_t{kEscapeNibble});
  const auto bias = hn::Set(bi, int16_t{kNibbleBias});
  EscapeReader escapes(job);
  for (uint32_t i = 0; i < job.count; i += 32) {
    const VB8 pairs = hn::LoadU(b8, job.pairs + i / 2);
    const VB8 even = hn::And(pairs, escape);
    const VB8 odd = hn::And(hn::BitCast(b8, hn::ShiftRight<4>(hn::BitCast(B16(), pairs))), escape);
    const VB8 first = hn::InterleaveLower(b8, even, odd);
    const VB8 second = hn::InterleaveUpper(b8, even, odd);
    const auto store = [&](auto eight, uint32_t at) {
      const auto wide = hn::PromoteTo(bi, eight);
      hn::StoreU(hn::Sub(wide, bias), bi, job.out + i + at);
    };
    store(hn::LowerHalf(half8, first), 0);
    store(hn::UpperHalf(half8, first), 8);
    store(hn::LowerHalf(half8, second), 16);
    store(hn::UpperHalf(half8, second), 24);
    const auto first_escaped = hn::Eq(first, escape);
    const auto second_escaped = hn::Eq(second, escape);
    if (HWY_UNLIKELY(!hn::AllFalse(b8, hn::Or(first_escaped, second_escaped)))) {
      const uint32_t where = bits_of(first_escaped) | bits_of(second_escaped) << 16;
      if (!fill_escapes(where, job.count - i, escapes, job.out + i)) return false;
    }
  }
  if (job.shift == 8)
    merge_lows(job);
  else if (job.shift != 0)
    merge_lows_vector(job);
  escapes.finish(job);
  return true;
}

/// pixels[i] = table[ranks[i]] for one segment.
HWY_INLINE void look_up(const uint16_t* table, const uint16_t* ranks, uint16_t* pixels) {
#if HWY_TARGET == HWY_AVX3
  // Neighbours have similar ranks: most segments need no more of the table than four registers
  // hold. The window never wraps round.
  constexpr uint32_t kWindow = 128;
  const uint32_t base =
      std::min(ranks[0] < kWindow / 2 ? 0U : ranks[0] - kWindow / 2, 65536U - kWindow);
  const __m512i index =
      _mm512_sub_epi16(_mm512_loadu_si512(ranks), _mm512_set1_epi16(static_cast<int16_t>(base)));
  if (_mm512_cmpge_epu16_mask(index, _mm512_set1_epi16(kWindow)) == 0) {
    const __m512i* from = reinterpret_cast<const __m512i*>(table + base);
    const __m512i low =
        _mm512_permutex2var_epi16(_mm512_loadu_si512(from), index, _mm512_loadu_si512(from + 1));
    const __m512i high = _mm512_permutex2var_epi16(_mm512_loadu_si512(from + 2), index,
                                                   _mm512_loadu_si512(from + 3));
    const __mmask32 upper = _mm512_test_epi16_mask(index, _mm512_set1_epi16(kWindow / 2));
    _mm512_storeu_si512(pixels, _mm512_mask_mov_epi16(low, upper, high));
    return;
  }
#endif
  for (uint32_t i = 0; i < kSegmentPixels; i += 4) {
    uint64_t four;
    __builtin_memcpy(&four, ranks + i, 8);
    const uint64_t codes =
        uint64_t{table[four & 0xFFFF]} | uint64_t{table[four >> 16 & 0xFFFF]} << 16 |
        uint64_t{table[four >> 32 & 0xFFFF]} << 32 | uint64_t{table[four >> 48]} << 48;
    __builtin_memcpy(pixels + i, &codes, 8);
  }
}

const uint8_t* restore_row(const RestoreRow& job) {
  const D16 d;
  const DI16 di;
  const uint8_t* modes = job.modes;
  const int16_t* e = job.residuals;
  V16 left = hn::Set(d, job.up[0]);
  for (uint32_t s = 0; s < job.segments; ++s) {
    const uint32_t mask = job.mask[s];
    const uint16_t* up = job.up + s * kSegmentPixels;
    uint16_t* row = job.row + s * kSegmentPixels;
    uint16_t* pixels = job.pixels + s * kSegmentPixels;
    if (mask == 0) {
      V16 copy = hn::Zero(d);
      for (uint32_t i = 0; i < kSegmentPixels; i += kLanes) {
        copy = hn::LoadU(d, up + i);
        hn::StoreU(copy, d, row + i);
        hn::StoreU(hn::Zero(d), d, pixels + i);
      }
      left = last(copy);
      continue;
    }
    const ModeMasks mode = masks_of_mode(modes == nullptr ? uint32_t{kModePlane} : *modes++);
    if (mask == ~0U) {
      for (uint32_t i = 0; i < kSegmentPixels; i += kLanes) {
        const V16 residual = hn::BitCast(d, hn::LoadU(di, e + i));
        const V16 sum = prefix_sum(hn::Add(residual, select_slope(slopes(up + i), mode)));
        const V16 value = hn::Add(sum, left);
        left = hn::Add(left, last(sum));
        hn::StoreU(value, d, row + i);
        if (job.table == nullptr) hn::StoreU(value, d, pixels + i);
      }
      e += kSegmentPixels;
      if (job.table != nullptr) look_up(job.table, row, pixels);
      continue;
    }
    V16 valid[kParts];
    uint32_t bits = mask;
    for (uint32_t p = 0; p < kParts; ++p, bits = kLanes == 16 ? bits >> 16 : bits >> 8) {
      const uint32_t here = bits & ((1U << kLanes) - 1);
      valid[p] = lanes_of_bits(here);
      const V16 residual = hn::And(spread(reinterpret_cast<const uint16_t*>(e), here), valid[p]);
      e += hwy::PopCount(uint64_t{here});
      const V16 sum = prefix_sum(hn::Add(residual, select_slope(slopes(up + p * kLanes), mode)));
      const V16 value = hn::Add(sum, left);
      left = hn::Add(left, last(sum));
      hn::StoreU(value, d, row + p * kLanes);
      if (job.table == nullptr) hn::StoreU(hn::And(value, valid[p]), d, pixels + p * kLanes);
    }
    if (job.table == nullptr) continue;
    look_up(job.table, row, pixels);
    for (uint32_t p = 0; p < kParts; ++p) {
      uint16_t* to = pixels + p * kLanes;
      hn::StoreU(hn::And(hn::LoadU(d, to), valid[p]), d, to);
    }
  }
  return modes;
}

/// unpack_groups_from(), as long as each group has 16 bytes to look at.
const uint8_t* unpack_groups(const UnpackGroups& job) {
  const hn::Simd<uint8_t, 8, 0> half8;
  const B16 b;
  const uint8_t* data = job.data;
  uint32_t i = 0;
  for (; i < job.groups && job.end - data >= 16; ++i) {
    const uint32_t width =
        group_bytes(static_cast<uint32_t>(job.widths[i >> 1]) >> ((i & 1) * 4) & 15);
    uint64_t low = load64(data);
    VB16 z;
    if (HWY_LIKELY(width <= 8)) {
      low = width == 0 ? 0 : spread_eight(low, width);
      z = hn::PromoteTo(b, hn::Load(half8, reinterpret_cast<const uint8_t*>(&low)));
    } else {
      const uint64_t high = spread_eight(load64(data + 8), width - 8);
      z = hn::Or(hn::PromoteTo(b, hn::Load(half8, reinterpret_cast<const uint8_t*>(&low))),
                 hn::ShiftLeft<8>(
                     hn::PromoteTo(b, hn::Load(half8, reinterpret_cast<const uint8_t*>(&high)))));
    }
    data += width;
    const VB16 sign = hn::Sub(hn::Zero(b), hn::And(z, hn::Set(b, uint16_t{1})));
    hn::StoreU(hn::Xor(hn::ShiftRight<1>(z), sign), b,
               reinterpret_cast<uint16_t*>(job.out) + size_t{i} * kPackGroup);
  }
  return unpack_groups_from(job, i, data);
}

void hash_row(HashState& state, const uint16_t* pixels, uint32_t width) {
  const hn::CappedTag<uint32_t, 16> d;
  using V = hn::Vec<decltype(d)>;
  constexpr uint32_t kStep = static_cast<uint32_t>(hn::MaxLanes(d));
  constexpr uint32_t kVectors = kHashLanes / kStep;
  const auto* bytes = reinterpret_cast<const uint8_t*>(pixels);
  const V prime = hn::Set(d, kHashPrime);
  V lane[kVectors];
  for (uint32_t i = 0; i < kVectors; ++i) lane[i] = hn::Load(d, state.lane + i * kStep);
  const auto feed = [&](const uint8_t* from) {
    for (uint32_t i = 0; i < kVectors; ++i) {
      const V word = hn::BitCast(
          d, hn::LoadU(hn::Repartition<uint8_t, decltype(d)>(), from + 4 * size_t{i} * kStep));
      lane[i] = hn::RotateRight<32 - kHashRotate>(hn::Mul(hn::Xor(lane[i], word), prime));
    }
  };
  uint32_t x = 0;
  for (; x + kHashPixels <= width; x += kHashPixels, bytes += 2 * kHashPixels) feed(bytes);
  if (x != width) {
    alignas(64) uint8_t tail[2 * kHashPixels] = {};
    __builtin_memcpy(tail, bytes, 2 * size_t{width - x});
    feed(tail);
  }
  for (uint32_t i = 0; i < kVectors; ++i) hn::Store(lane[i], d, state.lane + i * kStep);
}

#endif
}  // namespace lenswire::strata::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
