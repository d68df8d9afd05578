#include "codec/rvl/rvl_codec.hpp"

#include <cstring>

#include "codec/rvl/rvl.hpp"

namespace lenswire::codec {
namespace {

bool accepts(PixelFormat format) noexcept {
  return format == PixelFormat::Z16 || format == PixelFormat::Y16;
}

class RvlEncoder final : public Encoder {
 public:
  Result<void> encode(const frame::ImageView& image, std::vector<std::byte>& out) override {
    if (!accepts(image.format))
      return fail(ErrorCode::Unsupported, "rvl takes z16 and y16 images only");
    if (!image.complete())
      return fail(ErrorCode::InvalidArgument, "the image's data are shorter than its size says");
    const std::size_t row_bytes = packed_stride(image.format, image.width);
    pixels_.resize(std::size_t{image.width} * image.height);
    auto* to = reinterpret_cast<std::byte*>(pixels_.data());
    for (std::uint32_t y = 0; y < image.height; ++y)
      std::memcpy(to + y * row_bytes, image.data.data() + std::size_t{y} * image.stride_bytes,
                  row_bytes);
    out.resize(rvl_max_bytes(pixels_.size()));
    const Result<std::size_t> size = rvl_encode(pixels_, out);
    if (!size) return fail(size.error());
    out.resize(*size);
    return {};
  }

 private:
  std::vector<std::uint16_t> pixels_;
};

class RvlDecoder final : public Decoder {
 public:
  Result<void> decode(std::span<const std::byte> data, frame::Image& image) override {
    if (!accepts(image.format))
      return fail(ErrorCode::Unsupported, "rvl holds z16 and y16 images only");
    if (frame_bytes(image.format, packed_stride(image.format, image.width), image.height) >
        kMaxFrameBytes)
      return fail(ErrorCode::Unsupported, "the image is larger than any frame may be");
    image.reshape(image.format, image.width, image.height);
    pixels_.resize(image.data.size() / 2);
    if (const Result<void> result = rvl_decode(data, pixels_); !result) return fail(result.error());
    std::memcpy(image.data.data(), pixels_.data(), image.data.size());
    return {};
  }

 private:
  std::vector<std::uint16_t> pixels_;
};

}  // namespace

CodecEntry rvl_codec() noexcept {
  return {CodecId::Rvl,
          "rvl",
          "application/vnd.lenswire.rvl",
          true,
          &accepts,
          [](const EncoderSettings&) -> std::unique_ptr<Encoder> {
            return std::make_unique<RvlEncoder>();
          },
          []() -> std::unique_ptr<Decoder> { return std::make_unique<RvlDecoder>(); }};
}

}  // namespace lenswire::codec
