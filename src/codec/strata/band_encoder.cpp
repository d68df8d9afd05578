#include "band_encoder.hpp"

#include <algorithm>
#include <cstring>

#include "huffman_encode.hpp"

namespace lenswire::strata {
namespace {

constexpr uint32_t kBandPixels = 1U << 18;
constexpr size_t kRowMargin = 32;
/// Residuals are turned into bytes in multiples of kChunk, once there are kEnough: while they are
/// still in the cache, but no longer on their way to it.
constexpr uint32_t kChunk = 32;
constexpr uint32_t kEnough = 4096;

uint32_t segments_of(uint32_t width) noexcept { return div_up(width, kSegmentPixels); }

size_t row_stride(uint32_t width) noexcept {
  return kRowMargin + size_t{segments_of(width)} * kSegmentPixels + kRowMargin;
}

template <typename T>
void grow(std::vector<T>& v, size_t count) {
  if (v.size() < count + kPadding) v.resize(count + kPadding);
}

/// Low bits that are stored as they are, so that few residuals need an escape.
uint32_t choose_shift(const uint32_t (&large)[3], uint32_t count) noexcept {
  // An escape costs about ten bits, a low bit one, of which most would have been paid anyway.
  if ((large[0] - large[1]) * 24ULL < count) return 0;
  if ((large[1] - large[2]) * 24ULL < count) return 1;
  return large[2] * 8ULL < count ? 2 : 4;
}

/// Whether a shift that choose_shift() did not choose is still good enough to stay.
bool tolerable(uint32_t shift, const uint32_t (&large)[3], uint32_t count) noexcept {
  const uint32_t index = shift == 4 ? 3 : shift;
  const uint32_t escapes = index < 3 ? large[index] : 0;
  return escapes * 12ULL < count && (index == 0 || large[index - 1] * 48ULL > count);
}

/// More codes without a rank than this, and the table was made from too small a sample.
size_t patch_limit(uint32_t width, uint32_t rows) noexcept {
  return size_t{width} * rows / 512 + 16;
}

}  // namespace

uint32_t choose_band_rows(uint32_t width, uint32_t height) noexcept {
  const uint64_t pixels = uint64_t{width} * height;
  const auto bands = static_cast<uint32_t>(
      std::clamp<uint64_t>((pixels + kBandPixels / 2) / kBandPixels, 1, height));
  return div_up(height, bands);
}

void BandEncoder::reserve(uint32_t width, uint32_t rows) {
  const size_t words = size_t{segments_of(width)} * rows;
  const size_t pixels = size_t{width} * rows;
  grow(mask_, words);
  grow(mask_flags_, words / 2 + 1);
  grow(mask_bytes_, words * 4);
  grow(modes_, words + kModesPerByte);
  grow(residuals_, width + kEnough + kChunk);
  grow(widths_, pixels / (2 * kPackGroup) + 2);
  grow(packed_, pixels * 2 + 2 * kPackGroup);
  grow(patches_, patch_limit(width, rows) + width);
  grow(pairs_, std::max(pixels, words) / 2 + 1);
  grow(lows_, pixels);
  grow(escapes_, pixels);
  grow(wide_, pixels * 2);
  grow(rows_, 2 * row_stride(width));
  grow(row_copy_, width);
  grow(near_row_, width);
  grow(out_, kBandHeaderBytes + 16 + section_max_bytes(words / 2 + 1) +
                 section_max_bytes(words * 4) + section_max_bytes(words / 4 + 1) +
                 section_max_bytes(pixels / 2) + pixels * 6 + patch_limit(width, rows) * 8);
}

bool BandEncoder::walk(const PixelRows& rows, uint32_t first_row, const RankMap& ranks,
                       const strata_options& options, const EncodeKernels& kernels,
                       const DecodeKernels& shared, uint32_t shift, Walk& result) {
  const uint32_t segments = segments_of(rows.width);
  hash_begin(result.hash, rows.width, first_row, rows.height, options.near_limit);
  uint16_t* up = rows_.data() + kRowMargin;
  uint16_t* row = up + row_stride(rows.width);
  std::memset(rows_.data(), 0, rows_.size() * sizeof rows_[0]);
  Patch* patches = patches_.data();
  const Patch* const patches_full = patches + patch_limit(rows.width, rows.height);
  int16_t* const residuals = residuals_.data();
  uint32_t held = 0;  // residuals that wait for a whole chunk
  uint32_t done = 0;
  uint32_t large[3] = {};
  uint32_t looked_at = 0;
  result.escapes = {escapes_.data(), wide_.data()};
  result.packed_end = packed_.data();
  const auto emit = [&](uint32_t count) {
    // A quarter of them tells enough.
    kernels.count_large(residuals, div_up(count, 4), large);
    looked_at += div_up(count, 4);
    if (options.profile == STRATA_FAST)
      result.packed_end =
          kernels.pack({residuals, div_up(count, kPackGroup),
                        widths_.data() + done / (2 * kPackGroup), result.packed_end});
    else
      result.escapes = kernels.quantise({residuals, count, shift, pairs_.data() + done / 2,
                                         lows_.data() + size_t{done} * shift / 8,
                                         result.escapes.end, result.escapes.wide_end});
    done += count;
  };
  uint8_t* modes = modes_.data();
  for (uint32_t y = 0; y < rows.height; ++y) {
    const uint16_t* pixels = rows.row(y, row_copy_.data());
    uint32_t* mask = mask_.data() + size_t{y} * segments;
    patches =
        kernels.map_row({pixels, rows.width, ranks.rank_of(), row, mask, y * rows.width, patches});
    if (patches > patches_full) return false;
    if (options.near_limit == 0) {
      shared.hash_row(result.hash, pixels, rows.width);
    } else {
      for (uint32_t x = 0; x < rows.width; ++x)
        near_row_[x] = pixels[x] == 0 ? uint16_t{0} : ranks.code_of()[row[x]];
      shared.hash_row(result.hash, near_row_.data(), rows.width);
    }
    const PredictedRow at = kernels.predict_row(
        {up, row, mask, segments, options.profile == STRATA_DENSE, modes, residuals + held});
    modes = at.modes;
    held = static_cast<uint32_t>(at.residuals - residuals);
    if (held >= kEnough) {
      const uint32_t whole = held / kChunk * kChunk;
      emit(whole);
      held -= whole;
      std::memcpy(residuals, residuals + whole, kChunk * sizeof *residuals);
    }
    row[-1] = row[-2] = row[0];
    row[rows.width] = row[rows.width + 1] = row[rows.width - 1];
    std::swap(up, row);
  }
  std::memset(residuals + held, 0, kPackGroup * sizeof *residuals);
  if (held != 0) emit(held);
  result.valid = done;
  result.occupied = static_cast<uint32_t>(modes - modes_.data());
  result.best_shift = choose_shift(large, looked_at);
  result.shift_tolerable = tolerable(shift, large, looked_at);
  patch_count_ = static_cast<size_t>(patches - patches_.data());
  return true;
}

bool BandEncoder::encode(const PixelRows& rows, uint32_t first_row, const RankMap& ranks,
                         const strata_options& options, const EncodeKernels& kernels,
                         const DecodeKernels& shared) {
  const uint32_t segments = segments_of(rows.width);
  const uint32_t words = segments * rows.height;
  pixels_ = rows.width * rows.height;
  const bool fast = options.profile == STRATA_FAST;
  const bool dense = options.profile == STRATA_DENSE;
  Walk walked;
  if (!walk(rows, first_row, ranks, options, kernels, shared, shift_, walked)) return false;
  uint32_t shift = shift_;
  if (!fast && walked.best_shift != shift && !walked.shift_tolerable) {
    shift = walked.best_shift;
    walk(rows, first_row, ranks, options, kernels, shared, shift, walked);
  }
  // A band without a valid pixel feeds nothing to its checksum.
  if (walked.valid == 0)
    hash_begin(walked.hash, rows.width, first_row, rows.height, options.near_limit);
  uint8_t* out = out_.data();
  *out++ = static_cast<uint8_t>(BandType::Coded);
  store32(out, hash_end(walked.hash));
  out = write_mask(words, segments, walked.valid, kernels, out + 4);
  if (walked.valid != 0) {
    *out++ = static_cast<uint8_t>(fast    ? ResidualType::Packed
                                  : dense ? ResidualType::PairedWithModes
                                          : ResidualType::Paired);
    if (dense) out = write_modes(walked.occupied, kernels, out);
    out = fast ? write_packed(walked, out) : write_paired(walked, shift, kernels, out);
    out = write_patches(out);
  }
  shift_ = walked.best_shift;
  size_ = static_cast<size_t>(out - out_.data());
  if (size_ > kBandHeaderBytes + size_t{pixels_} * 2) encode_raw(rows, first_row, options, shared);
  return true;
}

uint8_t* BandEncoder::write_mask(uint32_t words, uint32_t segments, uint32_t valid,
                                 const EncodeKernels& kernels, uint8_t* out) {
  if (valid == 0 || valid == pixels_) {
    *out++ = static_cast<uint8_t>(valid == 0 ? MaskType::NoneValid : MaskType::AllValid);
    return out;
  }
  *out++ = static_cast<uint8_t>(MaskType::Coded);
  const uint8_t* const bytes =
      kernels.compact_mask({mask_.data(), segments, words, mask_flags_.data(), mask_bytes_.data()});
  out = write_section(mask_flags_.data(), div_up(words, 2), out, kernels);
  return write_section(mask_bytes_.data(), static_cast<uint32_t>(bytes - mask_bytes_.data()), out,
                       kernels);
}

uint8_t* BandEncoder::write_modes(uint32_t count, const EncodeKernels& kernels, uint8_t* out) {
  store32(modes_.data() + count, 0);
  // The flags of the mask have been written: their memory is free.
  const uint32_t bytes = div_up(count, kModesPerByte);
  for (uint32_t i = 0; i < bytes; ++i) {
    const uint32_t four = load32(modes_.data() + size_t{i} * kModesPerByte);
    mask_flags_[i] = static_cast<uint8_t>(four | four >> 6 | four >> 12 | four >> 18);
  }
  return write_section(mask_flags_.data(), bytes, out, kernels);
}

uint8_t* BandEncoder::write_paired(const Walk& walked, uint32_t shift, const EncodeKernels& kernels,
                                   uint8_t* out) {
  *out++ = static_cast<uint8_t>(shift);
  out = write_section(pairs_.data(), div_up(walked.valid, 2), out, kernels);
  const size_t low_bytes = (size_t{walked.valid} * shift + 7) / 8;
  std::memcpy(out, lows_.data(), low_bytes);
  const auto escapes = static_cast<size_t>(walked.escapes.end - escapes_.data());
  const auto wide_bytes = static_cast<size_t>(walked.escapes.wide_end - wide_.data());
  out = write_varint(out + low_bytes, static_cast<uint32_t>(escapes));
  std::memcpy(out, escapes_.data(), escapes);
  std::memcpy(out + escapes, wide_.data(), wide_bytes);
  return out + escapes + wide_bytes;
}

uint8_t* BandEncoder::write_packed(const Walk& walked, uint8_t* out) {
  const uint32_t width_bytes = div_up(div_up(walked.valid, kPackGroup), 2);
  const auto size = static_cast<size_t>(walked.packed_end - packed_.data());
  std::memcpy(out, widths_.data(), width_bytes);
  out = write_varint(out + width_bytes, static_cast<uint32_t>(size));
  std::memcpy(out, packed_.data(), size);
  return out + size;
}

uint8_t* BandEncoder::write_patches(uint8_t* out) const {
  out = write_varint(out, static_cast<uint32_t>(patch_count_));
  uint32_t expected = 0;
  for (const Patch& patch : patches()) {
    out = write_varint(out, patch.position - expected);
    store16(out, patch.code);
    out += 2;
    expected = patch.position + 1;
  }
  return out;
}

void BandEncoder::encode_raw(const PixelRows& rows, uint32_t first_row,
                             const strata_options& options, const DecodeKernels& shared) {
  HashState hash;
  hash_begin(hash, rows.width, first_row, rows.height, options.near_limit);
  const size_t row_bytes = size_t{rows.width} * 2;
  uint8_t* out = out_.data() + kBandHeaderBytes;
  for (uint32_t y = 0; y < rows.height; ++y, out += row_bytes) {
    const uint16_t* row = rows.row(y, row_copy_.data());
    shared.hash_row(hash, row, rows.width);
    std::memcpy(out, row, row_bytes);
  }
  out_[0] = static_cast<uint8_t>(BandType::Raw);
  store32(out_.data() + 1, hash_end(hash));
  size_ = static_cast<size_t>(out - out_.data());
}

}  // namespace lenswire::strata
