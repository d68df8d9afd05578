#include "filter/convert.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "filter/filter_test_images.hpp"

namespace lenswire::filter {
namespace {

constexpr PixelFormat kSources[] = {PixelFormat::YUYV, PixelFormat::UYVY, PixelFormat::NV12,
                                    PixelFormat::RGB8, PixelFormat::BGR8, PixelFormat::Y8,
                                    PixelFormat::Y16};
constexpr PixelFormat kTargets[] = {PixelFormat::RGB8, PixelFormat::BGR8, PixelFormat::Y8};

frame::Image one_pair(int y0, int u, int y1, int v) {
  frame::Image image;
  image.reshape(PixelFormat::YUYV, 2, 1);
  image.data = {std::byte(y0), std::byte(u), std::byte(y1), std::byte(v)};
  return image;
}

std::vector<int> values(const frame::Image& image) {
  std::vector<int> out;
  for (const auto byte : image.data) out.push_back(std::to_integer<int>(byte));
  return out;
}

int clamp8(int value) { return std::clamp(value, 0, 255); }

// Floor division, so that the reference does not lean on shifts of negative numbers.
int floor_div(int a, int b) { return static_cast<int>(std::floor(static_cast<double>(a) / b)); }

std::array<int, 3> rgb_of_yuv(int y, int u, int v) {
  u -= 128;
  v -= 128;
  return {clamp8(y + floor_div(179 * v + 64, 128)),
          clamp8(y - floor_div(44 * u + 91 * v + 64, 128)),
          clamp8(y + floor_div(227 * u + 64, 128))};
}

// One pixel by the formulas of convert.hpp.
std::array<int, 3> reference_rgb(const frame::Image& in, std::size_t x, std::size_t y) {
  switch (in.format) {
    case PixelFormat::YUYV:
      return rgb_of_yuv(byte_at(in, y, 2 * x), byte_at(in, y, x / 2 * 4 + 1),
                        byte_at(in, y, x / 2 * 4 + 3));
    case PixelFormat::UYVY:
      return rgb_of_yuv(byte_at(in, y, 2 * x + 1), byte_at(in, y, x / 2 * 4),
                        byte_at(in, y, x / 2 * 4 + 2));
    case PixelFormat::NV12:
      return rgb_of_yuv(byte_at(in, y, x), byte_at(in, in.height + y / 2, x / 2 * 2),
                        byte_at(in, in.height + y / 2, x / 2 * 2 + 1));
    case PixelFormat::RGB8:
      return {byte_at(in, y, 3 * x), byte_at(in, y, 3 * x + 1), byte_at(in, y, 3 * x + 2)};
    case PixelFormat::BGR8:
      return {byte_at(in, y, 3 * x + 2), byte_at(in, y, 3 * x + 1), byte_at(in, y, 3 * x)};
    case PixelFormat::Y16:
      return {byte_at(in, y, 2 * x + 1), byte_at(in, y, 2 * x + 1), byte_at(in, y, 2 * x + 1)};
    default:
      return {byte_at(in, y, x), byte_at(in, y, x), byte_at(in, y, x)};
  }
}

int reference_grey(const frame::Image& in, std::size_t x, std::size_t y) {
  if (in.format == PixelFormat::YUYV) return byte_at(in, y, 2 * x);
  if (in.format == PixelFormat::UYVY) return byte_at(in, y, 2 * x + 1);
  if (in.format == PixelFormat::NV12) return byte_at(in, y, x);
  const auto rgb = reference_rgb(in, x, y);
  if (in.format != PixelFormat::RGB8 && in.format != PixelFormat::BGR8) return rgb[0];
  return (19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) / 65536;
}

}  // namespace

TEST(Convert, GivesTheseColors) {
  frame::Image out;
  // Grey, then the six corners as JPEG's full range has them.
  ASSERT_TRUE(convert(one_pair(0, 128, 255, 128).view(), PixelFormat::RGB8, out));
  EXPECT_EQ(values(out), (std::vector<int>{0, 0, 0, 255, 255, 255}));
  ASSERT_TRUE(convert(one_pair(76, 85, 29, 255).view(), PixelFormat::RGB8, out));
  EXPECT_EQ(values(out), (std::vector<int>{254, 0, 0, 207, 0, 0}));
  ASSERT_TRUE(convert(one_pair(100, 90, 200, 140).view(), PixelFormat::RGB8, out));
  EXPECT_EQ(values(out), (std::vector<int>{117, 105, 33, 217, 205, 133}));
  ASSERT_TRUE(convert(one_pair(100, 90, 200, 140).view(), PixelFormat::BGR8, out));
  EXPECT_EQ(values(out), (std::vector<int>{33, 105, 117, 133, 205, 217}));
  ASSERT_TRUE(convert(one_pair(100, 90, 200, 140).view(), PixelFormat::Y8, out));
  EXPECT_EQ(values(out), (std::vector<int>{100, 200}));

  frame::Image color;
  color.reshape(PixelFormat::RGB8, 3, 1);
  color.data = {std::byte{255}, {}, {}, {}, std::byte{255}, {}, {}, {}, std::byte{255}};
  ASSERT_TRUE(convert(color.view(), PixelFormat::Y8, out));
  EXPECT_EQ(values(out), (std::vector<int>{76, 150, 29}));
  color.format = PixelFormat::BGR8;
  ASSERT_TRUE(convert(color.view(), PixelFormat::Y8, out));
  EXPECT_EQ(values(out), (std::vector<int>{29, 150, 76}));
}

TEST(Convert, StaysWithinOneOfTheRealFormula) {
  frame::Image out;
  for (int y = 0; y < 256; y += 15)
    for (int u = 0; u < 256; u += 5)
      for (int v = 0; v < 256; v += 5) {
        ASSERT_TRUE(convert(one_pair(y, u, y, v).view(), PixelFormat::RGB8, out));
        const double real[3] = {y + 1.402 * (v - 128),
                                y - 0.344136 * (u - 128) - 0.714136 * (v - 128),
                                y + 1.772 * (u - 128)};
        for (std::size_t c = 0; c < 3; ++c)
          ASSERT_LE(std::abs(std::clamp(real[c], 0.0, 255.0) - byte_at(out, 0, c)), 1.0)
              << y << ' ' << u << ' ' << v;
      }
}

TEST(Convert, EqualsTheReferenceForEveryPairOfFormatsAndOddSizes) {
  frame::Image out;
  for (const auto from : kSources)
    for (const auto to : kTargets)
      for (const auto& [width, height] : {std::pair{1U, 1U}, std::pair{2U, 3U}, std::pair{67U, 5U},
                                          std::pair{64U, 4U}, std::pair{131U, 7U}}) {
        SCOPED_TRACE(std::string(to_string(from)) + " to " + std::string(to_string(to)));
        const auto in = noise_image(from, width, height, 6);
        ASSERT_TRUE(can_convert(from, to));
        ASSERT_TRUE(convert(in.view(), to, out));
        ASSERT_EQ(out.format, to);
        ASSERT_TRUE(out.view().complete());
        for (std::size_t y = 0; y < height; ++y)
          for (std::size_t x = 0; x < width; ++x) {
            if (to == PixelFormat::Y8) {
              ASSERT_EQ(byte_at(out, y, x), reference_grey(in, x, y)) << x << ' ' << y;
              continue;
            }
            const auto rgb = reference_rgb(in, x, y);
            for (std::size_t c = 0; c < 3; ++c)
              ASSERT_EQ(byte_at(out, y, 3 * x + (to == PixelFormat::BGR8 ? 2 - c : c)), rgb[c])
                  << x << ' ' << y;
          }
      }
}

TEST(Convert, RefusesWhatItDoesNotKnow) {
  frame::Image out;
  for (const auto from : {PixelFormat::Z16, PixelFormat::MJPEG, PixelFormat::XYZ32F}) {
    EXPECT_FALSE(can_convert(from, PixelFormat::RGB8));
    const std::vector<std::byte> data(100);
    const frame::ImageView view{from, 2, 2, packed_stride(from, 2), data};
    EXPECT_EQ(convert(view, PixelFormat::RGB8, out).error().code, ErrorCode::Unsupported);
  }
  auto in = noise_image(PixelFormat::YUYV, 8, 8);
  EXPECT_EQ(convert(in.view(), PixelFormat::NV12, out).error().code, ErrorCode::Unsupported);
  in.data.pop_back();
  EXPECT_EQ(convert(in.view(), PixelFormat::RGB8, out).error().code, ErrorCode::InvalidArgument);
}

}  // namespace lenswire::filter
