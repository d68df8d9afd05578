// huffman_decode.hpp - sections of bytes: stored, constant or Huffman coded.
#pragma once

#include "decode_kernels.hpp"

namespace lenswire::strata {

/// A cursor over untrusted bytes. After a failed read `ok` is false for good.
struct ByteCursor {
  const uint8_t* next;
  const uint8_t* end;
  bool ok = true;

  [[nodiscard]] size_t left() const noexcept { return static_cast<size_t>(end - next); }

  uint32_t u8() noexcept {
    if (next == end) return fail();
    return *next++;
  }
  uint32_t u32() noexcept {
    const uint8_t* p = take(4);
    return p == nullptr ? 0 : load32(p);
  }
  /// 7 bits a byte, least significant first, at most 5 bytes.
  uint32_t varint() noexcept {
    uint32_t value = 0;
    for (uint32_t shift = 0; shift < 35; shift += 7) {
      const uint32_t byte = u8();
      if (shift == 28 && byte > 15) return fail();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    return fail();
  }
  /// The next `count` bytes, or null.
  const uint8_t* take(size_t count) noexcept {
    if (count > left()) {
      fail();
      return nullptr;
    }
    const uint8_t* p = next;
    next += count;
    return p;
  }

 private:
  uint32_t fail() noexcept {
    ok = false;
    next = end;
    return 0;
  }
};

struct HuffmanTable {
  /// symbol | 1 << 16 | length << 24, by the next `bits` bits.
  uint32_t entry[1U << kMaxCodeBits];
  /// The same, with a second symbol where it fits into as many bits.
  uint32_t pair_entry[1U << kMaxCodeBits];
  uint32_t bits;
};

/// Reads a section of `count` bytes into `out`, which has room for kPadding more. False when the
/// section is damaged.
[[nodiscard]] bool read_section(ByteCursor& in, uint32_t count, uint8_t* out, HuffmanTable& scratch,
                                const DecodeKernels& kernels) noexcept;

}  // namespace lenswire::strata
