#include "filter/scale.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "filter/filter_test_images.hpp"

namespace lenswire::filter {
namespace {

// The definition, pixel by pixel: lengths in units of 1/(old size * new size).
int reference_average(const frame::Image& in, std::uint32_t new_width, std::uint32_t new_height,
                      std::uint64_t x, std::uint64_t y, std::size_t channels, std::size_t channel) {
  const auto shared = [](std::uint64_t old_index, std::uint64_t new_index, std::uint64_t old_size,
                         std::uint64_t new_size) {
    const std::uint64_t begin = std::max(old_index * new_size, new_index * old_size);
    const std::uint64_t end = std::min((old_index + 1) * new_size, (new_index + 1) * old_size);
    return end > begin ? end - begin : 0;
  };
  std::uint64_t sum = 0;
  for (std::uint64_t row = 0; row < in.height; ++row)
    for (std::uint64_t column = 0; column < in.width; ++column)
      sum += shared(row, y, in.height, new_height) * shared(column, x, in.width, new_width) *
             static_cast<std::uint64_t>(byte_at(in, row, column * channels + channel));
  const std::uint64_t area = std::uint64_t{in.width} * in.height;
  return static_cast<int>((sum + area / 2) / area);
}

}  // namespace

TEST(Scale, OutputSizes) {
  EXPECT_EQ(scaled_size(640, 0.5), 320U);
  EXPECT_EQ(scaled_size(5, 0.5), 3U);  // 2.5, away from zero
  EXPECT_EQ(scaled_size(7, 0.33), 2U);
  EXPECT_EQ(scaled_size(3, 0.01), 1U);
  EXPECT_EQ(scaled_size(3, 1), 3U);
  EXPECT_EQ(scaled_size(1, 0.0001), 1U);
}

TEST(Scale, AveragesByHand) {
  frame::Image in, out;
  in.reshape(PixelFormat::Y8, 3, 1);
  in.data = {std::byte{10}, std::byte{20}, std::byte{41}};
  ASSERT_TRUE(scale(in.view(), 0.5, out));  // 3 -> 2: (10 + 20/2) / 1.5 and (20/2 + 41) / 1.5
  ASSERT_EQ(out.width, 2U);
  EXPECT_EQ(byte_at(out, 0, 0), 13);
  EXPECT_EQ(byte_at(out, 0, 1), 34);
  in.reshape(PixelFormat::Y8, 2, 2);
  in.data = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  ASSERT_TRUE(scale(in.view(), 0.5, out));  // 2.5, up
  EXPECT_EQ(byte_at(out, 0, 0), 3);
}

TEST(Scale, AverageEqualsTheReferenceAtEverySize) {
  frame::Image out;
  for (const auto format : {PixelFormat::Y8, PixelFormat::RGB8, PixelFormat::BGR8}) {
    const std::size_t channels = format == PixelFormat::Y8 ? 1 : 3;
    for (const auto& [width, height] : {std::pair{1U, 1U}, std::pair{7U, 5U}, std::pair{16U, 12U},
                                        std::pair{31U, 2U}, std::pair{23U, 29U}})
      for (const double factor : {1.0, 0.9, 0.75, 0.5, 1 / 3.0, 0.25, 0.1, 0.001}) {
        const auto in = noise_image(format, width, height, 5);
        ASSERT_TRUE(scale(in.view(), factor, out));
        ASSERT_EQ(out.width, scaled_size(width, factor));
        ASSERT_EQ(out.height, scaled_size(height, factor));
        for (std::uint32_t y = 0; y < out.height; ++y)
          for (std::uint32_t x = 0; x < out.width; ++x)
            for (std::size_t c = 0; c < channels; ++c)
              ASSERT_EQ(byte_at(out, y, x * channels + c),
                        reference_average(in, out.width, out.height, x, y, channels, c))
                  << to_string(format) << ' ' << width << 'x' << height << ' ' << factor;
      }
  }
}

TEST(Scale, FlatPicturesStayFlatUpToTheLargestWeights) {
  frame::Image in, out;
  for (const auto& [width, height, factor] :
       {std::tuple{4099U, 11U, 0.997}, std::tuple{65535U, 3U, 0.5}, std::tuple{3U, 65535U, 0.3}}) {
    in.reshape(PixelFormat::Y8, width, height);
    std::ranges::fill(in.data, std::byte{255});
    ASSERT_TRUE(scale(in.view(), factor, out));
    EXPECT_TRUE(std::ranges::all_of(out.data, [](std::byte b) { return b == std::byte{255}; }));
  }
}

TEST(Scale, DepthTakesTheNearestAndInventsNothing) {
  frame::Image out;
  for (const auto format : {PixelFormat::Z16, PixelFormat::Y16})
    for (const auto& [width, height] :
         {std::pair{1U, 1U}, std::pair{7U, 5U}, std::pair{16U, 12U}, std::pair{23U, 29U}})
      for (const double factor : {1.0, 0.9, 0.5, 1 / 3.0, 0.1}) {
        const auto in = noise_image(format, width, height, 2);
        std::set<int> measured;
        for (std::size_t y = 0; y < height; ++y)
          for (std::size_t x = 0; x < width; ++x) measured.insert(code_at(in, y, x));
        ASSERT_TRUE(scale(in.view(), factor, out));
        for (std::uint32_t y = 0; y < out.height; ++y)
          for (std::uint32_t x = 0; x < out.width; ++x) {
            const int code = code_at(out, y, x);
            ASSERT_TRUE(measured.contains(code));
            ASSERT_EQ(code, code_at(in, (2 * y + 1) * height / (2 * out.height),
                                    (2 * x + 1) * width / (2 * out.width)));
          }
      }
}

TEST(Scale, PointsKeepTheirThreeFloats) {
  frame::Image out;
  const auto in = noise_image(PixelFormat::XYZ32F, 4, 4);
  ASSERT_TRUE(scale(in.view(), 0.5, out));
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(byte_at(out, 1, 12 + i), byte_at(in, 3, 36 + i));
}

TEST(Scale, RefusesBadFactorsAndFormats) {
  frame::Image out;
  const auto in = noise_image(PixelFormat::Z16, 4, 4);
  for (const double factor : {0.0, -0.5, 1.01, std::nan(""), HUGE_VAL})
    EXPECT_EQ(scale(in.view(), factor, out).error().code, ErrorCode::InvalidArgument);
  const auto yuyv = noise_image(PixelFormat::YUYV, 4, 4);
  EXPECT_FALSE(can_scale(PixelFormat::YUYV));
  EXPECT_EQ(scale(yuyv.view(), 0.5, out).error().code, ErrorCode::Unsupported);
}

}  // namespace lenswire::filter
