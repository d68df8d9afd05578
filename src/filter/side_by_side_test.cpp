#include "filter/side_by_side.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

namespace lenswire::filter {
namespace {

frame::Image depth_image(std::uint32_t width, std::uint32_t height,
                         const std::vector<std::uint16_t>& values) {
  frame::Image image;
  image.reshape(PixelFormat::Z16, width, height);
  std::memcpy(image.data.data(), values.data(), image.data.size());
  return image;
}

frame::Image color_image(PixelFormat format, std::uint32_t width, std::uint32_t height) {
  frame::Image image;
  image.reshape(format, width, height);
  for (std::size_t i = 0; i < image.data.size(); ++i) image.data[i] = static_cast<std::byte>(i + 1);
  return image;
}

std::uint8_t shade(std::uint16_t raw, double unit_m) {
  SideBySide painter;
  frame::Image out;
  EXPECT_TRUE(painter.paint(color_image(PixelFormat::RGB8, 1, 1).view(),
                            depth_image(1, 1, {raw}).view(), unit_m, out));
  EXPECT_EQ(out.data[3], out.data[4]);
  EXPECT_EQ(out.data[3], out.data[5]);
  return std::to_integer<std::uint8_t>(out.data[3]);
}

TEST(SideBySide, PutsColourLeftAndDepthRight) {
  for (const auto format : {PixelFormat::RGB8, PixelFormat::BGR8}) {
    const auto color = color_image(format, 2, 2);
    SideBySide painter;
    frame::Image out;
    ASSERT_TRUE(
        painter.paint(color.view(), depth_image(2, 2, {0, 1000, 5000, 10000}).view(), 0.001, out));
    EXPECT_EQ(out.format, format);
    EXPECT_EQ(out.width, 4U);
    EXPECT_EQ(out.height, 2U);
    const std::vector<int> wanted = {1, 2, 3, 4,  5,  6,  0,   0,   0,   25,  25,  25,
                                     7, 8, 9, 10, 11, 12, 127, 127, 127, 255, 255, 255};
    for (std::size_t i = 0; i < wanted.size(); ++i)
      EXPECT_EQ(std::to_integer<int>(out.data[i]), wanted[i]) << i;
  }
}

TEST(SideBySide, EveryMillimetreHasItsShadeAndFarIsClamped) {
  std::vector<std::uint16_t> all(1 << 16);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  SideBySide painter;
  frame::Image out;
  ASSERT_TRUE(painter.paint(color_image(PixelFormat::RGB8, 256, 256).view(),
                            depth_image(256, 256, all).view(), 0.001, out));
  for (std::size_t raw = 0; raw < all.size(); ++raw) {
    const auto at = raw / 256 * out.stride_bytes + (256 + raw % 256) * 3;
    ASSERT_EQ(std::to_integer<std::size_t>(out.data[at]),
              std::min<std::size_t>(255, raw * 255 / 10000))
        << raw;
  }
}

TEST(SideBySide, RespectsTheDepthUnit) {
  EXPECT_EQ(shade(10000, 0.0001), 25);
  EXPECT_EQ(shade(4000, 0.00025), 25);
  EXPECT_EQ(shade(10, 1), 255);
  EXPECT_EQ(shade(9, 1), 229);
  EXPECT_EQ(shade(65535, 1), 255);
}

TEST(SideBySide, BringsDepthToTheSizeOfColour) {
  SideBySide painter;
  frame::Image out;
  // Larger depth: the pixel under the centre. Smaller: each several times.
  ASSERT_TRUE(painter.paint(color_image(PixelFormat::RGB8, 2, 1).view(),
                            depth_image(4, 1, {0, 1000, 2000, 3000}).view(), 0.001, out));
  EXPECT_EQ(std::to_integer<int>(out.data[6]), 25);
  EXPECT_EQ(std::to_integer<int>(out.data[9]), 76);
  ASSERT_TRUE(painter.paint(color_image(PixelFormat::RGB8, 4, 2).view(),
                            depth_image(2, 1, {1000, 2000}).view(), 0.001, out));
  for (const std::size_t row : {0U, 1U}) {
    const auto* half = out.data.data() + row * out.stride_bytes + 12;
    EXPECT_EQ(std::to_integer<int>(half[0]), 25);
    EXPECT_EQ(std::to_integer<int>(half[3]), 25);
    EXPECT_EQ(std::to_integer<int>(half[6]), 51);
    EXPECT_EQ(std::to_integer<int>(half[9]), 51);
  }
}

TEST(SideBySide, ReadsPaddedRows) {
  auto color = color_image(PixelFormat::RGB8, 2, 2);
  const std::vector<std::uint16_t> padded = {1000, 1000, 9, 2000, 2000, 9};
  SideBySide painter;
  frame::Image out;
  ASSERT_TRUE(painter.paint(
      color.view(), {PixelFormat::Z16, 2, 2, 6, std::as_bytes(std::span(padded))}, 0.001, out));
  EXPECT_EQ(std::to_integer<int>(out.data[out.stride_bytes + 6]), 51);
}

TEST(SideBySide, RefusesWhatItCannotPaint) {
  SideBySide painter;
  frame::Image out;
  const auto color = color_image(PixelFormat::RGB8, 2, 2);
  const auto depth = depth_image(2, 2, {0, 0, 0, 0});
  EXPECT_EQ(painter.paint(depth.view(), depth.view(), 0.001, out).error().code,
            ErrorCode::Unsupported);
  EXPECT_EQ(painter.paint(color.view(), color.view(), 0.001, out).error().code,
            ErrorCode::Unsupported);
  auto cut = color.view();
  cut.data = cut.data.first(cut.data.size() - 1);
  EXPECT_EQ(painter.paint(cut, depth.view(), 0.001, out).error().code, ErrorCode::InvalidArgument);
  for (const double unit : {0.0, -1.0, 1.5, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_EQ(painter.paint(color.view(), depth.view(), unit, out).error().code,
              ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace lenswire::filter
