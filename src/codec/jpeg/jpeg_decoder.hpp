// jpeg_decoder.hpp - JPEG to grey or RGB pixels.
#pragma once

#include <cstdint>
#include <memory>

#include "codec/codec.hpp"

namespace lenswire::codec {

/// Decodes baseline and progressive JPEG and MJPEG (missing Huffman tables are the standard ones)
/// to Y8, RGB8 or BGR8. With a format of JPEG or MJPEG the picture chooses between Y8 and RGB8, and
/// a width and height of 0 mean "whatever it has".
///
/// The markers are scanned first (jpeg_scan.hpp); libjpeg's memory is capped. Its warnings are
/// counted, and are no error as long as no part of the picture is missing.
///
/// Threading: reentrant.
class JpegDecoder : public Decoder {
 public:
  JpegDecoder();
  ~JpegDecoder() override;

  Result<void> decode(std::span<const std::byte> data, frame::Image& image) override;

  /// libjpeg's warnings so far.
  [[nodiscard]] std::uint64_t warnings() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lenswire::codec
