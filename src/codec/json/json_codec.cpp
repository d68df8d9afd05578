#include "codec/json/json_codec.hpp"

#include "codec/json/skeleton_json.hpp"

namespace lenswire::codec {
namespace {

bool accepts(PixelFormat format) noexcept { return format == PixelFormat::Skeleton; }

class JsonEncoder final : public Encoder {
 public:
  Result<void> encode(const frame::ImageView& image, std::vector<std::byte>& out) override {
    if (!accepts(image.format)) return fail(ErrorCode::Unsupported, "json takes skeletons only");
    if (auto read = decode_skeleton(image.data, skeleton_); !read) return read;
    skeleton_to_json(skeleton_, out);
    return {};
  }

 private:
  Skeleton skeleton_;
};

class JsonDecoder final : public Decoder {
 public:
  Result<void> decode(std::span<const std::byte> data, frame::Image& image) override {
    if (!accepts(image.format)) return fail(ErrorCode::Unsupported, "json holds skeletons only");
    if (auto read = skeleton_from_json(data, skeleton_); !read) return read;
    encode_skeleton(skeleton_, image.data);
    image.stride_bytes = 0;
    return {};
  }

 private:
  Skeleton skeleton_;
};

}  // namespace

CodecEntry json_codec() noexcept {
  return {CodecId::Json,
          "json",
          "application/json",
          true,
          &accepts,
          [](const EncoderSettings&) -> std::unique_ptr<Encoder> {
            return std::make_unique<JsonEncoder>();
          },
          []() -> std::unique_ptr<Decoder> { return std::make_unique<JsonDecoder>(); }};
}

}  // namespace lenswire::codec
