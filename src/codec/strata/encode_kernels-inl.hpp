// encode_kernels-inl.hpp - the encoder's inner loops in Highway. Included once per target.
#if defined(LENSWIRE_STRATA_ENCODE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LENSWIRE_STRATA_ENCODE_INL
#undef LENSWIRE_STRATA_ENCODE_INL
#else
#define LENSWIRE_STRATA_ENCODE_INL
#endif

#include <algorithm>

#include "encode_kernels.hpp"
#include "lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lenswire::strata::HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

void mark_pixels(const uint16_t* pixels, uint32_t count, uint8_t* seen) {
  uint32_t x = 0;
  for (; x + 4 <= count; x += 4) {
    uint64_t four;
    __builtin_memcpy(&four, pixels + x, 8);
    seen[four & 0xFFFF] = 1;
    seen[four >> 16 & 0xFFFF] = 1;
    seen[four >> 32 & 0xFFFF] = 1;
    seen[four >> 48] = 1;
  }
  for (; x < count; ++x) seen[pixels[x]] = 1;
}

/// The validity of a whole segment.
HWY_INLINE uint32_t valid_bits(const uint16_t* pixels) {
  const D16 d;
  alignas(4) uint8_t bytes[8] = {};
  for (uint32_t i = 0; i < kSegmentPixels; i += kLanes)
    hn::StoreMaskBits(d, hn::Ne(hn::LoadU(d, pixels + i), hn::Zero(d)), bytes + i / 8);
  return load32(bytes);
}

Patch* map_row(const MapRow& job) {
  const D16 d;
  Patch* patches = job.patches;
  const uint32_t whole = job.width / kSegmentPixels;
  for (uint32_t s = 0; s < whole; ++s) {
    const uint16_t* pixels = job.pixels + s * kSegmentPixels;
    uint16_t* row = job.row + s * kSegmentPixels;
    const uint32_t valid = valid_bits(pixels);
    job.mask[s] = valid;
    if (valid == 0) continue;
    if (job.rank_of == nullptr) {
      for (uint32_t i = 0; i < kSegmentPixels; i += kLanes)
        hn::StoreU(hn::LoadU(d, pixels + i), d, row + i);
      continue;
    }
    for (uint32_t i = 0; i < kSegmentPixels; i += 4) {
      uint64_t four;
      __builtin_memcpy(&four, pixels + i, 8);
      const uint64_t ranks = uint64_t{job.rank_of[four & 0xFFFF]} |
                             uint64_t{job.rank_of[four >> 16 & 0xFFFF]} << 16 |
                             uint64_t{job.rank_of[four >> 32 & 0xFFFF]} << 32 |
                             uint64_t{job.rank_of[four >> 48]} << 48;
      __builtin_memcpy(row + i, &ranks, 8);
    }
    alignas(4) uint8_t none[8] = {};
    for (uint32_t i = 0; i < kSegmentPixels; i += kLanes)
      hn::StoreMaskBits(d, hn::Eq(hn::LoadU(d, row + i), hn::Set(d, kNoRank)), none + i / 8);
    const uint32_t unknown = load32(none) & valid;
    if (HWY_UNLIKELY(unknown != 0)) patches = patch_segment(job, s, unknown, patches);
  }
  if (whole * kSegmentPixels == job.width) return patches;
  MapRow tail = job;
  tail.pixels += whole * kSegmentPixels;
  tail.row += whole * kSegmentPixels;
  tail.mask += whole;
  tail.width -= whole * kSegmentPixels;
  tail.position += whole * kSegmentPixels;
  tail.patches = patches;
  return kScalarEncodeKernels.map_row(tail);
}

/// min(|e|, kCostLimit).
HWY_INLINE V16 cost_of(V16 e) {
  const D16 d;
  const V16 m = hn::BitCast(d, hn::Abs(hn::BitCast(DI16(), e)));
  return hn::Min(m, hn::Set(d, uint16_t{kCostLimit}));
}

/// One vector of numbers below 128 to eight bytes.
HWY_INLINE hn::Vec<hn::Simd<uint8_t, 8, 0>> fold(V16 v) {
  const hn::Simd<uint8_t, 8, 0> half;
#if HWY_MAX_BYTES >= 32
  const B16 b;
  const VB16 sum = hn::Add(hn::LowerHalf(b, v), hn::UpperHalf(b, v));
  return hn::DemoteTo(half, hn::BitCast(BI16(), sum));
#else
  return hn::DemoteTo(half, hn::BitCast(DI16(), v));
#endif
}

/// Sums of two vectors whose lanes are at most 127 after folding.
struct TwoSums {
  uint32_t first;
  uint32_t second;
};
HWY_INLINE TwoSums sums_of(V16 first, V16 second) {
  const auto sums = hn::SumsOf8(hn::Combine(B8(), fold(second), fold(first)));
  return {static_cast<uint32_t>(hn::GetLane(sums)),
          static_cast<uint32_t>(hn::GetLane(hn::UpperHalf(hn::Simd<uint64_t, 1, 0>(), sums)))};
}

/// Eight lanes at once, with the same meaning as the functions of lanes-inl.hpp.
HWY_INLINE VB16 slope_of_eight(const uint16_t* up, VB16 plane_mask, VB16 smooth_mask) {
  const B16 b;
  const BI16 bi;
  const VB16 plane = hn::Sub(hn::LoadU(b, up), hn::LoadU(b, up - 1));
  const VB16 wide = hn::Sub(hn::LoadU(b, up + 1), hn::LoadU(b, up - 2));
  const VB16 sum = hn::Add(hn::Add(plane, wide), hn::Set(b, uint16_t{2}));
  const VB16 smooth = hn::BitCast(b, hn::ShiftRight<2>(hn::BitCast(bi, sum)));
  return hn::Or(hn::And(plane, plane_mask), hn::And(smooth, smooth_mask));
}

HWY_INLINE VB16 last_of_eight(VB16 v) {
  alignas(16) static constexpr uint8_t kLast[16] = {14, 15, 14, 15, 14, 15, 14, 15,
                                                    14, 15, 14, 15, 14, 15, 14, 15};
  const B8 b8;
  return hn::BitCast(B16(), hn::TableLookupBytes(hn::BitCast(b8, v), hn::Load(b8, kLast)));
}

/// A segment with holes, once its mode is known: puts predictions into the holes, packs the
/// residuals, and returns their end. `left` is the pixel before, in all lanes.
HWY_INLINE int16_t* code_partial(const uint16_t* up, uint16_t* row, VB16 left, uint32_t mask,
                                 uint32_t mode, int16_t* out) {
  const B16 b;
  const B8 b8;
  const BI16 bi;
  const VB16 plane_mask = hn::Set(b, kPlaneMask[mode]);
  const VB16 smooth_mask = hn::Set(b, kSmoothMask[mode]);
  // Relative to the running sum of the slopes, a prediction is simply the last valid value.
  VB16 slope_sum = hn::Zero(b);
  VB16 known = left;
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t byte = mask >> (8 * i) & 255;
    VB16 running = slope_of_eight(up + 8 * i, plane_mask, smooth_mask);
    running = hn::Add(running, hn::ShiftLeftLanes<1>(b, running));
    running = hn::Add(running, hn::ShiftLeftLanes<2>(b, running));
    running = hn::Add(running, hn::ShiftLeftLanes<4>(b, running));
    running = hn::Add(running, slope_sum);
    slope_sum = last_of_eight(running);
    const VB16 relative = hn::Sub(hn::LoadU(b, row + 8 * i), running);
    const VB8 index = hn::Load(b8, kFillTable.index[byte]);
    const VB16 none =
        hn::BitCast(b, hn::BroadcastSignBit(hn::BitCast(hn::Simd<int8_t, 16, 0>(), index)));
    const VB16 own = hn::BitCast(b, hn::TableLookupBytesOr0(hn::BitCast(b8, relative), index));
    const VB16 filled = hn::Or(own, hn::And(known, none));
    const VB16 e = hn::Sub(relative, hn::CombineShiftRightBytes<14>(b, filled, known));
    known = last_of_eight(filled);
    hn::StoreU(hn::Add(filled, running), b, row + 8 * i);
    hn::StoreU(hn::BitCast(bi, hn::TableLookupBytes(hn::BitCast(b8, e),
                                                    hn::Load(b8, kPackTable.index[byte]))),
               bi, out);
    out += hwy::PopCount(uint64_t{byte});
  }
  return out;
}

/// One vector of a segment, relative to its left neighbours.
struct Steps {
  V16 step[kParts];
  Slopes slope[kParts];
  V16 last_value;
};

HWY_INLINE Steps steps_of(const uint16_t* up, const uint16_t* row, V16 before) {
  const D16 d;
  Steps s;
  s.last_value = before;
  for (uint32_t p = 0; p < kParts; ++p) {
    const V16 own = hn::LoadU(d, row + p * kLanes);
    s.step[p] = hn::Sub(own, shift_in(own, s.last_value));
    s.slope[p] = slopes(up + p * kLanes);
    s.last_value = own;
  }
  return s;
}

/// Compares the modes where both a pixel and its neighbour are valid.
HWY_INLINE uint32_t choose_mode(const Steps& s, uint32_t both) {
  const D16 d;
  V16 plane = hn::Zero(d);
  V16 flat = hn::Zero(d);
  V16 smooth = hn::Zero(d);
  for (uint32_t p = 0; p < kParts; ++p) {
    V16 counted = hn::Set(d, uint16_t{0xFFFF});
    if (both != ~0U) counted = lanes_of_bits(both >> (p * kLanes) & ((1U << kLanes) - 1));
    plane = hn::Add(plane, hn::And(counted, cost_of(hn::Sub(s.step[p], s.slope[p].plane))));
    flat = hn::Add(flat, hn::And(counted, cost_of(s.step[p])));
    smooth = hn::Add(smooth, hn::And(counted, cost_of(hn::Sub(s.step[p], s.slope[p].smooth))));
  }
  const TwoSums two = sums_of(plane, flat);
  return best_mode(two.first, two.second, sums_of(smooth, smooth).first);
}

template <bool kChoose>
HWY_INLINE PredictedRow predict(const PredictRow& job) {
  const D16 d;
  const DI16 di;
  uint8_t* modes = job.modes;
  int16_t* out = job.residuals;
  V16 before = hn::Set(d, job.up[0]);  // ends with the pixel left of the segment
  uint32_t previous_mask = ~0U;
  for (uint32_t s = 0; s < job.segments; ++s) {
    const uint32_t mask = job.mask[s];
    const uint16_t* up = job.up + s * kSegmentPixels;
    uint16_t* row = job.row + s * kSegmentPixels;
    if (mask == 0) {
      for (uint32_t i = 0; i < kSegmentPixels; i += kLanes) {
        before = hn::LoadU(d, up + i);
        hn::StoreU(before, d, row + i);
      }
      previous_mask = 0;
      continue;
    }
    const uint32_t both = comparable(mask, previous_mask);
    previous_mask = mask;
    uint32_t mode = kModePlane;
    if (both == ~0U) {
      const Steps steps = steps_of(up, row, before);
      if constexpr (kChoose) mode = choose_mode(steps, both);
      const ModeMasks select = masks_of_mode(mode);
      for (uint32_t p = 0; p < kParts; ++p)
        hn::StoreU(hn::BitCast(di, hn::Sub(steps.step[p], select_slope(steps.slope[p], select))),
                   di, out + p * kLanes);
      out += kSegmentPixels;
      before = steps.last_value;
    } else {
      if constexpr (kChoose) mode = choose_mode(steps_of(up, row, before), both);
#if HWY_MAX_BYTES >= 32
      const VB16 left = last_of_eight(hn::UpperHalf(B16(), before));
#else
      const VB16 left = last_of_eight(before);
#endif
      out = code_partial(up, row, left, mask, mode, out);
      before = hn::LoadU(d, row + kSegmentPixels - kLanes);
    }
    *modes++ = static_cast<uint8_t>(mode);
  }
  return {modes, out};
}

PredictedRow predict_row(const PredictRow& job) {
  return job.choose ? predict<true>(job) : predict<false>(job);
}

/// pack_groups(), with the numbers of a group side by side.
uint8_t* pack(const PackJob& job) {
  const B16 b;
  const BI16 bi;
  const hn::Simd<uint8_t, 8, 0> half8;
  uint8_t* data = job.data;
  uint8_t* widths = job.widths;
  uint32_t held = 0;
  for (uint32_t i = 0; i < job.groups; ++i) {
    const auto e = hn::LoadU(bi, job.residuals + size_t{i} * kPackGroup);
    const VB16 z = hn::BitCast(b, hn::Xor(hn::ShiftLeft<1>(e), hn::BroadcastSignBit(e)));
    alignas(16) uint64_t two[2];
    hn::Store(hn::BitCast(hn::Simd<uint64_t, 2, 0>(), z), hn::Simd<uint64_t, 2, 0>(), two);
    uint64_t any = two[0] | two[1];
    any |= any >> 32;
    any = (any | any >> 16) & 0xFFFF;
    uint32_t width = any == 0 ? 0 : 64U - static_cast<uint32_t>(__builtin_clzll(any));
    uint32_t nibble = width;
    if (HWY_LIKELY(width <= 8)) {
      uint64_t low;
      hn::Store(hn::DemoteTo(half8, hn::BitCast(bi, z)), half8, reinterpret_cast<uint8_t*>(&low));
      store64(data, width == 0 ? 0 : squeeze_eight(low, width));
      data += width;
    } else {
      data = pack_group(job.residuals + size_t{i} * kPackGroup, data, nibble);
    }
    if ((i & 1) == 0)
      held = nibble;
    else
      *widths++ = static_cast<uint8_t>(held | nibble << 4);
  }
  if ((job.groups & 1) != 0) *widths = static_cast<uint8_t>(held);
  return data;
}

void count_large(const int16_t* residuals, uint32_t count, uint32_t (&large)[3]) {
  // Sums of 127 at the most fit what sums_of() takes.
  constexpr uint32_t kAtOnce = 127 / 2 * kLanes;
  const D16 d;
  const DI16 di;
  for (uint32_t from = 0; from < count; from += kAtOnce) {
    V16 seen[3] = {hn::Zero(d), hn::Zero(d), hn::Zero(d)};
    const uint32_t to = std::min(count, from + kAtOnce);
    for (uint32_t i = from; i < to; i += kLanes) {
      V16 m = hn::BitCast(d, hn::Abs(hn::BitCast(di, hn::LoadU(di, residuals + i))));
      if (to - i < kLanes) m = hn::And(m, lanes_of_bits((1U << (to - i)) - 1));
      for (uint32_t k = 0; k < 3; ++k) {
        const auto above = hn::Gt(m, hn::Set(d, static_cast<uint16_t>((8U << k) - 1)));
        seen[k] = hn::Sub(seen[k], hn::VecFromMask(d, above));
      }
    }
    const TwoSums small = sums_of(seen[0], seen[1]);
    large[0] += small.first;
    large[1] += small.second;
    large[2] += sums_of(seen[2], seen[2]).first;
  }
}

/// write_lows(), eight residuals at a time.
HWY_INLINE void write_lows_vector(const QuantiseJob& job) {
  const B16 b;
  const hn::Simd<uint8_t, 8, 0> half8;
  const VB16 half = hn::Set(b, static_cast<uint16_t>(1U << (job.shift - 1)));
  const VB16 mask = hn::Set(b, static_cast<uint16_t>((1U << job.shift) - 1));
  uint8_t* out = job.lows;
  for (uint32_t i = 0; i < job.count; i += 8) {
    VB16 e = hn::LoadU(b, reinterpret_cast<const uint16_t*>(job.residuals) + i);
    e = hn::And(hn::Add(e, half), mask);
    if (job.count - i < 8) {
      alignas(16) uint16_t lanes[8];
      hn::Store(e, b, lanes);
      for (uint32_t k = job.count - i; k < 8; ++k) lanes[k] = 0;
      e = hn::Load(b, lanes);
    }
    alignas(8) uint8_t bytes[8];
    hn::Store(hn::DemoteTo(half8, hn::BitCast(BI16(), e)), half8, bytes);
    uint64_t x = load64(bytes);
    x = (x | x >> (8 - job.shift)) & 0x00FF00FF00FF00FFU;
    x = (x | x >> (16 - 2 * job.shift)) & 0x0000FFFF0000FFFFU;
    x = x | x >> (32 - 4 * job.shift);
    store32(out, static_cast<uint32_t>(x));
    out += job.shift;
  }
}

Escapes quantise(const QuantiseJob& job) {
  const B16 b;
  const B8 b8;
  const BI16 bi;
  const auto half = hn::Set(bi, static_cast<int16_t>((1 << job.shift) >> 1));
  const VB16 bias = hn::Set(b, uint16_t{kNibbleBias});
  const VB16 top = hn::Set(b, uint16_t{kEscapeNibble});
  const VB16 byte = hn::Set(b, uint16_t{255});
  const VB8 escape = hn::Set(b8, uint8_t{kEscapeNibble});
  const int shift = static_cast<int>(job.shift);
  Escapes escapes{job.escapes, job.wide};
  for (uint32_t i = 0; i < job.count; i += 32) {
    const auto eight = [&](uint32_t at) {
      const auto q =
          hn::ShiftRightSame(hn::Add(hn::LoadU(bi, job.residuals + i + at), half), shift);
      return hn::Min(hn::Add(hn::BitCast(b, q), bias), top);
    };
    VB8 first = to_bytes(eight(0), eight(8));
    VB8 second = to_bytes(eight(16), eight(24));
    const uint32_t left = job.count - i;
    if (HWY_UNLIKELY(left < 32)) {
      // What lies behind the end is no residual: an odd number is filled up with 0.
      alignas(16) uint8_t nibbles[32];
      hn::Store(first, b8, nibbles);
      hn::Store(second, b8, nibbles + 16);
      for (uint32_t k = left; k < 32; ++k) nibbles[k] = kNibbleBias;
      first = hn::Load(b8, nibbles);
      second = hn::Load(b8, nibbles + 16);
    }
    const auto pair = [&](VB8 nibbles) {
      const VB16 two = hn::BitCast(b, nibbles);
      return hn::And(hn::Or(two, hn::ShiftRight<4>(two)), byte);
    };
    hn::StoreU(to_bytes(pair(first), pair(second)), b8, job.pairs + i / 2);
    const auto first_escaped = hn::Eq(first, escape);
    const auto second_escaped = hn::Eq(second, escape);
    if (HWY_UNLIKELY(!hn::AllFalse(b8, hn::Or(first_escaped, second_escaped)))) {
      uint32_t where = bits_of(first_escaped) | bits_of(second_escaped) << 16;
      const int rounding = (1 << job.shift) >> 1;
      for (; where != 0; where &= where - 1) {
        const int e = job.residuals[i + static_cast<uint32_t>(__builtin_ctz(where))];
        write_escape(escapes, signed16(e + rounding) >> job.shift);
      }
    }
  }
  if (job.shift != 0) write_lows_vector(job);
  return escapes;
}

#endif
}  // namespace lenswire::strata::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
