// A camera's MJPEG buffer: four bytes of expected size, then the buffer.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/byte_reader.hpp"
#include "source/v4l2/jpeg_extent.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using lenswire::source::v4l2::jpeg_extent;
  lenswire::base::ByteReader reader(std::as_bytes(std::span(data, size)));
  const std::uint32_t width = reader.u16();
  const std::uint32_t height = reader.u16();
  const auto buffer = reader.bytes(reader.remaining());
  const auto extent = jpeg_extent(buffer, width, height);
  // What is cut off behind the end changes nothing, and nothing within can be cut off.
  if (extent &&
      (*extent > buffer.size() || jpeg_extent(buffer.first(*extent), width, height) != extent ||
       jpeg_extent(buffer.first(*extent - 1), width, height)))
    std::abort();
  return 0;
}
