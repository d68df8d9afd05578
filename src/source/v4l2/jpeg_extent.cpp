#include "source/v4l2/jpeg_extent.hpp"

#include <cstring>

#include "base/byte_reader.hpp"

namespace lenswire::source::v4l2 {
namespace {

constexpr std::uint8_t kPrefix = 0xFF;
constexpr std::uint8_t kStartOfImage = 0xD8;
constexpr std::uint8_t kEndOfImage = 0xD9;
constexpr std::uint8_t kStartOfScan = 0xDA;

constexpr bool is_restart(std::uint8_t marker) { return marker >= 0xD0 && marker <= 0xD7; }

// SOF0 to SOF15 without DHT, JPG and DAC, which share their range.
constexpr bool is_frame_header(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// The next marker, fill bytes skipped; 0 where there is none.
std::uint8_t next_marker(base::ByteReader& reader) noexcept {
  if (reader.u8() != kPrefix) return 0;
  std::uint8_t marker = kPrefix;
  while (reader.ok() && marker == kPrefix) marker = reader.u8();
  return marker;
}

// From inside entropy-coded data to its next marker; 0 where there is none.
std::uint8_t skip_scan(std::span<const std::byte> data, base::ByteReader& reader) noexcept {
  while (reader.ok() && reader.remaining() > 1) {
    const auto* start = data.data() + reader.position();
    const auto* prefix =
        static_cast<const std::byte*>(std::memchr(start, kPrefix, reader.remaining() - 1));
    if (prefix == nullptr) return 0;
    reader.skip(static_cast<std::uint64_t>(prefix - start) + 1);
    const auto marker = static_cast<std::uint8_t>(data[reader.position()]);
    if (marker == kPrefix) continue;  // a fill byte
    reader.skip(1);
    if (marker != 0 && !is_restart(marker)) return marker;
  }
  return 0;
}

}  // namespace

std::optional<std::size_t> jpeg_extent(std::span<const std::byte> data, std::uint32_t width,
                                       std::uint32_t height) noexcept {
  base::ByteReader reader(data);
  if (reader.u8() != kPrefix || reader.u8() != kStartOfImage) return std::nullopt;
  bool sized = false;
  auto marker = next_marker(reader);
  while (reader.ok() && marker > 0x01) {
    if (marker == kEndOfImage) {
      if (!sized) return std::nullopt;
      return reader.position();
    }
    if (marker == kStartOfImage || is_restart(marker)) return std::nullopt;
    const auto length = reader.big<std::uint16_t>();
    if (length < 2) return std::nullopt;
    base::ByteReader segment(reader.bytes(length - 2U));
    if (!reader.ok()) return std::nullopt;
    if (is_frame_header(marker)) {
      segment.skip(1);  // sample precision
      const auto lines = segment.big<std::uint16_t>();
      const auto columns = segment.big<std::uint16_t>();
      if (!segment.ok() || columns != width || lines != height) return std::nullopt;
      sized = true;
    }
    marker = marker == kStartOfScan ? skip_scan(data, reader) : next_marker(reader);
  }
  return std::nullopt;
}

}  // namespace lenswire::source::v4l2
