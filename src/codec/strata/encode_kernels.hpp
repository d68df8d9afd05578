// encode_kernels.hpp - the inner loops of the encoder, one set per SIMD target.
#pragma once

#include "decode_kernels.hpp"

namespace lenswire::strata {

/// A residual counts at most this much when predictors are compared: an outlier is one escape,
/// however far it is out.
inline constexpr uint32_t kCostLimit = 20;

/// With `fast`.
inline constexpr uint32_t kFastMode = kModePlane;
inline constexpr uint32_t kFastClass = 1;

/// count_large() looks at every fourth piece of this size.
inline constexpr uint32_t kCountChunk = 256;

/// The class of segments without any residual: as a section it is constant.
inline constexpr uint32_t kZeroClass = 3;

/// One row, from pixels to ranks and validity.
struct MapRow {
  const uint16_t* pixels;
  uint32_t width;
  const uint16_t* rank_of;  ///< 65536 entries; null: the code is the rank
  uint16_t* row;            ///< out: ranks, anything where invalid or beyond width
  uint32_t* mask;           ///< out: one word per segment
};

/// One row, from ranks to residuals.
struct PredictRow {
  const uint16_t* up;    ///< the row above, padded on both sides
  uint16_t* row;         ///< ranks; invalid pixels get the value they are predicted with
  const uint32_t* mask;  ///< one word per segment
  uint32_t segments;
  bool fast;            ///< no choice: one mode and one class for all
  uint8_t* sides;       ///< out: mode | class << 2 of each segment that holds a valid pixel
  int16_t** residuals;  ///< per class: where to write; advanced
};

/// One class, from residuals to nibbles.
struct QuantiseJob {
  const int16_t* residuals;
  uint32_t count;
  uint32_t shift;
  uint8_t* pairs;    ///< out: (count + 1) / 2 bytes, room for kPadding
  uint8_t* lows;     ///< out: count * shift bits
  uint8_t* escapes;  ///< out
};

struct EncodeKernels {
  /// Sets seen[p] for each pixel.
  void (*mark_row)(const uint16_t* pixels, uint32_t width, uint8_t* seen);
  void (*map_row)(const MapRow& job);
  /// Returns where it stopped writing sides.
  uint8_t* (*predict_row)(const PredictRow& job);
  /// How many residuals of every fourth kCountChunk are larger in magnitude than 7, 15 and 31.
  void (*count_large)(const int16_t* residuals, uint32_t count, uint32_t (&large)[3]);
  /// Returns where it stopped writing escapes.
  uint8_t* (*quantise)(const QuantiseJob& job);
  /// The bulk of four Huffman streams, kCodesPerFlush symbols of each a round.
  void (*write_streams)(BitWriter (&writers)[4], const uint64_t* codes, uint32_t rounds);
};

extern const EncodeKernels kScalarEncodeKernels;

inline uint32_t magnitude(int residual) noexcept {
  return static_cast<uint32_t>(residual < 0 ? -residual : residual);
}

inline uint32_t clipped(int residual) noexcept {
  const uint32_t m = magnitude(residual);
  return m < kCostLimit ? m : kCostLimit;
}

/// The class of a segment with `count` residuals that cost `sum` together.
inline uint32_t class_of(uint32_t sum, uint32_t count) noexcept {
  const uint32_t zero = 0U - static_cast<uint32_t>(sum == 0);
  return (zero & kZeroClass) + static_cast<uint32_t>(2 * sum > count) +
         static_cast<uint32_t>(2 * sum > 3 * count);
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

inline uint8_t* write_escape(uint8_t* out, int quotient) noexcept {
  const uint32_t value =
      (static_cast<uint32_t>(quotient * 2) ^ static_cast<uint32_t>(quotient >> 31)) - 15;
  if (value < 255) {
    *out = static_cast<uint8_t>(value);
    return out + 1;
  }
  *out = 255;
  store16(out + 1, value);
  return out + 3;
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

}  // namespace lenswire::strata
