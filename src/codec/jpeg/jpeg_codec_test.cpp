#include "codec/jpeg/jpeg_codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "codec/jpeg/jpeg_decoder.hpp"
#include "codec/jpeg/jpeg_encoder.hpp"
#include "codec/jpeg/jpeg_scan.hpp"
#include "codec/jpeg/jpeg_tables.hpp"

namespace lenswire::codec {
namespace {

using Bytes = std::vector<std::byte>;

// A smooth picture, so that what comes back is close to what went in.
int luma_at(std::uint32_t x, std::uint32_t y) { return static_cast<int>(60 + x % 96 + y % 64); }
constexpr std::uint8_t kU = 110;
constexpr std::uint8_t kV = 160;

frame::Image picture(PixelFormat format, std::uint32_t width, std::uint32_t height,
                     std::uint32_t padding = 0) {
  frame::Image image;
  image.reshape(format, width, height);
  image.stride_bytes += padding;
  image.data.assign(frame_bytes(format, image.stride_bytes, height), std::byte{255});
  for (std::uint32_t y = 0; y < height; ++y) {
    auto* row = reinterpret_cast<std::uint8_t*>(image.data.data()) + y * image.stride_bytes;
    for (std::uint32_t x = 0; x < width; ++x) {
      const auto luma = static_cast<std::uint8_t>(luma_at(x, y));
      if (format == PixelFormat::YUYV) {
        row[2 * x] = luma;
        row[2 * x + 1] = x % 2 == 0 ? kU : kV;
        row[2 * (x | 1) + 1] = kV;
      } else if (format == PixelFormat::UYVY) {
        row[2 * x + 1] = luma;
        row[2 * x] = x % 2 == 0 ? kU : kV;
        row[2 * (x | 1)] = kV;
      } else if (format == PixelFormat::NV12 || format == PixelFormat::Y8) {
        row[x] = luma;
      } else {
        const double u = kU - 128, v = kV - 128;
        const double rgb[3] = {luma + 1.402 * v, luma - 0.344136 * u - 0.714136 * v,
                               luma + 1.772 * u};
        for (std::uint32_t c = 0; c < 3; ++c)
          row[3 * x + (format == PixelFormat::BGR8 ? 2 - c : c)] =
              static_cast<std::uint8_t>(std::clamp(std::lround(rgb[c]), 0L, 255L));
      }
    }
  }
  if (format == PixelFormat::NV12)
    for (std::uint32_t y = 0; y < (height + 1) / 2; ++y)
      for (std::uint32_t x = 0; x < (width + 1) / 2 * 2; ++x)
        image.data[(height + y) * image.stride_bytes + x] =
            static_cast<std::byte>(x % 2 == 0 ? kU : kV);
  return image;
}

Bytes encoded(const frame::Image& image, int quality = 90) {
  Bytes out;
  const auto done = JpegEncoder({quality}).encode(image.view(), out);
  EXPECT_TRUE(done) << done.error().message;
  return out;
}

// A new frame's worth of a JPEG without its Huffman tables, as MJPEG cameras send it.
Bytes without_tables(const Bytes& jpeg) {
  Bytes out(jpeg.begin(), jpeg.begin() + 2);
  std::size_t at = 2;
  while (jpeg[at + 1] != std::byte{0xda}) {
    const std::size_t size = 2 + (std::to_integer<std::size_t>(jpeg[at + 2]) << 8 |
                                  std::to_integer<std::size_t>(jpeg[at + 3]));
    if (jpeg[at + 1] != std::byte{0xc4})
      out.insert(out.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at),
                 jpeg.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
  }
  out.insert(out.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(at), jpeg.end());
  return out;
}

frame::Image announced(PixelFormat format, std::uint32_t width, std::uint32_t height) {
  frame::Image image;
  image.format = format;
  image.width = width;
  image.height = height;
  return image;
}

int worst_difference(const frame::Image& a, const frame::Image& b) {
  EXPECT_EQ(a.data.size(), b.data.size());
  int worst = 0;
  for (std::size_t i = 0; i < std::min(a.data.size(), b.data.size()); ++i)
    worst = std::max(worst,
                     std::abs(std::to_integer<int>(a.data[i]) - std::to_integer<int>(b.data[i])));
  return worst;
}

constexpr PixelFormat kRawFormats[] = {PixelFormat::YUYV, PixelFormat::UYVY, PixelFormat::NV12,
                                       PixelFormat::RGB8, PixelFormat::BGR8, PixelFormat::Y8};

}  // namespace

TEST(JpegCodec, EveryFormatAndSizeComesBackAlike) {
  for (const auto format : kRawFormats) {
    for (const auto& [width, height] :
         {std::pair{1U, 1U}, std::pair{2U, 2U}, std::pair{15U, 17U}, std::pair{16U, 16U},
          std::pair{33U, 31U}, std::pair{160U, 120U}, std::pair{641U, 63U}}) {
      for (const std::uint32_t padding : {0U, 14U}) {
        SCOPED_TRACE(std::string(to_string(format)) + ' ' + std::to_string(width));
        const auto jpeg = encoded(picture(format, width, height, padding), 95);
        auto back = announced(PixelFormat::JPEG, width, height);
        const auto decoded = JpegDecoder().decode(jpeg, back);
        ASSERT_TRUE(decoded) << decoded.error().message;
        const bool grey = format == PixelFormat::Y8;
        ASSERT_EQ(back.format, grey ? PixelFormat::Y8 : PixelFormat::RGB8);
        EXPECT_LE(worst_difference(back, picture(back.format, width, height)), 14);
      }
    }
  }
}

TEST(JpegCodec, YuyvSamplesAreNotTouchedOnTheirWay) {
  // Flat blocks survive quality 100 without any change, so this pins the planes exactly.
  frame::Image image;
  image.reshape(PixelFormat::YUYV, 48, 33);
  for (std::size_t i = 0; i < image.data.size(); i += 4) {
    image.data[i] = image.data[i + 2] = std::byte{77};
    image.data[i + 1] = std::byte{128};
    image.data[i + 3] = std::byte{128};
  }
  auto back = announced(PixelFormat::JPEG, 0, 0);
  ASSERT_TRUE(JpegDecoder().decode(encoded(image, 100), back));
  EXPECT_EQ(back.width, 48U);
  EXPECT_EQ(back.height, 33U);
  EXPECT_TRUE(std::ranges::all_of(back.data, [](std::byte b) { return b == std::byte{77}; }));
}

TEST(JpegCodec, QualityChangesTheSize) {
  const auto image = picture(PixelFormat::YUYV, 320, 240);
  EXPECT_LT(encoded(image, 30).size(), encoded(image, 80).size());
  EXPECT_LT(encoded(image, 80).size(), encoded(image, 98).size());
}

TEST(JpegCodec, OneEncoderTakesChangingPictures) {
  JpegEncoder encoder({90});
  Bytes out;
  for (const auto format : kRawFormats)
    for (const std::uint32_t width : {64U, 31U, 200U}) {
      const auto image = picture(format, width, 50);
      ASSERT_TRUE(encoder.encode(image.view(), out));
      EXPECT_EQ(out, encoded(image));
    }
}

TEST(JpegCodec, GrowsForPicturesThatDoNotCompress) {
  frame::Image image;
  image.reshape(PixelFormat::RGB8, 512, 512);
  unsigned state = 1;
  for (auto& byte : image.data)
    byte = static_cast<std::byte>((state = state * 1664525 + 1013904223) >> 24);
  const auto jpeg = encoded(image, 100);
  EXPECT_GT(jpeg.size(), std::size_t{200} << 10);
  auto back = announced(PixelFormat::RGB8, 512, 512);
  EXPECT_TRUE(JpegDecoder().decode(jpeg, back));
}

TEST(JpegCodec, PassesMjpegAndAddsOnlyTheTables) {
  const auto whole = encoded(picture(PixelFormat::YUYV, 64, 48));
  Bytes out;
  ASSERT_TRUE(JpegEncoder({10}).encode({PixelFormat::MJPEG, 64, 48, 0, whole}, out));
  EXPECT_EQ(out, whole);

  auto bare = without_tables(whole);
  ASSERT_LT(bare.size(), whole.size());
  bare.resize(bare.size() + 5);  // a camera's padding stays
  ASSERT_TRUE(JpegEncoder({10}).encode({PixelFormat::MJPEG, 64, 48, 0, bare}, out));
  const auto tables = standard_huffman_segment();
  ASSERT_EQ(out.size(), bare.size() + tables.size());
  const auto at = std::search(out.begin(), out.end(), tables.begin(), tables.end());
  ASSERT_NE(at, out.end());
  out.erase(at, at + static_cast<std::ptrdiff_t>(tables.size()));
  EXPECT_EQ(out, bare);
}

TEST(JpegCodec, TheTablesAreTheStandardOnes) {
  const auto whole = encoded(picture(PixelFormat::YUYV, 64, 48));
  Bytes mended;
  ASSERT_TRUE(
      JpegEncoder({10}).encode({PixelFormat::MJPEG, 64, 48, 0, without_tables(whole)}, mended));
  auto from_whole = announced(PixelFormat::JPEG, 64, 48);
  auto from_mended = announced(PixelFormat::JPEG, 64, 48);
  auto from_bare = announced(PixelFormat::MJPEG, 64, 48);
  JpegDecoder decoder;
  ASSERT_TRUE(decoder.decode(whole, from_whole));
  ASSERT_TRUE(decoder.decode(mended, from_mended));
  ASSERT_TRUE(decoder.decode(without_tables(whole), from_bare));
  EXPECT_EQ(from_whole.data, from_mended.data);
  EXPECT_EQ(from_whole.data, from_bare.data);
  EXPECT_EQ(decoder.warnings(), 0U);
}

TEST(JpegCodec, DoesNotPassRubbish) {
  const Bytes rubbish(100, std::byte{0x42});
  Bytes out;
  EXPECT_EQ(JpegEncoder({}).encode({PixelFormat::MJPEG, 64, 48, 0, rubbish}, out).error().code,
            ErrorCode::InvalidArgument);
}

TEST(JpegDecoder, RefusesAnotherSizeOrFormat) {
  const auto jpeg = encoded(picture(PixelFormat::YUYV, 64, 48));
  JpegDecoder decoder;
  auto image = announced(PixelFormat::RGB8, 65, 48);
  EXPECT_EQ(decoder.decode(jpeg, image).error().code, ErrorCode::InvalidArgument);
  for (const auto format : {PixelFormat::Y8, PixelFormat::Z16, PixelFormat::YUYV}) {
    image = announced(format, 64, 48);
    EXPECT_EQ(decoder.decode(jpeg, image).error().code, ErrorCode::InvalidArgument);
  }
  auto rgb = announced(PixelFormat::RGB8, 64, 48);
  auto bgr = announced(PixelFormat::BGR8, 64, 48);
  ASSERT_TRUE(decoder.decode(jpeg, rgb));
  ASSERT_TRUE(decoder.decode(jpeg, bgr));
  for (std::size_t i = 0; i < rgb.data.size(); i += 3) {
    ASSERT_EQ(rgb.data[i], bgr.data[i + 2]);
    ASSERT_EQ(rgb.data[i + 1], bgr.data[i + 1]);
  }
}

TEST(JpegDecoder, NoticesEveryCut) {
  const auto jpeg = encoded(picture(PixelFormat::YUYV, 64, 48));
  JpegDecoder decoder;
  for (std::size_t size = 0; size < jpeg.size(); ++size) {
    auto image = announced(PixelFormat::RGB8, 64, 48);
    ASSERT_FALSE(decoder.decode(std::span(jpeg).first(size), image)) << size;
  }
}

TEST(JpegDecoder, NoticesMissingDataBehindAnEoi) {
  auto jpeg = encoded(picture(PixelFormat::YUYV, 64, 48));
  const auto middle = jpeg.begin() + static_cast<std::ptrdiff_t>(jpeg.size() - 60);
  jpeg.erase(middle, jpeg.end() - 2);
  auto image = announced(PixelFormat::RGB8, 64, 48);
  JpegDecoder decoder;
  const auto decoded = decoder.decode(jpeg, image);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::InvalidArgument);
  EXPECT_GT(decoder.warnings(), 0U);
  auto good = announced(PixelFormat::RGB8, 64, 48);
  EXPECT_TRUE(decoder.decode(encoded(picture(PixelFormat::YUYV, 64, 48)), good));
}

TEST(JpegDecoder, CountsHarmlessWarnings) {
  auto jpeg = encoded(picture(PixelFormat::YUYV, 64, 48));
  jpeg.insert(jpeg.end() - 2, 8, std::byte{0});  // bytes between the picture and its EOI
  auto image = announced(PixelFormat::RGB8, 64, 48);
  JpegDecoder decoder;
  EXPECT_TRUE(decoder.decode(jpeg, image));
  EXPECT_GT(decoder.warnings(), 0U);
}

TEST(JpegDecoder, SurvivesEveryFlippedByte) {
  const auto jpeg = encoded(picture(PixelFormat::NV12, 40, 24));
  JpegDecoder decoder;
  for (std::size_t at = 0; at < jpeg.size(); ++at)
    for (const int bits : {0x01, 0x80, 0xff}) {
      auto broken = jpeg;
      broken[at] ^= static_cast<std::byte>(bits);
      auto image = announced(PixelFormat::JPEG, 40, 24);
      if (decoder.decode(broken, image)) {
        EXPECT_TRUE(image.view().complete());
      }
    }
}

}  // namespace lenswire::codec
