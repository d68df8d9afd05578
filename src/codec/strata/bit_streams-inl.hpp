// bit_streams-inl.hpp - the loops of the Huffman coder. Plain C++, included once per SIMD target
// and once for the scalar twin, since the better targets have better shifts.
#if defined(LENSWIRE_STRATA_BITS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LENSWIRE_STRATA_BITS_INL
#undef LENSWIRE_STRATA_BITS_INL
#else
#define LENSWIRE_STRATA_BITS_INL
#endif

#include "bit_streams.hpp"

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

/// Encodes `rounds` * kCodesPerFlush symbols of each of four streams side by side.
inline void write_streams(BitWriter (&writers)[4], const uint64_t* codes, uint32_t rounds) {
  BitWriter a = writers[0];
  BitWriter b = writers[1];
  BitWriter c = writers[2];
  BitWriter d = writers[3];
  for (; rounds > 0; --rounds) {
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

/// Spreads packed sides out and counts the valid pixels of each class. False when a mode does not
/// exist.
inline bool spread_sides(const SidesJob& job, uint32_t (&valid)[kClasses]) {
  uint32_t next = 0;
  uint32_t bad = 0;
  uint8_t* out = job.sides;
  for (uint32_t from = 0; from < job.words;) {
    // Four 16-bit counters in one word: no waiting for the store before.
    uint64_t counts = 0;
    const uint32_t to = job.words - from < 1024 ? job.words : from + 1024;
    for (; from < to; ++from) {
      const uint32_t mask = job.mask[from];
      const uint32_t side = static_cast<uint32_t>(job.packed[next >> 1]) >> ((next & 1) * 4) & 15;
      const auto count = static_cast<uint64_t>(__builtin_popcount(mask));
      out[next] = static_cast<uint8_t>(side);
      counts += count << (side >> 2) * 16;
      bad |= mask == 0 ? 0 : side & side >> 1 & 1;
      next += mask != 0;
    }
    for (uint32_t k = 0; k < kClasses; ++k)
      valid[k] += static_cast<uint32_t>(counts >> (16 * k) & 0xFFFF);
  }
  return bad == 0;
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
