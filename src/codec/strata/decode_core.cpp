#include "decode_core.hpp"

namespace lenswire::strata {
namespace {

/// Elements before a row: enough for alignment and for the neighbours that predictors look at.
constexpr size_t kRowMargin = 32;

size_t segments_of(uint32_t width) noexcept { return div_up(width, kSegmentPixels); }
size_t row_stride(uint32_t width) noexcept {
  return kRowMargin + segments_of(width) * kSegmentPixels + kRowMargin;
}

/// Hands out aligned pieces of a block; with no block it only counts.
struct Carver {
  uint8_t* memory;
  size_t used = 0;

  template <typename T>
  T* take(size_t count) noexcept {
    T* piece = memory == nullptr ? nullptr : reinterpret_cast<T*>(memory + used);
    used += (count * sizeof(T) + kPadding + 63) / 64 * 64;
    return piece;
  }
};

void carve(BandWorkspace& w, Carver& from, uint32_t width, uint32_t rows) noexcept {
  const size_t words = segments_of(width) * rows;
  const size_t pixels = size_t{width} * rows;
  w.mask = from.take<uint32_t>(words);
  w.mask_flags = from.take<uint8_t>(words / 2 + 1);
  w.mask_bytes = from.take<uint8_t>(words * 4);
  w.sides = from.take<uint8_t>(words + 1);
  w.pairs = from.take<uint8_t>(pixels / 2 + 1);
  w.lows = from.take<uint8_t>(pixels);
  w.residuals = from.take<int16_t>(pixels + kClasses * kPadding);
  w.rows = from.take<uint16_t>(2 * row_stride(width));
  w.pixel_row = from.take<uint16_t>(segments_of(width) * kSegmentPixels);
  w.huffman = from.take<HuffmanTable>(1);
}

bool read_mask(ByteCursor& in, const BandJob& job, BandWorkspace& w,
               const DecodeKernels& kernels) noexcept {
  const auto segments = static_cast<uint32_t>(segments_of(job.width));
  const uint32_t words = segments * job.rows;
  const uint32_t last_bits = job.width - (segments - 1) * kSegmentPixels;
  const uint32_t last_word = last_bits == 32 ? ~0U : (1U << last_bits) - 1;
  const uint32_t type = in.u8();
  if (!in.ok || type > static_cast<uint32_t>(MaskType::Coded)) return false;
  if (static_cast<MaskType>(type) != MaskType::Coded) {
    const bool valid = static_cast<MaskType>(type) == MaskType::AllValid;
    for (uint32_t i = 0; i < words; ++i) w.mask[i] = valid ? ~0U : 0U;
    if (valid)
      for (uint32_t y = 0; y < job.rows; ++y) w.mask[y * segments + segments - 1] = last_word;
    return true;
  }
  const uint32_t flag_bytes = div_up(words, 2);
  if (!read_section(in, flag_bytes, w.mask_flags, *w.huffman, kernels)) return false;
  if ((words & 1) != 0 && w.mask_flags[flag_bytes - 1] > 15) return false;
  uint32_t count = 0;
  for (uint32_t i = 0; i < flag_bytes; ++i) count += popcount32(w.mask_flags[i]);
  if (!read_section(in, count, w.mask_bytes, *w.huffman, kernels)) return false;
  const uint8_t* bytes = w.mask_bytes;
  for (uint32_t i = 0; i < words; ++i) {
    uint32_t flags = static_cast<uint32_t>(w.mask_flags[i >> 1]) >> ((i & 1) * 4) & 15;
    uint32_t word = i < segments ? 0 : w.mask[i - segments];
    for (; flags != 0; flags &= flags - 1)
      word ^= static_cast<uint32_t>(*bytes++) << (8 * __builtin_ctz(flags));
    w.mask[i] = word;
  }
  for (uint32_t y = 0; y < job.rows; ++y)
    if ((w.mask[y * segments + segments - 1] & ~last_word) != 0) return false;
  return true;
}

/// Reads the segments' modes and classes and counts the valid pixels of each class.
bool read_sides(ByteCursor& in, uint32_t words, BandWorkspace& w, uint32_t (&valid)[kClasses],
                const DecodeKernels& kernels) noexcept {
  uint32_t occupied = 0;
  for (uint32_t i = 0; i < words; ++i) occupied += w.mask[i] != 0;
  if (!read_section(in, div_up(occupied, 2), w.pairs, *w.huffman, kernels)) return false;
  if ((occupied & 1) != 0 && w.pairs[occupied >> 1] > 15) return false;
  w.pairs[div_up(occupied, 2)] = 0;  // is looked at, though not used
  return kernels.spread_sides({w.mask, words, w.pairs, w.sides}, valid);
}

bool read_class(ByteCursor& in, uint32_t count, BandWorkspace& w, int16_t* out,
                const DecodeKernels& kernels) noexcept {
  UnpackJob job{};
  job.shift = in.u8();
  if (!in.ok || (job.shift > 2 && job.shift != 4 && job.shift != 8)) return false;
  if (!read_section(in, div_up(count, 2), w.pairs, *w.huffman, kernels)) return false;
  const size_t low_bytes = (size_t{count} * job.shift + 7) / 8;
  const uint8_t* lows = in.take(low_bytes);
  if (!in.ok) return false;
  __builtin_memcpy(w.lows, lows, low_bytes);
  const uint32_t escape_bytes = in.varint();
  job.escapes = in.take(escape_bytes);
  if (!in.ok) return false;
  job.escapes_end = job.escapes + escape_bytes;
  job.pairs = w.pairs;
  job.lows = w.lows;
  job.count = count;
  job.out = out;
  if ((count & 1) != 0 && w.pairs[count / 2] >> 4 != kNibbleBias) return false;
  return kernels.unpack(job) == job.escapes_end;
}

/// Repeats the first and the last value into the margins.
void pad_row(uint16_t* row, uint32_t width) noexcept {
  row[-1] = row[-2] = row[0];
  row[width] = row[width + 1] = row[width - 1];
}

strata_status decode_raw(ByteCursor& in, const BandJob& job, HashState& hash, BandWorkspace& w,
                         const DecodeKernels& kernels) noexcept {
  const size_t row_bytes = size_t{job.width} * 2;
  if (in.left() < row_bytes * job.rows) return STRATA_TRUNCATED;
  for (uint32_t y = 0; y < job.rows; ++y) {
    __builtin_memcpy(w.pixel_row, in.take(row_bytes), row_bytes);
    kernels.hash_row(hash, w.pixel_row, job.width);
    __builtin_memcpy(job.pixels + y * job.stride_bytes, w.pixel_row, row_bytes);
  }
  return STRATA_OK;
}

strata_status decode_coded(ByteCursor& in, const BandJob& job, HashState& hash, BandWorkspace& w,
                           const DecodeKernels& kernels) noexcept {
  const auto segments = static_cast<uint32_t>(segments_of(job.width));
  if (in.left() == 1 && *in.next == static_cast<uint8_t>(MaskType::NoneValid)) {
    in.take(1);
    __builtin_memset(w.pixel_row, 0, size_t{job.width} * 2);
    for (uint32_t y = 0; y < job.rows; ++y) {
      __builtin_memset(job.pixels + y * job.stride_bytes, 0, size_t{job.width} * 2);
      kernels.hash_row(hash, w.pixel_row, job.width);
    }
    return STRATA_OK;
  }
  if (!read_mask(in, job, w, kernels)) return STRATA_CORRUPT;
  uint32_t valid[kClasses] = {};
  if (!read_sides(in, segments * job.rows, w, valid, kernels)) return STRATA_CORRUPT;
  const int16_t* residuals[kClasses];
  int16_t* to = w.residuals;
  for (uint32_t i = 0; i < kClasses; ++i) {
    residuals[i] = to;
    if (valid[i] != 0 && !read_class(in, valid[i], w, to, kernels)) return STRATA_CORRUPT;
    to += valid[i] + kPadding;
  }
  uint16_t* up = w.rows + kRowMargin;
  uint16_t* row = up + row_stride(job.width);
  __builtin_memset(w.rows, 0, 2 * row_stride(job.width) * sizeof *w.rows);
  const uint8_t* sides = w.sides;
  for (uint32_t y = 0; y < job.rows; ++y) {
    uint8_t* pixels = job.pixels + y * job.stride_bytes;
    sides = kernels.restore_row({up, row, w.mask + size_t{y} * segments, segments, sides, residuals,
                                 job.table, w.pixel_row});
    kernels.hash_row(hash, w.pixel_row, job.width);
    __builtin_memcpy(pixels, w.pixel_row, size_t{job.width} * 2);
    pad_row(row, job.width);
    uint16_t* const above = up;
    up = row;
    row = above;
  }
  return STRATA_OK;
}

}  // namespace

strata_status read_header(const uint8_t* data, size_t size, FrameHeader& header) noexcept {
  if (size < kFixedHeaderBytes) return STRATA_TRUNCATED;
  for (uint32_t i = 0; i < 4; ++i)
    if (data[i] != kMagic[i]) return STRATA_UNSUPPORTED;
  if (data[4] != kVersion || (data[5] & ~kFlagRankTable) != 0) return STRATA_UNSUPPORTED;
  header.flags = data[5];
  header.near_limit = data[6];
  header.profile = data[7];
  header.width = load16(data + 8);
  header.height = load16(data + 10);
  header.frame_bytes = load32(data + 12);
  header.band_rows = load16(data + 16);
  if (header.profile > STRATA_FAST) return STRATA_UNSUPPORTED;
  if (header.width == 0 || header.height == 0 || header.band_rows == 0) return STRATA_CORRUPT;
  if (size_t{header.width} * header.height > kMaxPixels) return STRATA_TOO_LARGE;
  header.bands = div_up(header.height, header.band_rows);
  return STRATA_OK;
}

bool read_rank_table(ByteCursor& in, RankTable& table) noexcept {
  const uint32_t count = in.varint();
  if (!in.ok || count == 0 || count > 65535) return false;
  const uint8_t* first = in.take(2);
  const uint32_t smallest_gap = count > 1 ? in.varint() : 1;
  const uint32_t gaps = count - 1;
  const uint32_t groups = div_up(gaps, kTableGroup);
  const uint8_t* widths = in.take(div_up(groups, 2));
  if (!in.ok || smallest_gap == 0 || smallest_gap > 65535) return false;
  uint32_t code = load16(first);
  if (code == 0) return false;
  if (table.count > count)
    __builtin_memset(table.code + count, 0, (table.count - count) * sizeof *table.code);
  table.count = count;
  table.code[0] = static_cast<uint16_t>(code);
  uint64_t buffer = 0;
  uint32_t bits = 0;
  for (uint32_t i = 0; i < gaps; ++i) {
    const uint32_t group = i / kTableGroup;
    uint32_t width = static_cast<uint32_t>(widths[group >> 1]) >> ((group & 1) * 4) & 15;
    if (width == kWideGap) width = 16;
    while (bits < width) {
      buffer |= static_cast<uint64_t>(in.u8()) << bits;
      bits += 8;
    }
    code += smallest_gap + static_cast<uint32_t>(buffer & ((uint64_t{1} << width) - 1));
    buffer >>= width;
    bits -= width;
    if (code > 65535) return false;
    table.code[i + 1] = static_cast<uint16_t>(code);
  }
  return in.ok;
}

strata_status read_layout(const uint8_t* data, size_t size, RankTable& table,
                          FrameLayout& layout) noexcept {
  const strata_status status = read_header(data, size, layout.header);
  if (status != STRATA_OK) return status;
  const FrameHeader& header = layout.header;
  if (header.frame_bytes > size) return STRATA_TRUNCATED;
  if (header.frame_bytes < size) return STRATA_CORRUPT;
  ByteCursor in{data + kFixedHeaderBytes, data + size};
  if ((header.flags & kFlagRankTable) != 0 && !read_rank_table(in, table)) return STRATA_CORRUPT;
  layout.directory = in.take(size_t{header.bands} * 4);
  if (layout.directory == nullptr) return STRATA_CORRUPT;
  layout.first_band = in.next;
  size_t sum = 0;
  for (uint32_t i = 0; i < header.bands; ++i) sum += load32(layout.directory + 4 * size_t{i});
  return sum == in.left() ? STRATA_OK : STRATA_CORRUPT;
}

size_t workspace_bytes(uint32_t width, uint32_t rows) noexcept {
  BandWorkspace unused;
  Carver counter{nullptr};
  carve(unused, counter, width, rows);
  return counter.used + 64;
}

void bind_workspace(BandWorkspace& workspace, uint8_t* memory, uint32_t width,
                    uint32_t rows) noexcept {
  const auto address = reinterpret_cast<uintptr_t>(memory);
  Carver carver{memory + (64 - address % 64) % 64};
  carve(workspace, carver, width, rows);
}

strata_status decode_band(const BandJob& job, BandWorkspace& workspace,
                          const DecodeKernels& kernels) noexcept {
  ByteCursor in{job.data, job.data + job.size};
  const uint32_t type = in.u8();
  const uint32_t checksum = in.u32();
  if (!in.ok) return STRATA_TRUNCATED;
  HashState hash;
  hash_begin(hash, job.width, job.first_row, job.rows, job.near_limit);
  strata_status status = STRATA_UNSUPPORTED;
  if (type == static_cast<uint32_t>(BandType::Raw))
    status = decode_raw(in, job, hash, workspace, kernels);
  else if (type == static_cast<uint32_t>(BandType::Coded))
    status = decode_coded(in, job, hash, workspace, kernels);
  if (status != STRATA_OK) return status;
  if (in.left() != 0) return STRATA_CORRUPT;
  return hash_end(hash) == checksum ? STRATA_OK : STRATA_CHECKSUM;
}

}  // namespace lenswire::strata
