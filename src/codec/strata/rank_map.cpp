#include "rank_map.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "huffman_encode.hpp"

namespace lenswire::strata {
namespace {

/// Pixels that a decision is made from.
constexpr uint32_t kAsked = 1024;
/// Ranks take a third of the fast profile's time: it wants two and a half bits a pixel for that.
constexpr uint32_t kFastSixteenths = 40;
/// Images that go without a table, once it did not pay.
constexpr uint32_t kRefusals = 30;
/// Images that a table serves at the most.
constexpr uint32_t kLifetime = 256;
/// With Look::Eighth, every eighth piece of this many pixels; not in columns, which a pattern of
/// the scene could follow.
constexpr uint32_t kSeenPixels = 32;

constexpr uint32_t kRowsAhead = 8;

uint32_t first_seen(uint32_t y) noexcept { return y * 5 % 8 * kSeenPixels; }

/// log2 in sixteenths, straight lines between powers of two.
uint32_t log2_sixteenths(uint32_t value) noexcept {
  const auto whole = static_cast<uint32_t>(std::bit_width(value)) - 1;
  return whole * 16 + ((value << 4 >> whole) & 15);
}

/// Calls `look` with the valid ones among about so many pixels, spread over the image. Returns for
/// how many pixels each stands.
template <typename Look>
uint64_t ask(const PixelRows& image, uint32_t pixels, const Look& look) {
  const uint64_t total = uint64_t{image.width} * image.height;
  const uint64_t step = std::max<uint64_t>(total / pixels, 1);
  for (uint64_t i = step / 2; i < total; i += step) {
    const uint8_t* row = image.first + i / image.width * image.stride_bytes;
    const uint32_t code = load16(row + i % image.width * 2);
    if (code != 0) look(code);
  }
  return step;
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
    : asked_(65536 / 64),
      seen_(65536),
      rank_of_(65536 + kTablePadding, kNoRank),
      codes_(65536 + 1),
      bytes_(16 + 65536 / 2 / kTableGroup + 65536 * 2) {}

void RankMap::build(const PixelRows& image, const strata_options& options,
                    const EncodeKernels& kernels, Look look, uint16_t* row_copy) {
  std::memset(seen_.data(), 0, seen_.size());
  mark(image, kernels, look, row_copy);
  age_ = 1;
  used_ = false;
  number_codes();
  if (count_ == 0) return;
  most_codes_ = 2 * count_ + 256;
  if (options.near_limit != 0)
    merge(options);
  else if (!pays(image, options.profile)) {
    refuse(valid_asked_);
    return;
  }
  write_table();
  used_ = true;
}

void RankMap::adapt(const PixelRows& image, const EncodeKernels& kernels, uint16_t* row_copy) {
  uint32_t unknown = 0;
  ask(image, kAsked / 4, [&](uint32_t code) { unknown += rank_of_[code] == kNoRank; });
  if (unknown > kAsked / 1024)
    mark(image, kernels, Look::Eighth, row_copy);
  else if (!learned_)
    return;
  number_codes();
  write_table();
}

bool RankMap::lasts() noexcept {
  if (!used_ || age_ >= kLifetime || count_ > most_codes_) return false;
  ++age_;
  return true;
}

void RankMap::refuse(uint64_t valid_asked) noexcept {
  // An image that is nearly empty says nothing about the next.
  refusals_ = valid_asked > kAsked / 4 ? kRefusals : 0;
}

bool RankMap::promises(const PixelRows& image) noexcept {
  used_ = false;
  if (refusals_ != 0) {
    --refusals_;
    return false;
  }
  std::memset(asked_.data(), 0, asked_.size() * sizeof asked_[0]);
  uint32_t valid = 0;
  uint32_t distinct = 0;
  uint64_t* const asked = asked_.data();
  ask(image, kAsked, [&](uint32_t code) {
    const uint64_t bit = uint64_t{1} << (code & 63);
    ++valid;
    distinct += (asked[code >> 6] & bit) == 0;
    asked[code >> 6] |= bit;
  });
  if (distinct * 16 < valid * 11) return true;
  refuse(valid);
  return false;
}

void RankMap::learn(std::span<const Patch> patches) noexcept {
  for (const Patch& patch : patches) seen_[patch.code] = 1;
  learned_ = learned_ || !patches.empty();
}

void RankMap::mark(const PixelRows& image, const EncodeKernels& kernels, Look look,
                   uint16_t* row_copy) {
  for (uint32_t y = 0; y < image.height; ++y) {
    const uint16_t* row = image.row(y, row_copy);
    if (look == Look::All) {
      kernels.mark_pixels(row, image.width, seen_.data());
      continue;
    }
    // Such jumps are beyond the processor's own foresight.
    if (y + kRowsAhead < image.height) {
      const uint8_t* ahead = image.first + (y + kRowsAhead) * image.stride_bytes;
      for (uint32_t x = first_seen(y + kRowsAhead); x < image.width; x += 8 * kSeenPixels)
        __builtin_prefetch(ahead + size_t{x} * 2);
    }
    for (uint32_t x = first_seen(y); x < image.width; x += 8 * kSeenPixels)
      kernels.mark_pixels(row + x, std::min(kSeenPixels, image.width - x), seen_.data());
  }
}

void RankMap::number_codes() noexcept {
  learned_ = false;
  seen_[0] = 0;
  count_ = 0;
  uint16_t* codes = codes_.data();
  for (uint32_t from = 0; from < 65536; from += 64) {
    uint64_t any = 0;
    for (uint32_t k = 0; k < 64; k += 8) any |= load64(seen_.data() + from + k);
    if (any == 0) continue;
    for (uint32_t c = from; c < from + 64; ++c) {
      codes[count_] = static_cast<uint16_t>(c);
      count_ += seen_[c];
    }
  }
  uint16_t* ranks = rank_of_.data();
  std::memset(ranks, 0xFF, 65536 * sizeof *ranks);
  for (uint32_t i = 0; i < count_; ++i) ranks[codes[i]] = static_cast<uint16_t>(i);
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
    if (width >= kWideGroup) {
      width = 16;
      nibble = kWideGroup;
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

bool RankMap::pays(const PixelRows& image, strata_profile profile) noexcept {
  // What ranks save is about the distance from a code to the one below it, in bits, at each pixel.
  // A code in the table costs about a byte.
  uint64_t saved = 0;
  uint64_t valid = 0;
  const uint64_t step = ask(image, kAsked, [&](uint32_t code) {
    ++valid;
    const uint32_t rank = rank_of_[code];
    if (rank != kNoRank && rank != 0) saved += log2_sixteenths(code - codes_[rank - 1]);
  });
  valid_asked_ = valid;
  return (profile != STRATA_FAST || saved > valid * kFastSixteenths) &&
         saved * step / 16 > uint64_t{count_} * 9;
}

}  // namespace lenswire::strata
