// bit_groups.hpp - eight small numbers to and from as many bytes as each has bits.
#pragma once

#include "format.hpp"

namespace lenswire::strata {

/// Bytes to bits: number i of eight, one per byte and below 2^width (1 to 8), goes to bits
/// i * width and up.
inline uint64_t squeeze_eight(uint64_t bytes, uint32_t width) noexcept {
  const uint32_t gap = 8 - width;
  uint64_t x = bytes;
  x = (x & 0x00FF00FF00FF00FFU) | (x >> gap & (0x00FF00FF00FF00FFU << width));
  x = (x & 0x0000FFFF0000FFFFU) | (x >> 2 * gap & (0x0000FFFF0000FFFFU << 2 * width));
  return (x & 0xFFFFFFFFU) | (x >> 4 * gap & (uint64_t{0xFFFFFFFFU} << 4 * width));
}

/// The inverse; what lies beyond 8 * width bits is of no account.
inline uint64_t spread_eight(uint64_t bits, uint32_t width) noexcept {
  const uint32_t gap = 8 - width;
  const uint64_t four = (uint64_t{1} << 4 * width) - 1;
  uint64_t x = (bits & four) | (bits >> 4 * width & four) << 32;
  const uint64_t two = (uint64_t{1} << 2 * width) - 1;
  x = (x & two * 0x0000000100000001U) | (x << 2 * gap & (two << 16) * 0x0000000100000001U);
  const uint64_t one = (uint64_t{1} << width) - 1;
  return (x & one * 0x0001000100010001U) | (x << gap & (one << 8) * 0x0001000100010001U);
}

/// Bytes of a group by its nibble.
inline uint32_t group_bytes(uint32_t nibble) noexcept { return nibble == kWideGroup ? 16 : nibble; }

}  // namespace lenswire::strata
