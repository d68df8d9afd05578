#include "band_encoder.hpp"

#include <algorithm>
#include <cstring>

#include "huffman_encode.hpp"

namespace lenswire::strata {
namespace {

constexpr uint32_t kBandPixels = 1U << 18;
constexpr size_t kRowMargin = 32;

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
  grow(sides_, words + 1);
  for (auto& residuals : residuals_) grow(residuals, pixels);
  grow(pairs_, std::max(pixels, words) / 2 + 1);
  grow(lows_, pixels);
  grow(escapes_, pixels * 3);
  grow(rows_, 2 * row_stride(width));
  grow(row_copy_, width);
  grow(near_row_, width);
  grow(out_, kBandHeaderBytes + 16 + section_max_bytes(words / 2 + 1) +
                 section_max_bytes(words * 4) + section_max_bytes(words / 2 + 1) +
                 kClasses * (section_max_bytes(1) + 16) + pixels * 6);
}

void BandEncoder::encode(const PixelRows& rows, uint32_t first_row, const RankMap& ranks,
                         const strata_options& options, const EncodeKernels& kernels,
                         const DecodeKernels& shared) {
  const uint32_t segments = segments_of(rows.width);
  const uint32_t words = segments * rows.height;
  pixels_ = rows.width * rows.height;
  HashState hash;
  hash_begin(hash, rows.width, first_row, rows.height, options.near_limit);
  if (ranks.empty()) {
    std::memset(near_row_.data(), 0, size_t{rows.width} * 2);
    for (uint32_t y = 0; y < rows.height; ++y) shared.hash_row(hash, near_row_.data(), rows.width);
    out_[0] = static_cast<uint8_t>(BandType::Coded);
    store32(out_.data() + 1, hash_end(hash));
    out_[kBandHeaderBytes] = static_cast<uint8_t>(MaskType::NoneValid);
    size_ = kBandHeaderBytes + 1;
    return;
  }
  uint16_t* up = rows_.data() + kRowMargin;
  uint16_t* row = up + row_stride(rows.width);
  std::memset(rows_.data(), 0, rows_.size() * sizeof rows_[0]);
  int16_t* residuals[kClasses];
  for (uint32_t i = 0; i < kClasses; ++i) residuals[i] = residuals_[i].data();
  const bool fast = options.profile == STRATA_FAST;
  uint8_t* sides = sides_.data();
  for (uint32_t y = 0; y < rows.height; ++y) {
    const uint16_t* pixels = rows.row(y, row_copy_.data());
    uint32_t* mask = mask_.data() + size_t{y} * segments;
    kernels.map_row({pixels, rows.width, ranks.rank_of(), row, mask});
    if (options.near_limit == 0) {
      shared.hash_row(hash, pixels, rows.width);
    } else {
      for (uint32_t x = 0; x < rows.width; ++x)
        near_row_[x] = pixels[x] == 0 ? uint16_t{0} : ranks.code_of()[row[x]];
      shared.hash_row(hash, near_row_.data(), rows.width);
    }
    sides = kernels.predict_row({up, row, mask, segments, fast, sides, residuals});
    row[-1] = row[-2] = row[0];
    row[rows.width] = row[rows.width + 1] = row[rows.width - 1];
    std::swap(up, row);
  }
  uint32_t valid = 0;
  for (uint32_t i = 0; i < kClasses; ++i)
    valid += static_cast<uint32_t>(residuals[i] - residuals_[i].data());
  uint8_t* out = out_.data();
  *out++ = static_cast<uint8_t>(BandType::Coded);
  store32(out, hash_end(hash));
  out += 4;
  out = write_mask(words, segments, valid, kernels, out);
  out = write_sides(sides, kernels, out);
  for (uint32_t i = 0; i < kClasses; ++i)
    out = write_class(i, static_cast<uint32_t>(residuals[i] - residuals_[i].data()), kernels, out);
  size_ = static_cast<size_t>(out - out_.data());
  if (size_ > kBandHeaderBytes + size_t{pixels_} * 2) encode_raw(rows, first_row, options, shared);
}

uint8_t* BandEncoder::write_mask(uint32_t words, uint32_t segments, uint32_t valid,
                                 const EncodeKernels& kernels, uint8_t* out) {
  if (valid == 0 || valid == pixels_) {
    *out++ = static_cast<uint8_t>(valid == 0 ? MaskType::NoneValid : MaskType::AllValid);
    return out;
  }
  *out++ = static_cast<uint8_t>(MaskType::Coded);
  mask_[words] = mask_[words - segments];  // an odd number gets a pair that XORs to nothing
  uint8_t* bytes = mask_bytes_.data();
  for (uint32_t i = 0; i < words; i += 2) {
    uint64_t two = uint64_t{mask_[i + 1]} << 32 | mask_[i];
    if (i + 1 >= segments) two ^= uint64_t{mask_[i + 1 - segments]} << 32;
    if (i >= segments) two ^= mask_[i - segments];
    uint32_t flags = 0;
    for (uint32_t k = 0; two != 0; ++k, two >>= 8) {
      if ((two & 255) == 0) continue;
      flags |= 1U << k;
      *bytes++ = static_cast<uint8_t>(two);
    }
    mask_flags_[i >> 1] = static_cast<uint8_t>(flags);
  }
  out = write_section(mask_flags_.data(), div_up(words, 2), out, kernels);
  return write_section(mask_bytes_.data(), static_cast<uint32_t>(bytes - mask_bytes_.data()), out,
                       kernels);
}

uint8_t* BandEncoder::write_sides(uint8_t* sides_end, const EncodeKernels& kernels, uint8_t* out) {
  *sides_end = 0;
  const auto count = static_cast<uint32_t>(sides_end - sides_.data());
  for (uint32_t i = 0; i < count; i += 2)
    pairs_[i >> 1] = static_cast<uint8_t>(sides_[i] | sides_[i + 1] << 4);
  return write_section(pairs_.data(), div_up(count, 2), out, kernels);
}

uint8_t* BandEncoder::write_class(uint32_t index, uint32_t count, const EncodeKernels& kernels,
                                  uint8_t* out) {
  if (count == 0) return out;
  const int16_t* residuals = residuals_[index].data();
  uint32_t large[3] = {};
  kernels.count_large(residuals, count, large);
  QuantiseJob job{residuals,     count,        choose_shift(large, count / 4),
                  pairs_.data(), lows_.data(), escapes_.data()};
  const auto escape_bytes = static_cast<size_t>(kernels.quantise(job) - escapes_.data());
  *out++ = static_cast<uint8_t>(job.shift);
  out = write_section(pairs_.data(), div_up(count, 2), out, kernels);
  const size_t low_bytes = (size_t{count} * job.shift + 7) / 8;
  std::memcpy(out, lows_.data(), low_bytes);
  out = write_varint(out + low_bytes, static_cast<uint32_t>(escape_bytes));
  std::memcpy(out, escapes_.data(), escape_bytes);
  return out + escape_bytes;
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
