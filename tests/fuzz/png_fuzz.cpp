#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "codec/png/png_reader.hpp"

using lenswire::PixelFormat;

// Whatever the bytes are, decoding ends, and a picture that it accepts is complete.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto header = lenswire::codec::read_png_header(bytes);
  if (!header) return 0;
  lenswire::frame::Image image;
  for (const auto format : {header->natural_format, PixelFormat::Y16, PixelFormat::BGR8}) {
    image.format = format;
    if (lenswire::codec::read_png_pixels(bytes, image) && !image.view().complete()) std::abort();
  }
  return 0;
}
