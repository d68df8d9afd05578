#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "codec/jpeg/jpeg_decoder.hpp"
#include "codec/jpeg/jpeg_encoder.hpp"
#include "codec/jpeg/jpeg_scan.hpp"

namespace codec = lenswire::codec;
using lenswire::PixelFormat;

// The scanner's offsets lie in the data, passing on only inserts, and what decodes is complete. One
// decoder for all inputs, so that a bad picture may not spoil the next.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static codec::JpegDecoder decoder;
  static codec::JpegEncoder encoder({});
  const auto bytes = std::as_bytes(std::span(data, size));

  const auto summary = codec::scan_jpeg(bytes);
  if (summary &&
      (summary->first_scan >= size || summary->end > size || summary->scans > codec::kMaxJpegScans))
    std::abort();

  std::vector<std::byte> passed;
  const lenswire::frame::ImageView view{PixelFormat::MJPEG, 16, 16, 0, bytes};
  if (encoder.encode(view, passed)) {
    if (passed.size() < size) std::abort();
    if (summary && !codec::scan_jpeg(passed)) std::abort();
  }

  // Larger pictures only cost the fuzzer time; the limits have their own tests.
  if (!summary || std::uint64_t{summary->width} * summary->height > 1U << 20) return 0;
  lenswire::frame::Image image;
  image.format = PixelFormat::MJPEG;
  if (decoder.decode(bytes, image) && !image.view().complete()) std::abort();
  return 0;
}
