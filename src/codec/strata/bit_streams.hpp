// bit_streams.hpp - bits in 64-bit buffers, least significant first.
#pragma once

#include "format.hpp"

namespace lenswire::strata {

/// The low 16 bits, backwards.
inline uint32_t reverse16(uint32_t v) noexcept {
  v = (v >> 1 & 0x5555) | (v & 0x5555) << 1;
  v = (v >> 2 & 0x3333) | (v & 0x3333) << 2;
  v = (v >> 4 & 0x0F0F) | (v & 0x0F0F) << 4;
  return (v >> 8 | v << 8) & 0xFFFF;
}

/// A stream being read, and where its symbols go.
struct BitStream {
  const uint8_t* next;
  const uint8_t* end;
  uint64_t buffer;
  uint32_t bits;
  uint8_t* out;
  uint8_t*
      out_safe;  ///< up to here a round of the fast loop writes nothing beyond the stream's part
  uint8_t* out_end;

  /// May read 8 bytes from `next`. Holds 56 bits or more afterwards.
  void refill() noexcept {
    buffer |= load64(next) << bits;
    next += (63 - bits) >> 3;
    bits |= 56;
  }
  void refill_at_end() noexcept {
    while (bits <= 56 && next < end) {
      buffer |= static_cast<uint64_t>(*next++) << bits;
      bits += 8;
    }
  }
};

/// The most symbols that one round of the fast loop decodes: five lookups of two, and the byte that
/// each lookup stores beyond.
inline constexpr uint32_t kRoundSymbols = 10;

struct StreamGroup {
  BitStream stream[4];
  const uint8_t* end;     ///< of the section; at least 8 bytes of it exist
  const uint32_t* table;  ///< first symbol | second << 8 | how many << 16 | bits of all << 24
  uint64_t index_mask;
};

inline void store16_fast(uint8_t* p, uint32_t value) noexcept {
  const auto two = static_cast<uint16_t>(value);
  __builtin_memcpy(p, &two, 2);
}

/// Codes between two flushes: with the 7 bits left over they stay clear of the lengths that codes
/// bring along in their low bytes.
inline constexpr uint32_t kCodesPerFlush = 4;
static_assert(7 + kCodesPerFlush * kMaxCodeBits <= 60);

/// A code as BitWriter takes it: its bits at the top, the first of them lowest; its length in the
/// low byte.
inline uint64_t writer_code(uint32_t reversed, uint32_t length) noexcept {
  return static_cast<uint64_t>(reversed) << (64 - length) | length;
}

/// A stream being written. The newest bits are at the top of the buffer; what lies below the valid
/// ones is of no account, so that a code needs no masking.
struct BitWriter {
  const uint8_t* from;
  uint8_t* to;
  uint64_t buffer;
  uint64_t bits;  ///< in the low byte

  void put(uint64_t code) noexcept {
    buffer = buffer >> (code & 63) | code;
    bits += code;
  }
  /// Writes whole bytes; touches 8.
  void flush() noexcept {
    const uint64_t valid = bits & 63;
    // Twice, since a shift by 64 is none.
    store64(to, buffer >> 1 >> (63 - valid));
    to += valid >> 3;
    bits = valid & 7;
  }
};

}  // namespace lenswire::strata
