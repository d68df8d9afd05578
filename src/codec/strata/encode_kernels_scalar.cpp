#include "encode_kernels.hpp"

#define LENSWIRE_STRATA_ENCODER
#include "bit_streams-inl.hpp"

namespace lenswire::strata {
namespace {

void mark_pixels(const uint16_t* pixels, uint32_t count, uint8_t* seen) {
  for (uint32_t x = 0; x < count; ++x) seen[pixels[x]] = 1;
}

Patch* map_row(const MapRow& job) {
  Patch* patches = job.patches;
  for (uint32_t from = 0; from < job.width; from += kSegmentPixels) {
    const uint32_t to = job.width - from < kSegmentPixels ? job.width : from + kSegmentPixels;
    uint32_t valid = 0;
    uint32_t unknown = 0;
    for (uint32_t x = from; x < to; ++x) {
      const uint16_t code = job.pixels[x];
      job.row[x] = job.rank_of == nullptr ? code : job.rank_of[code];
      if (code == 0) continue;
      const uint32_t bit = 1U << (x - from);
      valid |= bit;
      if (job.rank_of != nullptr && job.row[x] == kNoRank) unknown |= bit;
    }
    job.mask[from / kSegmentPixels] = valid;
    if (unknown != 0) patches = patch_segment(job, from / kSegmentPixels, unknown, patches);
  }
  return patches;
}

PredictedRow predict_row(const PredictRow& job) {
  uint8_t* modes = job.modes;
  int16_t* residuals = job.residuals;
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
      if (!job.choose || (both >> i & 1) == 0) continue;
      const int step = row[i] - (i == 0 ? left : row[i - 1]);
      for (uint32_t mode = 0; mode < kModes; ++mode)
        cost[mode] += clipped(signed16(step - slope(mode, up + i)));
    }
    const uint32_t mode = best_mode(cost[kModePlane], cost[kModeLeft], cost[kModeSmooth]);
    for (uint32_t i = 0; i < kSegmentPixels; ++i) {
      const uint16_t predicted = wrap16(left + slope(mode, up + i));
      left = predicted;
      if ((mask >> i & 1) != 0) {
        left = row[i];
        *residuals++ = static_cast<int16_t>(left - predicted);
      }
      row[i] = left;
    }
    *modes++ = static_cast<uint8_t>(mode);
  }
  return {modes, residuals};
}

void count_large(const int16_t* residuals, uint32_t count, uint32_t (&large)[3]) {
  for (uint32_t i = 0; i < count; ++i)
    for (uint32_t k = 0; k < 3; ++k) large[k] += magnitude(residuals[i]) > (8U << k) - 1;
}

Escapes quantise(const QuantiseJob& job) {
  Escapes escapes{job.escapes, job.wide};
  const int half = (1 << job.shift) >> 1;
  for (uint32_t i = 0; i < job.count; ++i) {
    const int quotient = signed16(job.residuals[i] + half) >> job.shift;
    uint32_t nibble = static_cast<uint32_t>(quotient + kNibbleBias);
    if (nibble > 14) {
      nibble = kEscapeNibble;
      write_escape(escapes, quotient);
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

const EncodeKernels kScalarEncodeKernels = {
    mark_pixels, map_row,     predict_row,  count_large,
    quantise,    pack_groups, compact_mask, plain::write_streams};

}  // namespace lenswire::strata
