// decode_kernels.hpp - the inner loops of the decoder, one set per SIMD target.
#pragma once

#include "bit_groups.hpp"
#include "bit_streams.hpp"

namespace lenswire::strata {

/// Residuals from nibbles to 16-bit numbers.
struct UnpackJob {
  const uint8_t* pairs;    ///< (count + 1) / 2 bytes and kPadding
  const uint8_t* lows;     ///< count * shift bits; null when shift is 0
  const uint8_t* escapes;  ///< a byte each
  const uint8_t* escapes_end;
  const uint8_t* wide;  ///< 16 bits for each escape of 255
  uint32_t count;
  uint32_t shift;
  int16_t* out;  ///< room for `count` and kPadding
};

/// Residuals from packed groups to 16-bit numbers.
struct UnpackGroups {
  const uint8_t* widths;  ///< a nibble per group; two more bytes are readable
  const uint8_t* data;
  const uint8_t* end;
  uint32_t groups;
  int16_t* out;  ///< room for all groups and kPadding
};

/// One row, from residuals to pixels.
struct RestoreRow {
  const uint16_t* up;    ///< the row above, padded on both sides
  uint16_t* row;         ///< this one: segments * 32, the padding is the caller's business
  const uint32_t* mask;  ///< one word per segment
  uint32_t segments;
  const uint8_t* modes;      ///< of the row's first segment with a valid pixel; null: all planes
  const int16_t* residuals;  ///< of the row's first valid pixel
  const uint16_t* table;     ///< 65536 codes by rank; null: a rank is its code
  uint16_t* pixels;          ///< out: segments * 32
};

/// What a mask holds.
struct MaskCount {
  uint32_t occupied;  ///< segments
  uint32_t valid;     ///< pixels
};

/// The inverse of CompactMask.
struct ExpandMask {
  const uint8_t* flags;
  const uint8_t* bytes;  ///< as many as flags are set, and kPadding
  uint32_t segments;     ///< words of a row
  uint32_t words;
  uint32_t* mask;  ///< out
};

struct DecodeKernels {
  const char* name;
  void (*expand_mask)(const ExpandMask& job);
  /// Moves on in `job`: the escapes and the wide ones. False when there were too few.
  bool (*unpack)(UnpackJob& job);
  /// Returns where it stopped reading data, or null when there were too few.
  const uint8_t* (*unpack_groups)(const UnpackGroups& job);
  /// Returns where it stopped reading modes.
  const uint8_t* (*restore_row)(const RestoreRow& job);
  /// Feeds a row of `width` pixels to the checksum.
  void (*hash_row)(HashState& state, const uint16_t* pixels, uint32_t width);
  /// The fast part of four Huffman streams.
  void (*read_streams)(StreamGroup& group);
  MaskCount (*count_mask)(const uint32_t* mask, uint32_t words);
};

/// The plain twin: the reference for the others.
extern const DecodeKernels kScalarDecodeKernels;

/// The words from `from` on, one by one.
inline void expand_words(const ExpandMask& job, uint32_t from, const uint8_t* bytes) noexcept {
  for (uint32_t i = from; i < job.words; ++i) {
    uint32_t flags = static_cast<uint32_t>(job.flags[i >> 1]) >> ((i & 1) * 4) & 15;
    uint32_t word = i < job.segments ? 0 : job.mask[i - job.segments];
    for (; flags != 0; flags &= flags - 1)
      word ^= static_cast<uint32_t>(*bytes++) << (8 * __builtin_ctz(flags));
    job.mask[i] = word;
  }
}

inline void expand_mask(const ExpandMask& job) noexcept { expand_words(job, 0, job.bytes); }

/// The escapes of a job, in order.
struct EscapeReader {
  const uint8_t* next;
  const uint8_t* end;
  const uint8_t* wide;

  explicit EscapeReader(const UnpackJob& job) noexcept
      : next(job.escapes), end(job.escapes_end), wide(job.wide) {}
  void finish(UnpackJob& job) const noexcept {
    job.escapes = next;
    job.wide = wide;
  }

  /// False where there are no more.
  bool read(int& quotient) noexcept {
    if (next == end) return false;
    uint32_t value = *next++;
    if (value == 255) {
      value = load16(wide);
      wide += 2;
    }
    quotient = unzigzag16(static_cast<uint16_t>(value + kEscapeNibble));
    return true;
  }
};

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

/// The groups from `from` on, one by one. Null when the data end too early.
inline const uint8_t* unpack_groups_from(const UnpackGroups& job, uint32_t from,
                                         const uint8_t* data) noexcept {
  for (uint32_t i = from; i < job.groups; ++i) {
    const uint32_t width =
        group_bytes(static_cast<uint32_t>(job.widths[i >> 1]) >> ((i & 1) * 4) & 15);
    if (static_cast<size_t>(job.end - data) < width) return nullptr;
    uint8_t bytes[16] = {};
    for (uint32_t k = 0; k < width; ++k) bytes[k] = data[k];
    data += width;
    uint64_t low = load64(bytes);
    uint64_t high = 0;
    if (width > 8)
      high = spread_eight(load64(bytes + 8), width - 8);
    else
      low = width == 0 ? 0 : spread_eight(low, width);
    int16_t* out = job.out + size_t{i} * kPackGroup;
    for (uint32_t k = 0; k < kPackGroup; ++k)
      out[k] = static_cast<int16_t>(unzigzag16(static_cast<uint32_t>(low >> 8 * k & 255) |
                                               static_cast<uint32_t>(high >> 8 * k & 255) << 8));
  }
  return data;
}

}  // namespace lenswire::strata
