#include "filter/depth_range.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "filter/filter_test_images.hpp"

namespace lenswire::filter {

TEST(DepthCodes, EndsBelongToTheRange) {
  const auto codes = depth_codes(0.001, 0.3, 0.7);  // 0.7 / 0.001 is 699.99999999999989
  ASSERT_TRUE(codes);
  EXPECT_EQ(codes->first, 300U);
  EXPECT_EQ(codes->last, 700U);
}

TEST(DepthCodes, ZeroIsNeverADistance) {
  EXPECT_EQ(depth_codes(0.001, 0, 1)->first, 1U);
  EXPECT_EQ(depth_codes(0.001, 0, std::numeric_limits<double>::infinity())->last, 65535U);
  const auto none = depth_codes(0.001, 0.0001, 0.0002);
  EXPECT_GT(none->first, none->last);
  const auto far = depth_codes(0.001, 70, 80);
  EXPECT_GT(far->first, far->last);
}

TEST(DepthCodes, RefusesNonsense) {
  EXPECT_FALSE(depth_codes(0, 0, 1));
  EXPECT_FALSE(depth_codes(-0.001, 0, 1));
  EXPECT_FALSE(depth_codes(0.001, 2, 1));
  EXPECT_FALSE(depth_codes(0.001, -1, 1));
  EXPECT_FALSE(depth_codes(std::nan(""), 0, 1));
  EXPECT_FALSE(depth_codes(0.001, std::nan(""), 1));
  EXPECT_FALSE(depth_codes(0.001, 0, std::nan("")));
}

TEST(DepthRange, KeepsWhatLiesInsideAndNothingElse) {
  auto in = noise_image(PixelFormat::Z16, 300, 219, 6);  // 65700 pixels: every code
  for (int code = 0; code < 65536; ++code)
    set_code(in, static_cast<std::size_t>(code) / 300, static_cast<std::size_t>(code) % 300, code);
  frame::Image out;
  ASSERT_TRUE(depth_range(in.view(), 0.00025, 0.5, 10, out));
  EXPECT_EQ(out.stride_bytes, 600U);
  for (std::size_t y = 0; y < 219; ++y)
    for (std::size_t x = 0; x < 300; ++x) {
      const int code = code_at(in, y, x);
      ASSERT_EQ(code_at(out, y, x), code >= 2000 && code <= 40000 ? code : 0);
    }
}

TEST(DepthRange, OnlyDepthHasARange) {
  frame::Image out;
  const auto in = noise_image(PixelFormat::Y16, 4, 4);
  EXPECT_EQ(depth_range(in.view(), 0.001, 0, 1, out).error().code, ErrorCode::Unsupported);
  auto cut = noise_image(PixelFormat::Z16, 4, 4);
  cut.data.pop_back();
  EXPECT_EQ(depth_range(cut.view(), 0.001, 0, 1, out).error().code, ErrorCode::InvalidArgument);
}

}  // namespace lenswire::filter
