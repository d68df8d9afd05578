#include "codec/raw/raw_codec.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace lenswire::codec {
namespace {

std::vector<std::byte> counting(std::size_t count) {
  std::vector<std::byte> data(count);
  for (std::size_t i = 0; i < count; ++i) data[i] = static_cast<std::byte>(i * 7 & 0xff);
  return data;
}

}  // namespace

TEST(RawCodec, DropsTheRowsPadding) {
  const auto encoder = raw_codec().make_encoder(EncoderSettings{});
  for (const auto format : {PixelFormat::Z16, PixelFormat::RGB8, PixelFormat::YUYV,
                            PixelFormat::NV12, PixelFormat::XYZ32F}) {
    SCOPED_TRACE(to_string(format));
    const std::uint32_t row = packed_stride(format, 5);
    const std::uint32_t stride = row + 9;
    const auto padded = counting(frame_bytes(format, stride, 3));
    std::vector<std::byte> out;
    ASSERT_TRUE(encoder->encode({format, 5, 3, stride, padded}, out));

    frame::Image back;
    back.format = format;
    back.width = 5;
    back.height = 3;
    ASSERT_TRUE(raw_codec().make_decoder()->decode(out, back));
    EXPECT_EQ(back.stride_bytes, row);
    const std::size_t rows = padded.size() / stride;
    ASSERT_EQ(back.data.size(), rows * row);
    for (std::size_t y = 0; y < rows; ++y)
      for (std::size_t x = 0; x < row; ++x)
        ASSERT_EQ(back.data[y * row + x], padded[y * stride + x]) << y << ' ' << x;
  }
}

TEST(RawCodec, PassesCompressedPictures) {
  const auto data = counting(50);
  std::vector<std::byte> out;
  ASSERT_TRUE(raw_codec()
                  .make_encoder(EncoderSettings{})
                  ->encode({PixelFormat::MJPEG, 640, 480, 0, data}, out));
  EXPECT_EQ(out, data);
}

TEST(RawCodec, RefusesAWrongLength) {
  const auto decoder = raw_codec().make_decoder();
  frame::Image image;
  image.width = 4;
  image.height = 4;
  const auto data = counting(33);
  const std::span<const std::byte> all(data);
  EXPECT_EQ(decoder->decode(all.first(31), image).error().code, ErrorCode::Truncated);
  EXPECT_TRUE(decoder->decode(all.first(32), image));
  EXPECT_EQ(decoder->decode(all, image).error().code, ErrorCode::InvalidArgument);
}

TEST(RawCodec, RefusesSizesBeyondTheLimitsBeforeAllocating) {
  const auto decoder = raw_codec().make_decoder();
  const auto data = counting(8);
  for (const auto& [width, height] :
       {std::pair{0x80000001U, 1U}, std::pair{65535U, 65535U}, std::pair{0U, 4U}}) {
    frame::Image image;
    image.width = width;
    image.height = height;
    const auto decoded = decoder->decode(data, image);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, ErrorCode::InvalidArgument);
    EXPECT_TRUE(image.data.empty());
  }
}

}  // namespace lenswire::codec
