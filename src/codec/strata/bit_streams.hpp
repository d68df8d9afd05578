// bit_streams.hpp - bits in 64-bit buffers, least significant first.
#pragma once

#include "format.hpp"

namespace lenswire::strata {

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

/// A stream being written. Codes are bits | length << 16.
struct BitWriter {
  const uint8_t* from;
  uint8_t* to;
  uint64_t buffer;
  uint32_t bits;

  void put(uint32_t code) noexcept {
    buffer |= static_cast<uint64_t>(code & 0xFFFF) << bits;
    bits += code >> 16;
  }
  /// Writes whole bytes; touches 8.
  void flush() noexcept {
    store64(to, buffer);
    to += bits >> 3;
    buffer >>= bits & 56;
    bits &= 7;
  }
};

}  // namespace lenswire::strata
