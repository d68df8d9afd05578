#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "codec/png/png_reader.hpp"

using lenswire::PixelFormat;

namespace {

std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const auto byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

// Makes every chunk's checksum right, so that changed bytes get past it.
void mend(std::vector<std::uint8_t>& png) {
  std::size_t at = 8;
  while (at + 12 <= png.size()) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | png[at + i];
    if (length > png.size() - at - 12) return;
    const std::uint32_t crc = crc32(std::span(png).subspan(at + 4, length + 4));
    for (std::size_t i = 0; i < 4; ++i)
      png[at + 8 + length + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
    at += 12 + length;
  }
}

}  // namespace

// Whatever the bytes are, decoding ends, and a picture that it accepts is complete.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> png(data, data + size);
  mend(png);
  const auto bytes = std::as_bytes(std::span(png));
  const auto header = lenswire::codec::read_png_header(bytes);
  if (!header) return 0;
  lenswire::frame::Image image;
  for (const auto format : {header->natural_format, PixelFormat::Y16, PixelFormat::BGR8}) {
    image.format = format;
    if (lenswire::codec::read_png_pixels(bytes, image) && !image.view().complete()) std::abort();
  }
  return 0;
}
