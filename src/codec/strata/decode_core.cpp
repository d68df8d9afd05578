#include "decode_core.hpp"

namespace lenswire::strata {
namespace {

/// Elements before a row: enough for alignment and for the neighbours that predictors look at.
constexpr size_t kRowMargin = 32;

/// So many residuals are unpacked at once: enough to be worth a call, and few enough to stay in the
/// cache.
constexpr uint32_t kResidualChunk = 2048;

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
  w.modes = from.take<uint8_t>(words);
  w.widths = from.take<uint8_t>(pixels / (2 * kPackGroup) + 2);
  w.pairs = from.take<uint8_t>(pixels / 2 + 1);
  w.lows = from.take<uint8_t>(pixels);
  w.residuals = from.take<int16_t>(width + 2 * kResidualChunk + kPadding);
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
  if (!in.ok || type == static_cast<uint32_t>(MaskType::NoneValid) ||
      type > static_cast<uint32_t>(MaskType::Coded))
    return false;
  if (static_cast<MaskType>(type) == MaskType::AllValid) {
    for (uint32_t i = 0; i < words; ++i) w.mask[i] = ~0U;
    for (uint32_t y = 0; y < job.rows; ++y) w.mask[y * segments + segments - 1] = last_word;
    return true;
  }
  const uint32_t flag_bytes = div_up(words, 2);
  if (!read_section(in, flag_bytes, w.mask_flags, *w.huffman, kernels)) return false;
  if ((words & 1) != 0 && w.mask_flags[flag_bytes - 1] > 15) return false;
  uint32_t count = 0;
  for (uint32_t i = 0; i < flag_bytes; ++i) count += popcount32(w.mask_flags[i]);
  if (!read_section(in, count, w.mask_bytes, *w.huffman, kernels)) return false;
  kernels.expand_mask({w.mask_flags, w.mask_bytes, segments, words, w.mask});
  for (uint32_t y = 0; y < job.rows; ++y)
    if ((w.mask[y * segments + segments - 1] & ~last_word) != 0) return false;
  return true;
}

/// Reads the modes of the occupied segments into w.modes.
bool read_modes(ByteCursor& in, uint32_t occupied, BandWorkspace& w,
                const DecodeKernels& kernels) noexcept {
  const uint32_t bytes = div_up(occupied, kModesPerByte);
  if (!read_section(in, bytes, w.pairs, *w.huffman, kernels)) return false;
  uint32_t bad = 0;
  uint8_t* out = w.modes;
  for (uint32_t i = 0; i < bytes; ++i, out += kModesPerByte) {
    const uint32_t four = w.pairs[i];
    bad |= four & four >> 1 & 0x55;
    store32(out, (four & 3) | (four & 12) << 6 | (four & 48) << 12 | (four & 192) << 18);
  }
  for (uint32_t i = occupied; i < bytes * kModesPerByte; ++i) bad |= w.modes[i];
  return bad == 0;
}

/// The residuals of a band, unpacked as they are needed.
class Residuals {
 public:
  Residuals(uint32_t count, BandWorkspace& w, const DecodeKernels& kernels) noexcept
      : left_(count), w_(w), kernels_(kernels) {}

  /// Reads what lies before the first residual. False when that is impossible.
  bool open_paired(ByteCursor& in) noexcept {
    paired_.shift = in.u8();
    if (!in.ok || (paired_.shift > 2 && paired_.shift != 4 && paired_.shift != 8)) return false;
    if (!read_section(in, div_up(left_, 2), w_.pairs, *w_.huffman, kernels_)) return false;
    const size_t low_bytes = (size_t{left_} * paired_.shift + 7) / 8;
    const uint8_t* lows = in.take(low_bytes);
    if (!in.ok) return false;
    __builtin_memcpy(w_.lows, lows, low_bytes);
    const uint32_t escapes = in.varint();
    paired_.escapes = in.take(escapes);
    if (!in.ok) return false;
    paired_.escapes_end = paired_.escapes + escapes;
    size_t wide = 0;
    for (const uint8_t* e = paired_.escapes; e != paired_.escapes_end; ++e) wide += *e == 255;
    paired_.wide = in.take(wide * 2);
    paired_.pairs = w_.pairs;
    paired_.lows = w_.lows;
    return in.ok && ((left_ & 1) == 0 || w_.pairs[left_ / 2] >> 4 == kNibbleBias);
  }
  bool open_packed(ByteCursor& in) noexcept {
    is_packed_ = true;
    const uint32_t groups = div_up(left_, kPackGroup);
    const uint32_t width_bytes = div_up(groups, 2);
    const uint8_t* widths = in.take(width_bytes);
    const uint32_t data_bytes = in.varint();
    packed_.data = in.take(data_bytes);
    if (!in.ok) return false;
    __builtin_memcpy(w_.widths, widths, width_bytes);
    w_.widths[width_bytes] = w_.widths[width_bytes + 1] = 0;
    packed_.widths = w_.widths;
    packed_.end = packed_.data + data_bytes;
    return (groups & 1) == 0 || w_.widths[groups >> 1] <= 15;
  }

  /// The next `count` residuals, in memory that ends kPadding later; null when there are not so
  /// many. `count` is at most a row's.
  const int16_t* take(uint32_t count) noexcept {
    while (end_ - begin_ < count) {
      if (!unpack_more()) return nullptr;
    }
    const int16_t* taken = w_.residuals + begin_;
    begin_ += count;
    return taken;
  }

  /// Whether all that was announced has been used.
  [[nodiscard]] bool done() const noexcept {
    return left_ == 0 &&
           (is_packed_ ? packed_.data == packed_.end : paired_.escapes == paired_.escapes_end);
  }

 private:
  bool unpack_more() noexcept {
    if (left_ == 0) return false;
    __builtin_memmove(w_.residuals, w_.residuals + begin_, (end_ - begin_) * sizeof *w_.residuals);
    end_ -= begin_;
    begin_ = 0;
    const uint32_t count = left_ < kResidualChunk ? left_ : kResidualChunk;
    int16_t* const out = w_.residuals + end_;
    if (is_packed_) {
      packed_.out = out;
      packed_.groups = div_up(count, kPackGroup);
      packed_.data = kernels_.unpack_groups(packed_);
      if (packed_.data == nullptr) return false;
      packed_.widths += kResidualChunk / (2 * kPackGroup);
    } else {
      paired_.out = out;
      paired_.count = count;
      if (!kernels_.unpack(paired_)) return false;
      paired_.pairs += kResidualChunk / 2;
      paired_.lows += kResidualChunk / 8 * paired_.shift;
    }
    left_ -= count;
    end_ += count;
    return true;
  }

  uint32_t left_;  ///< still packed
  BandWorkspace& w_;
  const DecodeKernels& kernels_;
  bool is_packed_ = false;
  UnpackJob paired_{};
  UnpackGroups packed_{};
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
};

/// Puts the codes that have no rank into a band's pixels, row by row.
class Patches {
 public:
  /// Reads the first one. The cursor has the patches up to its end.
  explicit Patches(ByteCursor& in) : in_(in), left_(in.varint()) { read_next(); }

  void apply(uint32_t first, uint32_t width, uint16_t* pixels) noexcept {
    while (next_ - first < width) {
      pixels[next_ - first] = code_;
      read_next();
    }
  }
  /// Whether all of them have found their pixel.
  [[nodiscard]] bool done() const noexcept { return left_ == 0 && in_.ok && next_ == kNone; }

 private:
  static constexpr uint32_t kNone = ~0U;

  void read_next() noexcept {
    if (!in_.ok || left_ == 0) {
      next_ = kNone;
      return;
    }
    const uint64_t next = uint64_t{started_ ? next_ + 1 : 0} + in_.varint();
    started_ = true;
    const uint8_t* code = in_.take(2);
    if (code == nullptr || next >= kMaxPixels) {
      in_.ok = false;
      next_ = kNone;
      return;
    }
    --left_;
    next_ = static_cast<uint32_t>(next);
    code_ = static_cast<uint16_t>(load16(code));
  }

  ByteCursor& in_;
  uint32_t left_;
  uint32_t next_ = 0;
  uint16_t code_ = 0;
  bool started_ = false;
};

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
  // Such a band ends here, and feeds nothing to the checksum.
  if (in.left() != 0 && *in.next == static_cast<uint8_t>(MaskType::NoneValid)) {
    in.take(1);
    const size_t row_bytes = size_t{job.width} * 2;
    if (job.stride_bytes == row_bytes) {
      __builtin_memset(job.pixels, 0, row_bytes * job.rows);
      return STRATA_OK;
    }
    for (uint32_t y = 0; y < job.rows; ++y)
      __builtin_memset(job.pixels + y * job.stride_bytes, 0, row_bytes);
    return STRATA_OK;
  }
  if (!read_mask(in, job, w, kernels)) return STRATA_CORRUPT;
  const MaskCount count = kernels.count_mask(w.mask, segments * job.rows);
  const uint32_t type = in.u8();
  if (!in.ok || type > static_cast<uint32_t>(ResidualType::PairedWithModes)) return STRATA_CORRUPT;
  const bool modes = static_cast<ResidualType>(type) == ResidualType::PairedWithModes;
  if (modes && !read_modes(in, count.occupied, w, kernels)) return STRATA_CORRUPT;
  Residuals residuals(count.valid, w, kernels);
  const bool packed = static_cast<ResidualType>(type) == ResidualType::Packed;
  if (!(packed ? residuals.open_packed(in) : residuals.open_paired(in))) return STRATA_CORRUPT;
  Patches patches(in);
  uint16_t* up = w.rows + kRowMargin;
  uint16_t* row = up + row_stride(job.width);
  __builtin_memset(w.rows, 0, 2 * row_stride(job.width) * sizeof *w.rows);
  const uint8_t* next_mode = modes ? w.modes : nullptr;
  // Rows of whole segments need no copy, unless they lie at odd addresses.
  const bool direct = job.width % kSegmentPixels == 0 &&
                      ((reinterpret_cast<uintptr_t>(job.pixels) | job.stride_bytes) & 1) == 0;
  for (uint32_t y = 0; y < job.rows; ++y) {
    uint8_t* pixels = job.pixels + y * job.stride_bytes;
    uint16_t* const out = direct ? reinterpret_cast<uint16_t*>(pixels) : w.pixel_row;
    const uint32_t* mask = w.mask + size_t{y} * segments;
    const int16_t* next = residuals.take(kernels.count_mask(mask, segments).valid);
    if (next == nullptr) return STRATA_CORRUPT;
    next_mode = kernels.restore_row({up, row, mask, segments, next_mode, next, job.table, out});
    patches.apply(y * job.width, job.width, out);
    kernels.hash_row(hash, out, job.width);
    if (!direct) __builtin_memcpy(pixels, out, size_t{job.width} * 2);
    pad_row(row, job.width);
    uint16_t* const above = up;
    up = row;
    row = above;
  }
  if (!patches.done() || !residuals.done()) return STRATA_CORRUPT;
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
  if (header.profile > STRATA_DENSE) return STRATA_UNSUPPORTED;
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
    if (width == kWideGroup) width = 16;
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
