#include "codec/png/png_codec.hpp"

#include "codec/png/png_reader.hpp"
#include "codec/png/png_writer.hpp"

namespace lenswire::codec {
namespace {

class PngEncoder : public Encoder {
 public:
  Result<void> encode(const frame::ImageView& image, std::vector<std::byte>& out) override {
    return writer_.write(image, out);
  }

 private:
  PngWriter writer_;
};

class PngDecoder : public Decoder {
 public:
  Result<void> decode(std::span<const std::byte> data, frame::Image& image) override {
    const auto header = read_png_header(data);
    if (!header) return fail(header.error());
    if (header->width != image.width || header->height != image.height)
      return fail(ErrorCode::InvalidArgument, "the PNG has another size than the frame announced");
    return read_png_pixels(data, image);
  }
};

}  // namespace

CodecEntry png_codec() noexcept {
  return {CodecId::Png,
          "png",
          "image/png",
          true,
          png_accepts,
          [](const EncoderSettings&) -> std::unique_ptr<Encoder> {
            return std::make_unique<PngEncoder>();
          },
          []() -> std::unique_ptr<Decoder> { return std::make_unique<PngDecoder>(); }};
}

}  // namespace lenswire::codec
