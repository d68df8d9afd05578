#include "encode_kernels.hpp"

#include "bit_streams-inl.hpp"

namespace lenswire::strata {
namespace {

void mark_row(const uint16_t* pixels, uint32_t width, uint8_t* seen) {
  for (uint32_t x = 0; x < width; ++x) seen[pixels[x]] = 1;
}

void map_row(const MapRow& job) {
  uint32_t word = 0;
  uint32_t x = 0;
  for (; x < job.width; ++x) {
    const uint16_t code = job.pixels[x];
    job.row[x] = job.rank_of == nullptr ? code : job.rank_of[code];
    word |= static_cast<uint32_t>(code != 0) << (x & 31);
    if ((x & 31) == 31) {
      job.mask[x >> 5] = word;
      word = 0;
    }
  }
  if ((x & 31) != 0) job.mask[x >> 5] = word;
}

uint8_t* predict_row(const PredictRow& job) {
  uint8_t* sides = job.sides;
  uint16_t left = job.up[0];
  uint32_t previous_mask = ~0U;
  for (uint32_t s = 0; s < job.segments; ++s) {
    const uint32_t mask = job.mask[s];
    const uint16_t* up = job.up + s * kSegmentPixels;
    uint16_t* row = job.row + s * kSegmentPixels;
    if (mask == 0) {
      for (uint32_t i = 0; i < kSegmentPixels; ++i) row[i] = up[i];
      left = row[kSegmentPixels - 1];
      previous_mask = 0;
      continue;
    }
    const uint32_t both = comparable(mask, previous_mask);
    previous_mask = mask;
    uint32_t cost[kModes] = {};
    for (uint32_t i = 0; i < kSegmentPixels; ++i) {
      if (job.fast || (both >> i & 1) == 0) continue;
      const int step = row[i] - (i == 0 ? left : row[i - 1]);
      for (uint32_t mode = 0; mode < kModes; ++mode)
        cost[mode] += clipped(signed16(step - slope(mode, up + i)));
    }
    const uint32_t mode =
        job.fast ? kFastMode : best_mode(cost[kModePlane], cost[kModeLeft], cost[kModeSmooth]);
    int16_t residual[kSegmentPixels];
    uint32_t count = 0;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < kSegmentPixels; ++i) {
      const uint16_t predicted = wrap16(left + slope(mode, up + i));
      left = predicted;
      if ((mask >> i & 1) != 0) {
        left = row[i];
        const int e = signed16(left - predicted);
        residual[count++] = static_cast<int16_t>(e);
        sum += clipped(e);
      }
      row[i] = left;
    }
    const uint32_t c = job.fast ? kFastClass : class_of(sum, count);
    for (uint32_t i = 0; i < count; ++i) *job.residuals[c]++ = residual[i];
    *sides++ = static_cast<uint8_t>(mode | c << 2);
  }
  return sides;
}

void count_large(const int16_t* residuals, uint32_t count, uint32_t (&large)[3]) {
  for (uint32_t from = 0; from < count; from += 4 * kCountChunk)
    for (uint32_t i = from; i < count && i < from + kCountChunk; ++i)
      for (uint32_t k = 0; k < 3; ++k) large[k] += magnitude(residuals[i]) > (8U << k) - 1;
}

uint8_t* quantise(const QuantiseJob& job) {
  uint8_t* escapes = job.escapes;
  const int half = (1 << job.shift) >> 1;
  for (uint32_t i = 0; i < job.count; ++i) {
    const int quotient = signed16(job.residuals[i] + half) >> job.shift;
    uint32_t nibble = static_cast<uint32_t>(quotient + kNibbleBias);
    if (nibble > 14) {
      nibble = kEscapeNibble;
      escapes = write_escape(escapes, quotient);
    }
    if ((i & 1) == 0)
      job.pairs[i >> 1] = static_cast<uint8_t>(nibble | kNibbleBias << 4);
    else
      job.pairs[i >> 1] = static_cast<uint8_t>((job.pairs[i >> 1] & 15) | nibble << 4);
  }
  if (job.shift != 0) write_lows(job);
  return escapes;
}

}  // namespace

const EncodeKernels kScalarEncodeKernels = {mark_row,    map_row,  predict_row,
                                            count_large, quantise, plain::write_streams};

}  // namespace lenswire::strata
