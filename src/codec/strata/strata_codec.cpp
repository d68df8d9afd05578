#include "codec/strata/strata_codec.hpp"

#include <string>

#include <lenswire/strata.hpp>

namespace lenswire::codec {
namespace {

bool accepts(PixelFormat format) noexcept {
  return format == PixelFormat::Z16 || format == PixelFormat::Y16;
}

Error error_of(strata_status status) {
  const auto code = [status] {
    switch (status) {
      case STRATA_TRUNCATED:
        return ErrorCode::Truncated;
      case STRATA_UNSUPPORTED:
      case STRATA_TOO_LARGE:
        return ErrorCode::Unsupported;
      case STRATA_OUT_OF_MEMORY:
        return ErrorCode::Busy;
      default:
        return ErrorCode::InvalidArgument;
    }
  }();
  return {code, "strata: " + std::string(to_string(status))};
}

class StrataCodecEncoder final : public Encoder {
 public:
  Result<void> encode(const frame::ImageView& image, std::vector<std::byte>& out) override {
    if (!accepts(image.format))
      return fail(ErrorCode::Unsupported, "strata takes z16 and y16 images only");
    if (!image.complete())
      return fail(ErrorCode::InvalidArgument, "the image's data are shorter than its size says");
    const strata_status status =
        encoder_.encode(image.data.data(), image.stride_bytes, image.width, image.height, out);
    if (status != STRATA_OK) return fail(error_of(status));
    return {};
  }

 private:
  StrataEncoder encoder_;
};

class StrataCodecDecoder final : public Decoder {
 public:
  Result<void> decode(std::span<const std::byte> data, frame::Image& image) override {
    if (!accepts(image.format))
      return fail(ErrorCode::Unsupported, "strata holds z16 and y16 images only");
    strata_info info{};
    strata_status status = strata_read_info(data.data(), data.size(), &info);
    if (status != STRATA_OK) return fail(error_of(status));
    if (info.width != image.width || info.height != image.height)
      return fail(error_of(STRATA_SIZE_MISMATCH));
    if (info.frame_bytes != data.size()) return fail(error_of(STRATA_TRUNCATED));
    image.reshape(image.format, info.width, info.height);
    status = decoder_.decode(data, image.data.data(), image.stride_bytes, info.width, info.height);
    if (status != STRATA_OK) return fail(error_of(status));
    return {};
  }

 private:
  StrataDecoder decoder_;
};

}  // namespace

CodecEntry strata_codec() noexcept {
  return {CodecId::Strata,
          "strata",
          "application/vnd.lenswire.strata",
          true,
          &accepts,
          [](const EncoderSettings&) -> std::unique_ptr<Encoder> {
            return std::make_unique<StrataCodecEncoder>();
          },
          []() -> std::unique_ptr<Decoder> { return std::make_unique<StrataCodecDecoder>(); }};
}

}  // namespace lenswire::codec
