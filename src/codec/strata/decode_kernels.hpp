// decode_kernels.hpp - the inner loops of the decoder, one set per SIMD target.
#pragma once

#include "bit_streams.hpp"

namespace lenswire::strata {

/// Residuals of one class, from nibbles to 16-bit numbers.
struct UnpackJob {
  const uint8_t* pairs;  ///< (count + 1) / 2 bytes and kPadding
  const uint8_t* lows;   ///< count * shift bits; null when shift is 0
  const uint8_t* escapes;
  const uint8_t* escapes_end;
  uint32_t count;
  uint32_t shift;
  int16_t* out;  ///< room for `count` and kPadding
};

/// One row, from residuals to pixels.
struct RestoreRow {
  const uint16_t* up;    ///< the row above, padded on both sides
  uint16_t* row;         ///< this one: segments * 32, the padding is the caller's business
  const uint32_t* mask;  ///< one word per segment
  uint32_t segments;
  const uint8_t* sides;       ///< of the row's first segment that holds a valid pixel
  const int16_t** residuals;  ///< per class: advanced past what was used
  const uint16_t* table;      ///< 65536 codes by rank; null: a rank is its code
  uint16_t* pixels;           ///< out: segments * 32
};

struct DecodeKernels {
  const char* name;
  /// Returns where it stopped reading escapes, or null when there were too few.
  const uint8_t* (*unpack)(const UnpackJob& job);
  /// Returns where it stopped reading sides.
  const uint8_t* (*restore_row)(const RestoreRow& job);
  /// Feeds a row of `width` pixels to the checksum.
  void (*hash_row)(HashState& state, const uint16_t* pixels, uint32_t width);
  /// The fast part of four Huffman streams.
  void (*read_streams)(StreamGroup& group);
  bool (*spread_sides)(const SidesJob& job, uint32_t (&valid)[kClasses]);
};

/// The plain twin: the reference for the others.
extern const DecodeKernels kScalarDecodeKernels;

/// Reads one escape: the amount beyond the nibble's range. Null at the end of the data.
inline const uint8_t* read_escape(const uint8_t* next, const uint8_t* end, int& quotient) noexcept {
  if (next == end) return nullptr;
  uint32_t value = *next++;
  if (value == 255) {
    if (end - next < 2) return nullptr;
    value = load16(next);
    next += 2;
  }
  const uint32_t zigzag = value + 15;
  quotient = signed16(static_cast<int>(zigzag >> 1) ^ -static_cast<int>(zigzag & 1));
  return next;
}

/// Puts the low bits under the quotients in job.out: the last step of every unpack().
inline void merge_lows(const UnpackJob& job) noexcept {
  const uint32_t mask = (1U << job.shift) - 1;
  const int half = 1 << (job.shift - 1);
  for (uint32_t i = 0; i < job.count; ++i) {
    const uint32_t at = i * job.shift;
    const uint32_t low = static_cast<uint32_t>(job.lows[at >> 3]) >> (at & 7) & mask;
    const int quotient = job.out[i];
    job.out[i] =
        static_cast<int16_t>(wrap16(quotient * (1 << job.shift) + static_cast<int>(low) - half));
  }
}

}  // namespace lenswire::strata
