// bit_streams-inl.hpp - the loops of the Huffman coder. Plain C++, included once per SIMD target
// and once for the scalar twin, since the better targets have better shifts.
#if defined(LENSWIRE_STRATA_BITS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LENSWIRE_STRATA_BITS_INL
#undef LENSWIRE_STRATA_BITS_INL
#else
#define LENSWIRE_STRATA_BITS_INL
#endif

#include "decode_kernels.hpp"
#ifdef LENSWIRE_STRATA_ENCODER
#include "encode_kernels.hpp"
#endif

#ifdef HWY_BEFORE_NAMESPACE
HWY_BEFORE_NAMESPACE();
namespace lenswire::strata::HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
#define LENSWIRE_STRATA_BITS_BODY 1
#else
#define LENSWIRE_STRATA_BITS_BODY 0
#endif
#else
namespace lenswire::strata::plain {
#define LENSWIRE_STRATA_BITS_BODY 1
#endif
#if LENSWIRE_STRATA_BITS_BODY

/// Decodes four streams side by side, as far as all of them are safely away from their ends.
inline void read_streams(StreamGroup& group) {
  BitStream a = group.stream[0];
  BitStream b = group.stream[1];
  BitStream c = group.stream[2];
  BitStream d = group.stream[3];
  const uint8_t* const safe = group.end - 8;
  const uint32_t* const table = group.table;
  const uint64_t mask = group.index_mask;
  // One lookup gives one or two symbols; two bytes are stored in any case.
  const auto decode = [&](BitStream& s) {
    const uint32_t entry = table[s.buffer & mask];
    store16_fast(s.out, entry);
    s.buffer >>= entry >> 24;
    s.bits -= entry >> 24;
    s.out += entry >> 16 & 255;
  };
  // A damaged stream may run into its neighbours' bytes, never past the section.
  while (a.next <= safe && b.next <= safe && c.next <= safe && d.next <= safe &&
         a.out <= a.out_safe && b.out <= b.out_safe && c.out <= c.out_safe && d.out <= d.out_safe) {
    a.refill();
    b.refill();
    c.refill();
    d.refill();
    for (int k = 0; k < 5; ++k) {
      decode(a);
      decode(b);
      decode(c);
      decode(d);
    }
  }
  group.stream[0] = a;
  group.stream[1] = b;
  group.stream[2] = c;
  group.stream[3] = d;
}

#ifdef LENSWIRE_STRATA_ENCODER
/// Encodes `count` symbols of each of four streams side by side, but for a few at the end.
inline void write_streams(BitWriter (&writers)[4], const CodeTable& table, uint32_t count) {
  BitWriter a = writers[0];
  BitWriter b = writers[1];
  BitWriter c = writers[2];
  BitWriter d = writers[3];
  const uint64_t* const codes = table.code;
  for (uint32_t rounds = count / kCodesPerFlush; rounds > 0; --rounds) {
    for (uint32_t k = 0; k < kCodesPerFlush; ++k) {
      a.put(codes[a.from[k]]);
      b.put(codes[b.from[k]]);
      c.put(codes[c.from[k]]);
      d.put(codes[d.from[k]]);
    }
    a.from += kCodesPerFlush;
    b.from += kCodesPerFlush;
    c.from += kCodesPerFlush;
    d.from += kCodesPerFlush;
    a.flush();
    b.flush();
    c.flush();
    d.flush();
  }
  writers[0] = a;
  writers[1] = b;
  writers[2] = c;
  writers[3] = d;
}
#endif

inline MaskCount count_mask(const uint32_t* mask, uint32_t words) {
  MaskCount count{0, 0};
  for (uint32_t i = 0; i < words; ++i) {
    count.occupied += mask[i] != 0;
    count.valid += static_cast<uint32_t>(__builtin_popcount(mask[i]));
  }
  return count;
}

#endif
#undef LENSWIRE_STRATA_BITS_BODY
#ifdef HWY_BEFORE_NAMESPACE
}  // namespace lenswire::strata::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#else
}  // namespace lenswire::strata::plain
#endif
#endif
