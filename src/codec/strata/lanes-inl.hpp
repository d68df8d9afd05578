// lanes-inl.hpp - vector idioms that both directions use. Included once per target.
#if defined(LENSWIRE_STRATA_LANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LENSWIRE_STRATA_LANES_INL
#undef LENSWIRE_STRATA_LANES_INL
#else
#define LENSWIRE_STRATA_LANES_INL
#endif

#include <hwy/highway.h>

#include "expand_table.hpp"
#include "format.hpp"

HWY_BEFORE_NAMESPACE();
namespace lenswire::strata::HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

namespace hn = hwy::HWY_NAMESPACE;

/// 16 lanes where the machine has them, else 8.
using D16 = hn::CappedTag<uint16_t, 16>;
using DI16 = hn::RebindToSigned<D16>;
using D8 = hn::Repartition<uint8_t, D16>;
using V16 = hn::Vec<D16>;
inline constexpr uint32_t kLanes = static_cast<uint32_t>(hn::MaxLanes(D16()));
inline constexpr uint32_t kParts = kSegmentPixels / kLanes;

/// Always 128 bits.
using B16 = hn::Simd<uint16_t, 8, 0>;
using BI16 = hn::Simd<int16_t, 8, 0>;
using B8 = hn::Simd<uint8_t, 16, 0>;
using VB16 = hn::Vec<B16>;
using VB8 = hn::Vec<B8>;

/// The last lane of each 128-bit block, in all lanes of that block.
HWY_INLINE V16 block_last(V16 v) {
  alignas(16) static constexpr uint8_t kLast[16] = {14, 15, 14, 15, 14, 15, 14, 15,
                                                    14, 15, 14, 15, 14, 15, 14, 15};
  const D16 d;
  const D8 d8;
  return hn::BitCast(d, hn::TableLookupBytes(hn::BitCast(d8, v), hn::LoadDup128(d8, kLast)));
}

/// The last lane in all lanes.
HWY_INLINE V16 last(V16 v) {
#if HWY_MAX_BYTES >= 32
  v = hn::ConcatUpperUpper(D16(), v, v);
#endif
  return block_last(v);
}

/// Inclusive prefix sum.
HWY_INLINE V16 prefix_sum(V16 v) {
  const D16 d;
  v = hn::Add(v, hn::ShiftLeftLanes<1>(d, v));
  v = hn::Add(v, hn::ShiftLeftLanes<2>(d, v));
  v = hn::Add(v, hn::ShiftLeftLanes<4>(d, v));
#if HWY_MAX_BYTES >= 32
  v = hn::Add(v, hn::ConcatLowerLower(d, block_last(v), hn::Zero(d)));
#endif
  return v;
}

/// The lanes of `v`, one further up; the lowest is the last of `before`.
HWY_INLINE V16 shift_in(V16 v, V16 before) {
  const D16 d;
#if HWY_MAX_BYTES >= 32
  before = hn::ConcatLowerUpper(d, v, before);
#endif
  return hn::CombineShiftRightBytes<14>(d, v, before);
}

/// All ones in the lanes whose bit is set.
HWY_INLINE V16 lanes_of_bits(uint32_t bits) {
  const D16 d;
  alignas(32) static constexpr uint16_t kBit[16] = {1,   2,   4,    8,    16,   32,   64,    128,
                                                    256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
  const V16 bit = hn::Load(d, kBit);
  return hn::VecFromMask(d, hn::Eq(hn::And(hn::Set(d, static_cast<uint16_t>(bits)), bit), bit));
}

/// What `mode` takes from the row above, in each lane: slope() of format.hpp.
struct Slopes {
  V16 plane;
  V16 smooth;
};

HWY_INLINE Slopes slopes(const uint16_t* up) {
  const D16 d;
  const DI16 di;
  const V16 a = hn::LoadU(d, up);
  const V16 b = hn::LoadU(d, up - 1);
  const V16 plane = hn::Sub(a, b);
  const V16 wide = hn::Sub(hn::LoadU(d, up + 1), hn::LoadU(d, up - 2));
  const V16 sum = hn::Add(hn::Add(plane, wide), hn::Set(d, uint16_t{2}));
  return {plane, hn::BitCast(d, hn::ShiftRight<2>(hn::BitCast(di, sum)))};
}

inline constexpr uint16_t kPlaneMask[4] = {0xFFFF, 0, 0, 0};
inline constexpr uint16_t kSmoothMask[4] = {0, 0, 0xFFFF, 0};

/// All ones or zeros, by mode: selects a slope without a branch.
struct ModeMasks {
  V16 plane;
  V16 smooth;
};

HWY_INLINE ModeMasks masks_of_mode(uint32_t mode) {
  const D16 d;
  return {hn::Set(d, kPlaneMask[mode]), hn::Set(d, kSmoothMask[mode])};
}

HWY_INLINE V16 select_slope(const Slopes& s, const ModeMasks& m) {
  return hn::Or(hn::And(s.plane, m.plane), hn::And(s.smooth, m.smooth));
}

/// Spreads packed numbers over the lanes whose bit is set; the other lanes get the number before
/// the next one. `bits` has kLanes bits.
HWY_INLINE V16 spread(const uint16_t* packed, uint32_t bits) {
  const B16 b;
  const B8 b8;
  const auto eight = [&](const uint16_t* from, uint32_t byte) {
    return hn::BitCast(b, hn::TableLookupBytes(hn::BitCast(b8, hn::LoadU(b, from)),
                                               hn::Load(b8, kExpandTable.index[byte])));
  };
#if HWY_MAX_BYTES >= 32
  const uint32_t low = bits & 255;
  return hn::Combine(D16(), eight(packed + hwy::PopCount(uint64_t{low}), bits >> 8 & 255),
                     eight(packed, low));
#else
  return eight(packed, bits & 255);
#endif
}

/// Two vectors of numbers below 256 to bytes.
HWY_INLINE VB8 to_bytes(VB16 low, VB16 high) {
  const BI16 i;
  const hn::Simd<uint8_t, 8, 0> half;
  return hn::Combine(B8(), hn::DemoteTo(half, hn::BitCast(i, high)),
                     hn::DemoteTo(half, hn::BitCast(i, low)));
}

/// The bits of a mask of 16 bytes.
template <class M>
HWY_INLINE uint32_t bits_of(M mask) {
  alignas(16) uint8_t bytes[8] = {};
  hn::StoreMaskBits(B8(), mask, bytes);
  return load16(bytes);
}

#endif
}  // namespace lenswire::strata::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
