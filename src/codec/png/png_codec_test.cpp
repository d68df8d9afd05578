#include "codec/png/png_codec.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "codec/png/png_reader.hpp"

namespace lenswire::codec {
namespace {

frame::Image random_image(PixelFormat format, std::uint32_t width, std::uint32_t height) {
  frame::Image image;
  image.reshape(format, width, height);
  std::mt19937 random(width * 31 + height);
  for (auto& byte : image.data) byte = static_cast<std::byte>(random() & 0xff);
  return image;
}

std::vector<std::byte> encoded(const frame::Image& image) {
  std::vector<std::byte> out;
  EXPECT_TRUE(png_codec().make_encoder(EncoderSettings{})->encode(image.view(), out));
  return out;
}

void put_u32(std::vector<std::byte>& data, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i)
    data[at + i] = static_cast<std::byte>(value >> (24 - 8 * i) & 0xff);
}

// Makes the IHDR's checksum right again after a change.
void mend_header(std::vector<std::byte>& png) {
  const auto* body = reinterpret_cast<const Bytef*>(png.data() + 12);
  put_u32(png, 29, static_cast<std::uint32_t>(crc32(0, body, 17)));
}

constexpr std::size_t kWidthAt = 16;
constexpr std::size_t kInterlaceAt = 28;

}  // namespace

TEST(PngCodec, IsExactForEveryFormatItTakes) {
  for (const auto format : {PixelFormat::Z16, PixelFormat::Y16, PixelFormat::Y8, PixelFormat::RGB8,
                            PixelFormat::BGR8}) {
    for (const auto& [width, height] :
         {std::pair{1U, 1U}, std::pair{7U, 5U}, std::pair{64U, 33U}}) {
      SCOPED_TRACE(to_string(format));
      const auto image = random_image(format, width, height);
      frame::Image back;
      back.format = format;
      back.width = width;
      back.height = height;
      ASSERT_TRUE(png_codec().make_decoder()->decode(encoded(image), back));
      EXPECT_EQ(back.data, image.data);
    }
  }
}

TEST(PngCodec, StoresSamplesBigEndianAndRedFirst) {
  frame::Image depth;
  depth.reshape(PixelFormat::Z16, 1, 1);
  depth.data = {std::byte{0x34}, std::byte{0x12}};
  frame::Image color;
  color.reshape(PixelFormat::BGR8, 1, 1);
  color.data = {std::byte{1}, std::byte{2}, std::byte{3}};
  const auto row_of = [](const std::vector<std::byte>& png) {
    // The only IDAT follows the IHDR: 8 + 25 bytes, then length and type.
    std::array<Bytef, 8> row{};
    uLongf size = row.size();
    EXPECT_EQ(uncompress(row.data(), &size, reinterpret_cast<const Bytef*>(png.data() + 41),
                         static_cast<uLong>(png.size() - 41)),
              Z_OK);
    return std::vector<int>(row.begin() + 1, row.begin() + static_cast<std::ptrdiff_t>(size));
  };
  EXPECT_EQ(row_of(encoded(depth)), (std::vector<int>{0x12, 0x34}));
  EXPECT_EQ(row_of(encoded(color)), (std::vector<int>{3, 2, 1}));
}

TEST(PngCodec, DropsTheRowsPadding) {
  const auto image = random_image(PixelFormat::Z16, 8, 6);
  frame::Image back;
  back.format = PixelFormat::Z16;
  back.width = 5;
  back.height = 6;
  std::vector<std::byte> out;
  ASSERT_TRUE(png_codec()
                  .make_encoder(EncoderSettings{})
                  ->encode({PixelFormat::Z16, 5, 6, 16, image.data}, out));
  ASSERT_TRUE(png_codec().make_decoder()->decode(out, back));
  for (std::size_t y = 0; y < 6; ++y)
    EXPECT_TRUE(std::equal(back.data.begin() + static_cast<std::ptrdiff_t>(10 * y),
                           back.data.begin() + static_cast<std::ptrdiff_t>(10 * y + 10),
                           image.data.begin() + static_cast<std::ptrdiff_t>(16 * y)));
}

TEST(PngCodec, EncodesManyFramesOfChangingSizesWithOneEncoder) {
  const auto encoder = png_codec().make_encoder(EncoderSettings{});
  std::vector<std::byte> out;
  for (const std::uint32_t width : {640U, 640U, 2000U, 16U, 640U}) {
    const auto image = random_image(PixelFormat::Z16, width, 40);
    ASSERT_TRUE(encoder->encode(image.view(), out));
    EXPECT_EQ(out, encoded(image));
  }
}

TEST(PngCodec, RefusesAnotherSizeOrFormat) {
  const auto png = encoded(random_image(PixelFormat::Z16, 8, 8));
  const auto decoder = png_codec().make_decoder();
  frame::Image image;
  image.width = 9;
  image.height = 8;
  EXPECT_EQ(decoder->decode(png, image).error().code, ErrorCode::InvalidArgument);
  image.width = 8;
  image.format = PixelFormat::Y8;
  EXPECT_EQ(decoder->decode(png, image).error().code, ErrorCode::InvalidArgument);
  image.format = PixelFormat::Y16;
  EXPECT_TRUE(decoder->decode(png, image));
}

TEST(PngCodec, CannotStoreYuyv) {
  const auto image = random_image(PixelFormat::YUYV, 8, 8);
  std::vector<std::byte> out;
  EXPECT_FALSE(png_codec().accepts(PixelFormat::YUYV));
  const auto written = png_codec().make_encoder(EncoderSettings{})->encode(image.view(), out);
  EXPECT_EQ(written.error().code, ErrorCode::Unsupported);
}

// By hand: 2 x 5 pixels, 16 bit, stored (uncompressed) deflate, every filter type once.
TEST(PngReader, UndoesEveryFilter) {
  const std::vector<Bytef> rows{0, 1, 2, 3, 4,   // none
                                1, 1, 2, 3, 4,   // sub: left pixel
                                2, 1, 2, 3, 4,   // up
                                3, 1, 2, 3, 4,   // average of left and up
                                4, 1, 2, 3, 4};  // Paeth
  std::vector<Bytef> packed(compressBound(static_cast<uLong>(rows.size())));
  uLongf size = packed.size();
  ASSERT_EQ(compress(packed.data(), &size, rows.data(), static_cast<uLong>(rows.size())), Z_OK);
  std::vector<std::byte> png;
  const auto add = [&](std::span<const Bytef> bytes) {
    for (const auto byte : bytes) png.push_back(static_cast<std::byte>(byte));
  };
  const auto add_chunk = [&](std::vector<Bytef> type_and_body) {
    png.resize(png.size() + 4);
    put_u32(png, png.size() - 4, static_cast<std::uint32_t>(type_and_body.size() - 4));
    add(type_and_body);
    png.resize(png.size() + 4);
    put_u32(png, png.size() - 4,
            static_cast<std::uint32_t>(
                crc32(0, type_and_body.data(), static_cast<uInt>(type_and_body.size()))));
  };
  add(std::vector<Bytef>{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
  add_chunk({'I', 'H', 'D', 'R', 0, 0, 0, 2, 0, 0, 0, 5, 16, 0, 0, 0, 0});
  std::vector<Bytef> idat{'I', 'D', 'A', 'T'};
  idat.insert(idat.end(), packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size));
  add_chunk(idat);
  add_chunk({'I', 'E', 'N', 'D'});

  frame::Image image;
  ASSERT_TRUE(read_png_pixels(png, image));
  std::vector<int> codes;
  for (std::size_t i = 0; i < image.data.size(); i += 2)
    codes.push_back(std::to_integer<int>(image.data[i]) | std::to_integer<int>(image.data[i + 1])
                                                              << 8);
  EXPECT_EQ(codes, (std::vector<int>{0x0102, 0x0304,  //
                                     0x0102, 0x0406,  //
                                     0x0204, 0x070a,  //
                                     0x0204, 0x070b,  //
                                     0x0306, 0x0a0f}));
}

TEST(PngReader, SaysTruncatedAtEveryCut) {
  const auto png = encoded(random_image(PixelFormat::Z16, 16, 16));
  frame::Image image;
  for (std::size_t size = 0; size < png.size(); ++size) {
    const auto read = read_png_pixels(std::span(png).first(size), image);
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, ErrorCode::Truncated) << size << ' ' << read.error().message;
  }
  EXPECT_TRUE(read_png_pixels(png, image));
}

TEST(PngReader, NoticesEveryFlippedByteOfAPicture) {
  const auto image = random_image(PixelFormat::Z16, 16, 16);
  const auto png = encoded(image);
  for (std::size_t at = 0; at < png.size(); ++at) {
    auto broken = png;
    broken[at] ^= std::byte{0x55};
    frame::Image back;
    EXPECT_FALSE(read_png_pixels(broken, back)) << at;
  }
}

TEST(PngReader, RefusesHugeSizesWithoutAllocating) {
  auto png = encoded(random_image(PixelFormat::Z16, 16, 16));
  for (const std::uint32_t width : {0U, 65536U, 0x7fffffffU, 0xffffffffU}) {
    put_u32(png, kWidthAt, width);
    mend_header(png);
    const auto header = read_png_header(png);
    ASSERT_FALSE(header) << width;
    EXPECT_EQ(header.error().code, ErrorCode::InvalidArgument);
  }
  // Within the limits, but no deflate stream of this length could fill it.
  put_u32(png, kWidthAt, 60000);
  put_u32(png, kWidthAt + 4, 1000);
  mend_header(png);
  frame::Image image;
  const auto read = read_png_pixels(png, image);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::Truncated);
  EXPECT_EQ(image.data.capacity(), 0U);
}

TEST(PngReader, RefusesInterlacedPictures) {
  auto png = encoded(random_image(PixelFormat::Y8, 16, 16));
  png[kInterlaceAt] = std::byte{1};
  mend_header(png);
  const auto header = read_png_header(png);
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, ErrorCode::Unsupported);
  EXPECT_NE(header.error().message.find("interlac"), std::string::npos);
}

}  // namespace lenswire::codec
