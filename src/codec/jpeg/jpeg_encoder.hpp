// jpeg_encoder.hpp - pixels to baseline JPEG, 4:2:0.
#pragma once

#include <memory>

#include "codec/codec.hpp"

namespace lenswire::codec {

[[nodiscard]] bool jpeg_accepts(PixelFormat format) noexcept;

/// Encodes YUYV, UYVY, NV12, RGB8 and BGR8 as 4:2:0 and Y8 as grey. YUYV and NV12 samples go into
/// the JPEG as they are, never through RGB: JPEG means full range BT.601, so a camera's limited
/// range stays visible as a softer contrast.
///
/// MJPEG and JPEG pass unchanged, whatever the quality setting, except that a baseline picture
/// without Huffman tables gets the standard ones.
///
/// Threading: reentrant.
class JpegEncoder : public Encoder {
 public:
  explicit JpegEncoder(const EncoderSettings& settings);
  ~JpegEncoder() override;

  Result<void> encode(const frame::ImageView& image, std::vector<std::byte>& out) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lenswire::codec
