#include "codec/rvl/rvl.hpp"

#include <bit>
#include <cstring>

namespace lenswire::codec {
namespace {

static_assert(std::endian::native == std::endian::little);

class NibbleWriter {
 public:
  explicit NibbleWriter(std::byte* out) noexcept : begin_(out), out_(out) {}

  void put(std::uint32_t value) noexcept {
    do {
      std::uint32_t nibble = value & 7;
      value >>= 3;
      if (value != 0) nibble |= 8;
      word_ = word_ << 4 | nibble;
      if (++filled_ == 8) flush();
    } while (value != 0);
  }

  std::size_t finish() noexcept {
    if (filled_ != 0) {
      word_ <<= 4 * (8 - filled_);
      flush();
    }
    return static_cast<std::size_t>(out_ - begin_);
  }

 private:
  void flush() noexcept {
    std::memcpy(out_, &word_, sizeof word_);
    out_ += sizeof word_;
    filled_ = 0;
    word_ = 0;
  }

  std::byte* begin_;
  std::byte* out_;
  std::uint32_t word_ = 0;
  int filled_ = 0;
};

class NibbleReader {
 public:
  explicit NibbleReader(std::span<const std::byte> data) noexcept
      : next_(data.data()), end_(data.data() + data.size() / 4 * 4) {}

  /// False at the end of the data. A value of more than 11 groups can't come from an encoder; its
  /// upper bits are dropped.
  bool get(std::uint32_t& value) noexcept {
    value = 0;
    std::uint32_t nibble = 8;
    for (unsigned shift = 0; (nibble & 8) != 0; shift += 3) {
      if (left_ == 0) {
        if (next_ == end_) return false;
        std::memcpy(&word_, next_, sizeof word_);
        next_ += sizeof word_;
        left_ = 8;
      }
      nibble = word_ >> 28;
      word_ <<= 4;
      --left_;
      if (shift < 32) value |= (nibble & 7) << shift;
    }
    return true;
  }

 private:
  const std::byte* next_;
  const std::byte* end_;
  std::uint32_t word_ = 0;
  int left_ = 0;
};

Error truncated() { return {ErrorCode::Truncated, "RVL data end before the image is full"}; }
Error overlong() { return {ErrorCode::InvalidArgument, "RVL run goes past the end of the image"}; }

}  // namespace

std::size_t rvl_max_bytes(std::size_t pixel_count) noexcept {
  // The worst pixel: alone between zeros, 6 groups for its difference and 2 for its runs.
  return pixel_count * 4 + 32;
}

Result<std::size_t> rvl_encode(std::span<const std::uint16_t> depth, std::span<std::byte> out) {
  if (out.size() < rvl_max_bytes(depth.size()))
    return fail(ErrorCode::InvalidArgument, "the output for RVL is smaller than rvl_max_bytes()");
  NibbleWriter writer(out.data());
  const std::uint16_t* next = depth.data();
  const std::uint16_t* const end = next + depth.size();
  int previous = 0;
  while (next != end) {
    const std::uint16_t* start = next;
    while (next != end && *next == 0) ++next;
    writer.put(static_cast<std::uint32_t>(next - start));
    start = next;
    while (next != end && *next != 0) ++next;
    writer.put(static_cast<std::uint32_t>(next - start));
    for (; start != next; ++start) {
      // The published program takes signed 16-bit pixels; only so are the bytes the same.
      const auto value = static_cast<std::int16_t>(*start);
      const int delta = value - previous;
      previous = value;
      writer.put(static_cast<std::uint32_t>(delta * 2) ^ static_cast<std::uint32_t>(delta >> 31));
    }
  }
  return writer.finish();
}

Result<void> rvl_decode(std::span<const std::byte> data, std::span<std::uint16_t> depth) {
  NibbleReader reader(data);
  std::uint16_t* next = depth.data();
  std::size_t left = depth.size();
  std::uint32_t previous = 0;
  while (left > 0) {
    std::uint32_t zeros = 0;
    std::uint32_t values = 0;
    if (!reader.get(zeros)) return fail(truncated());
    if (zeros > left) return fail(overlong());
    std::memset(next, 0, std::size_t{zeros} * sizeof *next);
    next += zeros;
    left -= zeros;
    if (!reader.get(values)) return fail(truncated());
    if (values > left) return fail(overlong());
    left -= values;
    for (; values > 0; --values) {
      std::uint32_t positive = 0;
      if (!reader.get(positive)) return fail(truncated());
      previous += (positive >> 1) ^ (0U - (positive & 1));
      *next++ = static_cast<std::uint16_t>(previous);
    }
  }
  return {};
}

}  // namespace lenswire::codec
