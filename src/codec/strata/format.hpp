// format.hpp - what encoder and decoder of Strata agree on. docs/strata.md is the authority.
//
// Everything the decoder includes is freestanding: it is also compiled for WebAssembly without any
// C or C++ library.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace lenswire::strata {

inline constexpr uint8_t kMagic[4] = {'S', 'T', 'R', 'A'};
inline constexpr uint8_t kVersion = 1;
inline constexpr size_t kFixedHeaderBytes = 18;
inline constexpr uint8_t kFlagRankTable = 1;
inline constexpr size_t kBandHeaderBytes = 5;

inline constexpr uint32_t kSegmentPixels = 32;
inline constexpr uint32_t kTableGroup = 16;
/// This width of a group, of gaps or of residuals, means 16 bits.
inline constexpr uint32_t kWideGroup = 15;

/// How a segment is predicted: from the left pixel plus this much of the slope of the row above.
enum Mode : uint8_t { kModePlane = 0, kModeLeft = 1, kModeSmooth = 2 };
inline constexpr uint8_t kModes = 3;

enum class BandType : uint8_t { Raw = 0, Coded = 1 };
enum class MaskType : uint8_t { AllValid = 0, NoneValid = 1, Coded = 2 };
/// How a band's residuals are written: pairs of nibbles in a Huffman code, or groups of one width;
/// with a mode for each segment, or planes all over.
enum class ResidualType : uint8_t { Paired = 0, Packed = 1, PairedWithModes = 2 };
enum class SectionType : uint8_t { Stored = 0, Constant = 1, Huffman1 = 2, Huffman8 = 3 };

inline constexpr uint32_t kMaxCodeBits = 11;
inline constexpr uint32_t kStreams = 8;
/// Shorter sections use one stream.
inline constexpr uint32_t kMinInterleaved = 1024;

/// Segments whose modes share a byte.
inline constexpr uint32_t kModesPerByte = 4;
/// Packed residuals of one width.
inline constexpr uint32_t kPackGroup = 8;

inline constexpr int kEscapeNibble = 15;
inline constexpr int kNibbleBias = 7;

inline constexpr size_t kMaxPixels = size_t{1} << 27;

/// Tables of 65536 entries may be read this much further.
inline constexpr size_t kTablePadding = 128;

/// Buffers that kernels read or write are this much longer than their contents.
inline constexpr size_t kPadding = 64;

inline uint32_t load16(const uint8_t* p) noexcept {
  return static_cast<uint32_t>(p[0]) | static_cast<uint32_t>(p[1]) << 8;
}
inline uint32_t load32(const uint8_t* p) noexcept { return load16(p) | load16(p + 2) << 16; }
inline uint64_t load64(const uint8_t* p) noexcept {
  uint64_t value;
  __builtin_memcpy(&value, p, 8);
  return value;
}
inline void store16(uint8_t* p, uint32_t value) noexcept {
  p[0] = static_cast<uint8_t>(value);
  p[1] = static_cast<uint8_t>(value >> 8);
}
inline void store32(uint8_t* p, uint32_t value) noexcept {
  store16(p, value);
  store16(p + 2, value >> 16);
}
inline void store64(uint8_t* p, uint64_t value) noexcept { __builtin_memcpy(p, &value, 8); }

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

[[nodiscard]] inline uint32_t div_up(uint32_t a, uint32_t b) noexcept { return (a + b - 1) / b; }

/// Without the library call that a builtin becomes on plain x86-64.
inline uint32_t popcount32(uint32_t v) noexcept {
  v -= v >> 1 & 0x55555555U;
  v = (v & 0x33333333U) + (v >> 2 & 0x33333333U);
  return ((v + (v >> 4)) & 0x0F0F0F0FU) * 0x01010101U >> 24;
}

/// 16-bit wrapping numbers: all prediction is done modulo 65536.
inline uint16_t wrap16(int value) noexcept { return static_cast<uint16_t>(value); }
inline int signed16(int value) noexcept {
  return static_cast<int16_t>(static_cast<uint16_t>(value));
}

/// A signed 16-bit number as an unsigned one, small for small magnitudes: 0, -1, 1, -2, 2 ...
inline uint32_t zigzag16(int value) noexcept {
  return static_cast<uint16_t>(static_cast<uint32_t>(value) << 1 ^
                               static_cast<uint32_t>(value >> 31));
}
inline int unzigzag16(uint32_t value) noexcept {
  return signed16(static_cast<int>(value >> 1) ^ -static_cast<int>(value & 1));
}

/// The slope that predictor `mode` takes from the row above at `up[0]`.
inline int slope(uint32_t mode, const uint16_t* up) noexcept {
  if (mode == kModePlane) return signed16(up[0] - up[-1]);
  if (mode == kModeLeft) return 0;
  return signed16(up[1] + up[0] - up[-1] - up[-2] + 2) >> 2;
}

/// The checksum's state: 32 lanes fed with 64 pixels at a time.
inline constexpr uint32_t kHashLanes = 32;
inline constexpr uint32_t kHashPixels = 64;
inline constexpr uint32_t kHashPrime = 0x9E3779B1U;
inline constexpr uint32_t kHashRotate = 13;

struct HashState {
  alignas(64) uint32_t lane[kHashLanes];
};

inline uint32_t hash_step(uint32_t state, uint32_t word) noexcept {
  const uint32_t product = (state ^ word) * kHashPrime;
  return product << kHashRotate | product >> (32 - kHashRotate);
}

inline void hash_begin(HashState& state, uint32_t width, uint32_t first_row, uint32_t rows,
                       uint32_t near_limit) noexcept {
  const uint32_t seed =
      hash_step(hash_step(hash_step(hash_step(0, width), first_row), rows), near_limit);
  for (uint32_t i = 0; i < kHashLanes; ++i) state.lane[i] = hash_step(seed, i);
}

inline uint32_t hash_end(const HashState& state) noexcept {
  uint32_t hash = 0;
  for (uint32_t i = 0; i < kHashLanes; ++i) hash = hash_step(hash, state.lane[i]);
  hash ^= hash >> 16;
  hash *= 0x85EBCA6BU;
  hash ^= hash >> 13;
  hash *= 0xC2B2AE35U;
  return hash ^ hash >> 16;
}

}  // namespace lenswire::strata
