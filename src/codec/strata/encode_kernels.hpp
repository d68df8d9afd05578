// encode_kernels.hpp - the inner loops of the encoder, one set per SIMD target.
#pragma once

#include "bit_groups.hpp"
#include "decode_kernels.hpp"

namespace lenswire::strata {

/// A residual counts at most this much when predictors are compared: an outlier is one escape,
/// however far it is out.
inline constexpr uint32_t kCostLimit = 20;

/// In a table of ranks: this code is not in it.
inline constexpr uint16_t kNoRank = 0xFFFF;

/// A pixel that the decoder gets as it is.
struct Patch {
  uint32_t position;  ///< in the band, row by row
  uint16_t code;
};

/// One row, from pixels to ranks and validity.
struct MapRow {
  const uint16_t* pixels;
  uint32_t width;
  const uint16_t* rank_of;  ///< 65536 entries and kTablePadding; null: the code is the rank
  uint16_t* row;            ///< out: ranks, anything where invalid or beyond width
  uint32_t* mask;           ///< out: one word per segment
  uint32_t position;        ///< of the row's first pixel in the band
  Patch* patches;           ///< out: room for one per pixel
};

/// One row, from ranks to residuals.
struct PredictRow {
  const uint16_t* up;    ///< the row above, padded on both sides
  uint16_t* row;         ///< ranks; invalid pixels get the value they are predicted with
  const uint32_t* mask;  ///< one word per segment
  uint32_t segments;
  bool choose;         ///< whether each segment takes its best mode; else all are planes
  uint8_t* modes;      ///< out: the mode of each segment that holds a valid pixel
  int16_t* residuals;  ///< out; room for kPadding more
};
struct PredictedRow {
  uint8_t* modes;
  int16_t* residuals;
};

/// From residuals to nibbles.
struct QuantiseJob {
  const int16_t* residuals;
  uint32_t count;
  uint32_t shift;
  uint8_t* pairs;    ///< out: (count + 1) / 2 bytes, room for kPadding
  uint8_t* lows;     ///< out: count * shift bits
  uint8_t* escapes;  ///< out: a byte each, room for kPadding
  uint8_t* wide;     ///< out: 16 bits for each escape of 255, room for kPadding
};
struct Escapes {
  uint8_t* end;
  uint8_t* wide_end;
};

/// From residuals to groups of kPackGroup, the last filled up with zeros.
struct PackJob {
  const int16_t* residuals;  ///< zeros behind the last one, to a whole group
  uint32_t groups;
  uint8_t* widths;  ///< out: a nibble per group, two more bytes are writable
  uint8_t* data;    ///< out: room for 16 bytes a group and kPadding
};

/// From a mask to the bytes of its words that are not 0, each word XORed with the one above it.
struct CompactMask {
  const uint32_t* mask;
  uint32_t segments;  ///< words of a row
  uint32_t words;
  uint8_t* flags;  ///< out: one bit for each byte, room for kPadding
  uint8_t* bytes;  ///< out: room for all and kPadding
};

/// A Huffman code as the writers want it.
struct CodeTable {
  uint64_t code[256];     ///< as writer_code()
  uint16_t compact[256];  ///< the same as code bits | length << 12
};

struct EncodeKernels {
  /// Sets seen[p] for each pixel.
  void (*mark_pixels)(const uint16_t* pixels, uint32_t count, uint8_t* seen);
  /// Returns where it stopped writing patches.
  Patch* (*map_row)(const MapRow& job);
  PredictedRow (*predict_row)(const PredictRow& job);
  /// Adds how many residuals are larger in magnitude than 7, 15 and 31.
  void (*count_large)(const int16_t* residuals, uint32_t count, uint32_t (&large)[3]);
  Escapes (*quantise)(const QuantiseJob& job);
  /// Returns where it stopped writing data.
  uint8_t* (*pack)(const PackJob& job);
  /// Returns where it stopped writing bytes.
  uint8_t* (*compact_mask)(const CompactMask& job);
  /// The bulk of `count` symbols of each of four Huffman streams: as many as it likes.
  void (*write_streams)(BitWriter (&writers)[4], const CodeTable& table, uint32_t count);
};

extern const EncodeKernels kScalarEncodeKernels;

inline uint32_t magnitude(int residual) noexcept {
  return static_cast<uint32_t>(residual < 0 ? -residual : residual);
}

inline uint32_t clipped(int residual) noexcept {
  const uint32_t m = magnitude(residual);
  return m < kCostLimit ? m : kCostLimit;
}

/// The mode that costs least; the first of equals. Which one is hard to predict: no branches.
inline uint32_t best_mode(uint32_t plane, uint32_t left, uint32_t smooth) noexcept {
  const auto left_wins = static_cast<uint32_t>(left < plane);
  const uint32_t best = left_wins != 0 ? left : plane;
  const uint32_t smooth_wins = 0U - static_cast<uint32_t>(smooth < best);
  return (left_wins & ~smooth_wins) | (kModeSmooth & smooth_wins);
}

/// Where both a pixel and its left neighbour are valid: there the modes are compared.
inline uint32_t comparable(uint32_t mask, uint32_t previous_mask) noexcept {
  return mask & (mask << 1 | previous_mask >> 31);
}

/// The rank of the nearest code up to this one that has a rank; 0 where there is none.
inline uint32_t rank_below(const uint16_t* rank_of, uint32_t code) noexcept {
  while (code > 0 && rank_of[code] == kNoRank) --code;
  return code == 0 ? 0 : rank_of[code];
}

/// Notes the pixels of a segment whose code has no rank.
inline Patch* note_patches(const MapRow& job, uint32_t segment, uint32_t where,
                           Patch* patches) noexcept {
  for (; where != 0; where &= where - 1) {
    const uint32_t x = segment * kSegmentPixels + static_cast<uint32_t>(__builtin_ctz(where));
    *patches++ = {job.position + x, job.pixels[x]};
  }
  return patches;
}

/// The same, and gives each of them the rank of rank_below().
inline Patch* patch_segment(const MapRow& job, uint32_t segment, uint32_t where,
                            Patch* patches) noexcept {
  for (uint32_t left = where; left != 0; left &= left - 1) {
    const uint32_t x = segment * kSegmentPixels + static_cast<uint32_t>(__builtin_ctz(left));
    job.row[x] = static_cast<uint16_t>(rank_below(job.rank_of, job.pixels[x]));
  }
  return note_patches(job, segment, where, patches);
}

inline void write_escape(Escapes& to, int quotient) noexcept {
  const uint32_t value = zigzag16(quotient) - kEscapeNibble;
  *to.end++ = static_cast<uint8_t>(value < 255 ? value : 255);
  if (value < 255) return;
  store16(to.wide_end, value);
  to.wide_end += 2;
}

/// Packs the low bits of all residuals: the last step of every quantise() with a shift.
inline void write_lows(const QuantiseJob& job) noexcept {
  const uint32_t mask = (1U << job.shift) - 1;
  const int half = 1 << (job.shift - 1);
  const uint32_t per_byte = 8 / job.shift;
  uint8_t* out = job.lows;
  for (uint32_t i = 0; i < job.count; i += per_byte) {
    uint32_t byte = 0;
    for (uint32_t k = 0; k < per_byte && i + k < job.count; ++k)
      byte |= (static_cast<uint32_t>(job.residuals[i + k] + half) & mask) << (k * job.shift);
    *out++ = static_cast<uint8_t>(byte);
  }
}

/// The words from an even `from` on, one by one.
inline uint8_t* compact_words(const CompactMask& job, uint32_t from, uint8_t* bytes) noexcept {
  for (uint32_t i = from; i < job.words; ++i) {
    uint32_t word = job.mask[i];
    if (i >= job.segments) word ^= job.mask[i - job.segments];
    uint32_t flags = 0;
    for (uint32_t k = 0; word != 0; ++k, word >>= 8) {
      if ((word & 255) == 0) continue;
      flags |= 1U << k;
      *bytes++ = static_cast<uint8_t>(word);
    }
    uint8_t& both = job.flags[i >> 1];
    both = static_cast<uint8_t>((i & 1) == 0 ? flags : both | flags << 4);
  }
  return bytes;
}

inline uint8_t* compact_mask(const CompactMask& job) noexcept {
  return compact_words(job, 0, job.bytes);
}

/// One group of residuals: puts the nibble of its width into `nibble`, its bytes at `out` (touches
/// 16), and returns their end.
inline uint8_t* pack_group(const int16_t* residuals, uint8_t* out, uint32_t& nibble) noexcept {
  uint32_t all = 0;
  uint64_t low = 0;
  uint64_t high = 0;
  for (uint32_t i = 0; i < kPackGroup; ++i) {
    const uint32_t z = zigzag16(residuals[i]);
    all |= z;
    low |= uint64_t{z & 255} << 8 * i;
    high |= uint64_t{z >> 8} << 8 * i;
  }
  uint32_t width = all == 0 ? 0 : 32U - static_cast<uint32_t>(__builtin_clz(all));
  nibble = width;
  if (width >= kWideGroup) {
    width = 16;
    nibble = kWideGroup;
  }
  if (width <= 8) {
    store64(out, width == 0 ? 0 : squeeze_eight(low, width));
  } else {
    store64(out, low);
    store64(out + 8, squeeze_eight(high, width - 8));
  }
  return out + width;
}

/// Any number of groups, one by one.
inline uint8_t* pack_groups(const PackJob& job) noexcept {
  uint8_t* data = job.data;
  for (uint32_t i = 0; i < job.groups; ++i) {
    uint32_t nibble = 0;
    data = pack_group(job.residuals + size_t{i} * kPackGroup, data, nibble);
    uint8_t& byte = job.widths[i >> 1];
    byte = static_cast<uint8_t>((i & 1) == 0 ? nibble : byte | nibble << 4);
  }
  return data;
}

}  // namespace lenswire::strata
