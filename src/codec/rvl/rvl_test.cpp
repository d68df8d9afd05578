#include "codec/rvl/rvl.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "codec/rvl/rvl_codec.hpp"

namespace lenswire::codec {
namespace {

std::vector<std::byte> encoded(const std::vector<std::uint16_t>& depth) {
  std::vector<std::byte> out(rvl_max_bytes(depth.size()));
  out.resize(unwrap(rvl_encode(depth, out)));
  return out;
}

TEST(Rvl, BytesAreThoseOfThePublishedProgram) {
  // By hand: 1 zero, 3 values, then differences +1000, +1, -2 as 2000, 2, 3. In groups of three
  // bits, least first, 8 added while more follow: 1, 3, 8 A F 3, 2, 3.
  const std::vector<std::byte> data = encoded({0, 1000, 1001, 999});
  const std::vector<std::byte> expected{std::byte{0x23}, std::byte{0xF3}, std::byte{0x8A},
                                        std::byte{0x13}};
  EXPECT_EQ(data, expected);
}

TEST(Rvl, RestoresWhatWasEncoded) {
  std::mt19937 random(1);
  for (const std::size_t count : {1U, 2U, 7U, 64U, 1000U, 100000U}) {
    std::vector<std::uint16_t> depth(count);
    for (auto& d : depth) d = static_cast<std::uint16_t>(random() % 3 == 0 ? 0 : random());
    std::vector<std::uint16_t> back(count);
    ASSERT_TRUE(rvl_decode(encoded(depth), back));
    EXPECT_EQ(back, depth);
  }
}

TEST(Rvl, TruncatedDataAreRefused) {
  std::vector<std::uint16_t> depth(1000, 77);
  depth[3] = 5000;
  const std::vector<std::byte> data = encoded(depth);
  std::vector<std::uint16_t> back(depth.size());
  for (std::size_t size = 0; size < data.size(); ++size) {
    const auto result = rvl_decode(std::span(data).first(size), back);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Truncated);
  }
}

TEST(Rvl, RunBeyondTheImageIsRefused) {
  const std::vector<std::byte> data = encoded(std::vector<std::uint16_t>(100, 0));
  std::vector<std::uint16_t> back(99);
  const auto result = rvl_decode(data, back);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
}

TEST(Rvl, CodecHonoursStrides) {
  const CodecEntry entry = rvl_codec();
  std::vector<std::byte> pixels(3 * 20, std::byte{0xEE});
  for (std::size_t y = 0; y < 3; ++y)
    for (std::size_t i = 0; i < 16; ++i) pixels[y * 20 + i] = static_cast<std::byte>(y * 16 + i);
  std::vector<std::byte> data;
  ASSERT_TRUE(entry.make_encoder({})->encode({PixelFormat::Z16, 8, 3, 20, pixels}, data));
  frame::Image image{PixelFormat::Z16, 8, 3, 0, {}};
  ASSERT_TRUE(entry.make_decoder()->decode(data, image));
  ASSERT_EQ(image.stride_bytes, 16U);
  for (std::size_t i = 0; i < 48; ++i) EXPECT_EQ(image.data[i], static_cast<std::byte>(i));
}

}  // namespace
}  // namespace lenswire::codec
