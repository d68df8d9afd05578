#include <gtest/gtest.h>

#include <algorithm>

#include "codec/codec.hpp"

namespace lenswire::codec {

TEST(CodecTable, FindsEveryCodecByNameAndNumber) {
  ASSERT_GE(codec_table().size(), 3U);
  for (const auto& entry : codec_table()) {
    EXPECT_EQ(find_codec(entry.id), &entry);
    EXPECT_EQ(find_codec(entry.name), &entry);
    EXPECT_FALSE(entry.content_type.empty());
    EXPECT_NE(entry.make_encoder(EncoderSettings{}), nullptr);
    EXPECT_NE(entry.make_decoder(), nullptr);
  }
  EXPECT_EQ(find_codec("h264"), nullptr);
  EXPECT_EQ(find_codec(static_cast<CodecId>(200)), nullptr);
}

TEST(CodecTable, OnlyJpegLosesSomething) {
  for (const auto& entry : codec_table()) EXPECT_EQ(entry.exact, entry.id != CodecId::Jpeg);
}

// Wherever an exact codec takes depth, every code must come back, the extreme ones too.
TEST(CodecTable, ExactCodecsReturnEveryDepthCode) {
  frame::Image image;
  image.reshape(PixelFormat::Z16, 256, 256);
  for (std::size_t i = 0; i < 65536; ++i) {
    image.data[2 * i] = static_cast<std::byte>(i & 0xff);
    image.data[2 * i + 1] = static_cast<std::byte>(i >> 8);
  }
  for (const auto& entry : codec_table()) {
    if (!entry.exact || !entry.accepts(PixelFormat::Z16)) continue;
    SCOPED_TRACE(entry.name);
    std::vector<std::byte> bytes;
    const auto encoder = entry.make_encoder(EncoderSettings{});
    ASSERT_TRUE(encoder->encode(image.view(), bytes));
    frame::Image back;
    back.width = back.height = 256;
    const auto decoder = entry.make_decoder();
    ASSERT_TRUE(decoder->decode(bytes, back));
    EXPECT_TRUE(std::ranges::equal(back.data, image.data));
    EXPECT_EQ(back.stride_bytes, 512U);
  }
}

TEST(CodecTable, EncodersRefusePicturesThatAreTooShort) {
  const std::vector<std::byte> data(100);
  for (const auto& entry : codec_table()) {
    for (const auto format : {PixelFormat::Z16, PixelFormat::RGB8, PixelFormat::YUYV}) {
      if (!entry.accepts(format)) continue;
      SCOPED_TRACE(entry.name);
      std::vector<std::byte> bytes;
      const frame::ImageView view{format, 16, 16, packed_stride(format, 16), data};
      const auto encoded = entry.make_encoder(EncoderSettings{})->encode(view, bytes);
      ASSERT_FALSE(encoded);
      EXPECT_EQ(encoded.error().code, ErrorCode::InvalidArgument);
    }
  }
}

}  // namespace lenswire::codec
