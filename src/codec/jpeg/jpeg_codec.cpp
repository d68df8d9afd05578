#include "codec/jpeg/jpeg_codec.hpp"

#include "codec/jpeg/jpeg_decoder.hpp"
#include "codec/jpeg/jpeg_encoder.hpp"

namespace lenswire::codec {

CodecEntry jpeg_codec() noexcept {
  return {CodecId::Jpeg,
          "jpeg",
          "image/jpeg",
          false,
          jpeg_accepts,
          [](const EncoderSettings& settings) -> std::unique_ptr<Encoder> {
            return std::make_unique<JpegEncoder>(settings);
          },
          []() -> std::unique_ptr<Decoder> { return std::make_unique<JpegDecoder>(); }};
}

}  // namespace lenswire::codec
