// expand_table.hpp - byte shuffles that spread packed 16-bit numbers over the set bits of a byte.
#pragma once

#include <stdint.h>

namespace lenswire::strata {

struct ExpandTable {
  alignas(16) uint8_t index[256][16];
};

/// Lane i takes packed number popcount(bits below i); so a lane whose bit is clear takes the number
/// after the last one used, or, seen from one place earlier, the last one used.
constexpr ExpandTable make_expand_table() noexcept {
  ExpandTable table{};
  for (uint32_t bits = 0; bits < 256; ++bits) {
    uint8_t next = 0;
    for (uint32_t lane = 0; lane < 8; ++lane) {
      table.index[bits][2 * lane] = static_cast<uint8_t>(2 * next);
      table.index[bits][2 * lane + 1] = static_cast<uint8_t>(2 * next + 1);
      if ((bits >> lane & 1) != 0) ++next;
    }
  }
  return table;
}

struct PackTable {
  alignas(16) uint8_t index[256][16];
};

/// The inverse: lane i takes the lane of the i-th set bit.
constexpr PackTable make_pack_table() noexcept {
  PackTable table{};
  for (uint32_t bits = 0; bits < 256; ++bits) {
    uint32_t next = 0;
    for (uint32_t lane = 0; lane < 8; ++lane) {
      if ((bits >> lane & 1) == 0) continue;
      table.index[bits][2 * next] = static_cast<uint8_t>(2 * lane);
      table.index[bits][2 * next + 1] = static_cast<uint8_t>(2 * lane + 1);
      ++next;
    }
  }
  return table;
}

struct FillTable {
  alignas(16) uint8_t index[256][16];
};

/// Lane i takes the lane of the last set bit up to i, or 0 (an index above 127) where there is
/// none.
constexpr FillTable make_fill_table() noexcept {
  FillTable table{};
  for (uint32_t bits = 0; bits < 256; ++bits) {
    uint8_t last = 0x80;
    for (uint32_t lane = 0; lane < 8; ++lane) {
      if ((bits >> lane & 1) != 0) last = static_cast<uint8_t>(2 * lane);
      table.index[bits][2 * lane] = last;
      table.index[bits][2 * lane + 1] = static_cast<uint8_t>(last | 1);
    }
  }
  return table;
}

inline constexpr FillTable kFillTable = make_fill_table();
inline constexpr ExpandTable kExpandTable = make_expand_table();
inline constexpr PackTable kPackTable = make_pack_table();

}  // namespace lenswire::strata
