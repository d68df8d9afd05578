#include "filter/decimate.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "filter/decimate_rows.hpp"
#include "filter/filter_test_images.hpp"

namespace lenswire::filter {
namespace {

int reference(const frame::Image& in, std::uint32_t factor, std::size_t x, std::size_t y) {
  std::vector<int> measured;
  int sum = 0;
  for (std::size_t row = 0; row < factor; ++row)
    for (std::size_t column = 0; column < factor; ++column)
      if (const int code = code_at(in, y * factor + row, x * factor + column); code != 0) {
        measured.push_back(code);
        sum += code;
      }
  if (measured.empty()) return 0;
  std::sort(measured.begin(), measured.end());
  const int count = static_cast<int>(measured.size());
  return factor <= 3 ? measured[(measured.size() - 1) / 2] : (sum + count / 2) / count;
}

}  // namespace

TEST(Decimate, ByHand) {
  frame::Image out;
  ASSERT_TRUE(decimate(image_of(4, {4, 1, 0, 9,  //
                                    3, 2, 0, 0})
                           .view(),
                       2, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{2, 9}));  // of 1 2 3 4 the lower middle; one alone
  ASSERT_TRUE(decimate(image_of(3, {9, 0, 7, 0, 65535, 1, 0, 3, 0}).view(), 3, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{7}));  // 1 3 7 9 65535
  std::vector<int> sixteen(16, 0);
  sixteen[0] = 10;
  sixteen[5] = 13;
  ASSERT_TRUE(decimate(image_of(4, sixteen).view(), 4, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{12}));  // 11.5, up
  ASSERT_TRUE(decimate(image_of(4, std::vector<int>(16, 65535)).view(), 4, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{65535}));
}

TEST(Decimate, EqualsTheReferenceAtEverySize) {
  frame::Image out;
  for (const auto& [width, height, padding] : {std::tuple{8U, 8U, 0U}, std::tuple{131U, 37U, 0U},
                                               std::tuple{211U, 26U, 5U}, std::tuple{97U, 33U, 6U}})
    for (const unsigned holes : {0U, 2U, 9U})
      for (std::uint32_t factor = 2; factor <= kMaxDecimation; ++factor) {
        const auto in = depth_image(width, height, padding, holes);
        ASSERT_TRUE(decimate(in.view(), factor, out));
        ASSERT_EQ(out.width, width / factor);
        ASSERT_EQ(out.height, height / factor);
        for (std::size_t y = 0; y < out.height; ++y)
          for (std::size_t x = 0; x < out.width; ++x)
            ASSERT_EQ(code_at(out, y, x), reference(in, factor, x, y)) << factor << ' ' << x;
      }
}

TEST(Decimate, TheTwinsAgreeOnEveryPatternOfHolesAndExtremes) {
  // Every mixture of nothing, least and greatest in a block of four, and many in one of nine.
  const int values[] = {0, 1, 65535, 300};
  std::vector<std::uint16_t> rows[3];
  std::mt19937 random(5);
  for (std::size_t i = 0; i < 6 * 256; ++i) {
    rows[0].push_back(static_cast<std::uint16_t>(values[(i / 2) % 4]));
    for (auto* row : {&rows[1], &rows[2]})
      row->push_back(static_cast<std::uint16_t>(values[random() % 4]));
  }
  std::vector<std::uint16_t> a(6 * 256), b(6 * 256);
  const auto &scalar = scalar_decimate_row_kernels(), &vector = vector_decimate_row_kernels();
  for (const std::size_t count :
       {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{512}}) {
    scalar.median2(rows[0].data(), rows[1].data(), count, a.data());
    vector.median2(rows[0].data(), rows[1].data(), count, b.data());
    ASSERT_EQ(a, b);
    scalar.median3(rows[0].data(), rows[1].data(), rows[2].data(), count, a.data());
    vector.median3(rows[0].data(), rows[1].data(), rows[2].data(), count, b.data());
    ASSERT_EQ(a, b);
  }
}

TEST(Decimate, IntrinsicsFollowTheCentresOfPixels) {
  const Intrinsics camera{640, 480, 600, 610, 319.5, 239.5, DistortionModel::BrownConrady, {0.1}};
  const auto half = decimated(camera, 2);
  EXPECT_EQ(half.width, 320U);
  EXPECT_EQ(half.fx, 300);
  EXPECT_EQ(half.cx, 159.5);  // the middle of the picture stays its middle
  EXPECT_EQ(half.cy, 119.5);
  EXPECT_EQ(half.distortion[0], 0.1);
  // 640 = 213 * 3 + 1: the last column is left out, the scale is exactly 3 all the same.
  const auto third = decimated(camera, 3);
  EXPECT_EQ(third.width, 213U);
  EXPECT_DOUBLE_EQ(third.fx, 200);
  EXPECT_DOUBLE_EQ(third.cx, (319.5 + 0.5) / 3 - 0.5);
}

TEST(Decimate, RefusesWhatItCannotDo) {
  frame::Image out;
  const auto small = depth_image(5, 3);
  EXPECT_FALSE(decimate(small.view(), 1, out));
  EXPECT_FALSE(decimate(small.view(), 9, out));
  EXPECT_EQ(decimate(small.view(), 4, out).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(decimate(noise_image(PixelFormat::Y16, 8, 8).view(), 2, out).error().code,
            ErrorCode::Unsupported);
  auto cut = small.view();
  cut.data = cut.data.first(cut.data.size() - 1);
  EXPECT_FALSE(decimate(cut, 2, out));
  EXPECT_FALSE(decimate({}, 2, out));
}

}  // namespace lenswire::filter
