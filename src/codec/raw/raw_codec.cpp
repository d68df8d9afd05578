#include "codec/raw/raw_codec.hpp"

#include <cstring>
#include <memory>

#include "codec/limits.hpp"

namespace lenswire::codec {
namespace {

class RawEncoder : public Encoder {
 public:
  Result<void> encode(const frame::ImageView& image, std::vector<std::byte>& out) override {
    if (!image.complete())
      return fail(ErrorCode::InvalidArgument, "raw: the picture has less data than its size needs");
    const std::uint32_t row_bytes = packed_stride(image.format, image.width);
    if (!has_fixed_size(image.format)) {
      out.assign(image.data.begin(), image.data.end());
      return {};
    }
    const std::size_t total = frame_bytes(image.format, row_bytes, image.height);
    if (image.stride_bytes == row_bytes) {
      out.assign(image.data.begin(), image.data.begin() + static_cast<std::ptrdiff_t>(total));
      return {};
    }
    out.resize(total);
    for (std::size_t row = 0; row < total / row_bytes; ++row)
      std::memcpy(out.data() + row * row_bytes, image.data.data() + row * image.stride_bytes,
                  row_bytes);
    return {};
  }
};

class RawDecoder : public Decoder {
 public:
  Result<void> decode(std::span<const std::byte> data, frame::Image& image) override {
    if (data.size() > kMaxFrameBytes)
      return fail(ErrorCode::InvalidArgument, "raw: more bytes than a frame may have");
    if (!has_fixed_size(image.format)) {
      if (data.empty()) return fail(ErrorCode::Truncated, "raw: an empty picture");
      image.stride_bytes = 0;
      image.data.assign(data.begin(), data.end());
      return {};
    }
    if (!size_allowed(image.width, image.height))
      return fail(ErrorCode::InvalidArgument, "raw: a picture size beyond the limits");
    const std::uint32_t row_bytes = packed_stride(image.format, image.width);
    if (row_bytes == 0) return fail(ErrorCode::Unsupported, "raw: unknown pixel format");
    const std::size_t expected = frame_bytes(image.format, row_bytes, image.height);
    if (data.size() < expected)
      return fail(ErrorCode::Truncated, "raw: fewer bytes than the picture's size needs");
    if (data.size() > expected)
      return fail(ErrorCode::InvalidArgument, "raw: more bytes than the picture's size needs");
    image.stride_bytes = row_bytes;
    image.data.assign(data.begin(), data.end());
    return {};
  }
};

}  // namespace

CodecEntry raw_codec() noexcept {
  return {CodecId::Raw,
          "raw",
          "application/octet-stream",
          true,
          [](PixelFormat) noexcept { return true; },
          [](const EncoderSettings&) -> std::unique_ptr<Encoder> {
            return std::make_unique<RawEncoder>();
          },
          []() -> std::unique_ptr<Decoder> { return std::make_unique<RawDecoder>(); }};
}

}  // namespace lenswire::codec
