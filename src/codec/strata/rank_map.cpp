#include "rank_map.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "huffman_encode.hpp"

namespace lenswire::strata {
namespace {

constexpr uint32_t kSampleStep = 64;

/// log2 in sixteenths, straight lines between powers of two.
uint32_t log2_sixteenths(uint32_t value) noexcept {
  const auto whole = static_cast<uint32_t>(std::bit_width(value)) - 1;
  return whole * 16 + ((value << 4 >> whole) & 15);
}

}  // namespace

const uint16_t* PixelRows::row(uint32_t y, uint16_t* copy) const noexcept {
  const uint8_t* bytes = first + y * stride_bytes;
  if (reinterpret_cast<uintptr_t>(bytes) % alignof(uint16_t) == 0)
    return reinterpret_cast<const uint16_t*>(bytes);
  std::memcpy(copy, bytes, size_t{width} * 2);
  return copy;
}

RankMap::RankMap()
    : seen_(65536),
      rank_of_(65536),
      codes_(65536),
      bytes_(16 + 65536 / 2 / kTableGroup + 65536 * 2) {}

void RankMap::build(const PixelRows& image, const strata_options& options,
                    const EncodeKernels& kernels, uint16_t* row_copy) {
  std::memset(seen_.data(), 0, seen_.size());
  for (uint32_t y = 0; y < image.height; ++y) {
    const uint16_t* row = image.row(y, row_copy);
    // Empty rows are common enough to be worth a look.
    if (row[0] == 0 && std::memcmp(row, row + 1, size_t{image.width - 1} * 2) == 0) continue;
    kernels.mark_row(row, image.width, seen_.data());
  }
  seen_[0] = 0;
  count_ = 0;
  for (uint32_t code = 0; code < 65536; code += 8) {
    if (load64(seen_.data() + code) == 0) continue;
    for (uint32_t c = code; c < code + 8; ++c) {
      if (seen_[c] == 0) continue;
      rank_of_[c] = static_cast<uint16_t>(count_);
      codes_[count_++] = static_cast<uint16_t>(c);
    }
  }
  used_ = false;
  if (count_ == 0) return;
  if (options.near_limit != 0) merge(options);
  write_table();
  used_ = options.near_limit != 0 || pays(image, row_copy);
}

void RankMap::merge(const strata_options& options) {
  const uint32_t limit = options.near_limit;
  uint32_t merged = 0;
  for (uint32_t from = 0; from < count_;) {
    uint32_t to = from;  // the group's last member
    if (options.near_unit == STRATA_NEAR_RAW)
      while (to + 1 < count_ && uint32_t{codes_[to + 1]} - codes_[from] <= 2 * limit) ++to;
    else
      to = std::min(from + 2 * limit, count_ - 1);
    const uint32_t middle = options.near_unit == STRATA_NEAR_RAW
                                ? (uint32_t{codes_[from]} + codes_[to]) / 2
                                : codes_[(from + to) / 2];
    for (uint32_t i = from; i <= to; ++i) rank_of_[codes_[i]] = static_cast<uint16_t>(merged);
    from = to + 1;
    codes_[merged++] = static_cast<uint16_t>(middle);  // never overtakes `from`
  }
  count_ = merged;
}

void RankMap::write_table() {
  uint32_t smallest = 65535;
  for (uint32_t i = 1; i < count_; ++i)
    smallest = std::min<uint32_t>(smallest, codes_[i] - codes_[i - 1]);
  uint8_t* out = write_varint(bytes_.data(), count_);
  store16(out, codes_[0]);
  out += 2;
  if (count_ > 1) out = write_varint(out, smallest);
  const uint32_t gaps = count_ - 1;
  const uint32_t groups = div_up(gaps, kTableGroup);
  uint8_t* const widths = out;
  out += div_up(groups, 2);
  uint64_t buffer = 0;
  uint32_t bits = 0;
  for (uint32_t group = 0; group < groups; ++group) {
    const uint32_t from = group * kTableGroup + 1;
    const uint32_t to = std::min(from + kTableGroup, count_);
    uint32_t all = 0;
    for (uint32_t i = from; i < to; ++i) all |= codes_[i] - codes_[i - 1] - smallest;
    uint32_t width = static_cast<uint32_t>(std::bit_width(all));
    uint32_t nibble = width;
    if (width >= kWideGap) {
      width = 16;
      nibble = kWideGap;
    }
    if ((group & 1) == 0)
      widths[group >> 1] = static_cast<uint8_t>(nibble);
    else
      widths[group >> 1] |= static_cast<uint8_t>(nibble << 4);
    for (uint32_t i = from; i < to; ++i) {
      buffer |= uint64_t{codes_[i] - codes_[i - 1] - smallest} << bits;
      for (bits += width; bits >= 8; bits -= 8, buffer >>= 8) *out++ = static_cast<uint8_t>(buffer);
    }
  }
  if (bits != 0) *out++ = static_cast<uint8_t>(buffer);
  size_ = static_cast<size_t>(out - bytes_.data());
}

bool RankMap::pays(const PixelRows& image, uint16_t* row_copy) const noexcept {
  // What ranks save is about the distance from a code to the one below it, in bits, at each pixel.
  uint64_t saved = 0;
  for (uint32_t y = 0; y < image.height; ++y) {
    const uint16_t* row = image.row(y, row_copy);
    for (uint32_t x = y * 27 % kSampleStep; x < image.width; x += kSampleStep) {
      if (row[x] == 0) continue;
      const uint32_t rank = rank_of_[row[x]];
      if (rank != 0) saved += log2_sixteenths(uint32_t{codes_[rank]} - codes_[rank - 1]);
    }
  }
  return saved * kSampleStep / 16 > size_ * 8;
}

}  // namespace lenswire::strata
