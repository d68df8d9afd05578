#include "decode_kernels.hpp"

#include "bit_streams-inl.hpp"

namespace lenswire::strata {
namespace {

bool unpack(UnpackJob& job) {
  EscapeReader escapes(job);
  for (uint32_t i = 0; i < job.count; ++i) {
    const int nibble = job.pairs[i >> 1] >> ((i & 1) * 4) & 15;
    int quotient = nibble - kNibbleBias;
    if (nibble == kEscapeNibble && !escapes.read(quotient)) return false;
    job.out[i] = static_cast<int16_t>(quotient);
  }
  if (job.shift != 0) merge_lows(job);
  escapes.finish(job);
  return true;
}

const uint8_t* unpack_groups(const UnpackGroups& job) {
  return unpack_groups_from(job, 0, job.data);
}

const uint8_t* restore_row(const RestoreRow& job) {
  const uint8_t* modes = job.modes;
  const int16_t* residuals = job.residuals;
  uint16_t left = job.up[0];
  for (uint32_t s = 0; s < job.segments; ++s) {
    const uint32_t mask = job.mask[s];
    const uint16_t* up = job.up + s * kSegmentPixels;
    uint16_t* row = job.row + s * kSegmentPixels;
    uint16_t* pixels = job.pixels + s * kSegmentPixels;
    if (mask == 0) {
      for (uint32_t i = 0; i < kSegmentPixels; ++i) {
        row[i] = up[i];
        pixels[i] = 0;
      }
      left = row[kSegmentPixels - 1];
      continue;
    }
    const uint32_t mode = modes == nullptr ? uint32_t{kModePlane} : *modes++;
    for (uint32_t i = 0; i < kSegmentPixels; ++i) {
      const bool valid = (mask >> i & 1) != 0;
      int value = left + slope(mode, up + i);
      if (valid) value += *residuals++;
      left = row[i] = wrap16(value);
      pixels[i] = !valid ? uint16_t{0} : job.table == nullptr ? left : job.table[left];
    }
  }
  return modes;
}

void hash_row(HashState& state, const uint16_t* pixels, uint32_t width) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(pixels);
  uint32_t x = 0;
  for (; x + kHashPixels <= width; x += kHashPixels, bytes += 2 * kHashPixels)
    for (uint32_t i = 0; i < kHashLanes; ++i)
      state.lane[i] = hash_step(state.lane[i], load32(bytes + 4 * i));
  if (x == width) return;
  uint8_t tail[2 * kHashPixels] = {};
  __builtin_memcpy(tail, bytes, 2 * size_t{width - x});
  for (uint32_t i = 0; i < kHashLanes; ++i)
    state.lane[i] = hash_step(state.lane[i], load32(tail + 4 * i));
}

}  // namespace

const DecodeKernels kScalarDecodeKernels = {
    "scalar", expand_mask,         unpack,           unpack_groups, restore_row,
    hash_row, plain::read_streams, plain::count_mask};

}  // namespace lenswire::strata
