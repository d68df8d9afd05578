#include "filter/holes.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "filter/disparity.hpp"
#include "filter/filter_test_images.hpp"

namespace lenswire::filter {
namespace {

std::vector<int> reference(const frame::Image& in, HoleFilling filling) {
  auto codes = codes_of(in);
  const int width = static_cast<int>(in.width), height = static_cast<int>(in.height);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      auto& code = codes[static_cast<std::size_t>(y * width + x)];
      if (code != 0) continue;
      std::vector<int> found;
      for (const auto& [dx, dy] : {std::pair{-1, 0}, {-1, -1}, {0, -1}, {-1, 1}, {0, 1}}) {
        if (filling == HoleFilling::Left && dy != 0) continue;
        if (x + dx < 0 || y + dy < 0 || y + dy >= height) continue;
        const int other = codes[static_cast<std::size_t>((y + dy) * width + x + dx)];
        if (other != 0) found.push_back(other);
      }
      if (found.empty()) continue;
      code = filling == HoleFilling::Farthest ? *std::max_element(found.begin(), found.end())
                                              : *std::min_element(found.begin(), found.end());
    }
  return codes;
}

}  // namespace

TEST(Holes, ByHand) {
  const auto in = image_of(3, {0, 5, 0,  //
                               9, 0, 0,  //
                               0, 2, 65535});
  frame::Image out;
  ASSERT_TRUE(fill_holes(in.view(), HoleFilling::Left, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{0, 5, 5, 9, 9, 9, 0, 2, 65535}));
  ASSERT_TRUE(fill_holes(in.view(), HoleFilling::Farthest, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{9, 5, 5, 9, 9, 65535, 9, 2, 65535}));
  ASSERT_TRUE(fill_holes(in.view(), HoleFilling::Nearest, out));
  EXPECT_EQ(codes_of(out), (std::vector<int>{9, 5, 5, 9, 2, 2, 9, 2, 65535}));
}

TEST(Holes, EqualsTheReferenceAtEverySize) {
  frame::Image out;
  for (const auto& [width, height, padding] : {std::tuple{1U, 1U, 0U}, std::tuple{1U, 9U, 1U},
                                               std::tuple{9U, 1U, 0U}, std::tuple{61U, 35U, 3U}})
    for (const unsigned holes : {1U, 2U, 3U, 0U})
      for (const auto filling : {HoleFilling::Left, HoleFilling::Farthest, HoleFilling::Nearest}) {
        const auto in = depth_image(width, height, padding, holes);
        ASSERT_TRUE(fill_holes(in.view(), filling, out));
        ASSERT_EQ(codes_of(out), reference(in, filling)) << width << ' ' << holes;
      }
  EXPECT_FALSE(fill_holes({}, HoleFilling::Left, out));
}

TEST(Disparity, ThereAndBackByHand) {
  // 640 px, 50 mm, 1 mm: 640 * 0.05 / 1 m = 32 px, in 256ths.
  const auto product = disparity_product(640, 0.05, 0.001);
  ASSERT_TRUE(product);
  EXPECT_DOUBLE_EQ(*product, 8192000);
  frame::Image disparity, depth;
  ASSERT_TRUE(depth_to_disparity(image_of(7, {0, 1000, 4000, 125, 124, 1, 65535}).view(), *product,
                                 disparity));
  EXPECT_EQ(codes_of(disparity), (std::vector<int>{0, 8192, 2048, 65535, 65535, 65535, 125}));
  ASSERT_TRUE(depth_to_disparity(disparity.view(), *product, depth));
  EXPECT_EQ(codes_of(depth), (std::vector<int>{0, 1000, 4000, 125, 125, 125, 65535}));
}

TEST(Disparity, LosesAtMostHalfAStepOnTheWay) {
  const double product = 8192000;
  std::vector<int> all;
  for (int code = 126; code < 65536; ++code) all.push_back(code);
  frame::Image disparity, depth;
  ASSERT_TRUE(
      depth_to_disparity(image_of(all.size() > 0 ? 65410 : 1, all).view(), product, disparity));
  ASSERT_TRUE(depth_to_disparity(disparity.view(), product, depth));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double code = all[i];
    // Half a step of disparity, in depth, and the two roundings.
    const double allowed = 0.5 * code * code / (product - 0.5 * code) + 1;
    ASSERT_NEAR(std::min(code_at(depth, 0, i), 65535), code, allowed);
  }
}

TEST(Disparity, RefusesWhatItCannotDo) {
  EXPECT_FALSE(disparity_product(0, 0.05, 0.001));
  EXPECT_FALSE(disparity_product(600, -1, 0.001));
  EXPECT_FALSE(disparity_product(600, 0.05, 0));
  EXPECT_FALSE(disparity_product(1e300, 0.05, 1e-300));
  frame::Image out;
  EXPECT_FALSE(depth_to_disparity(depth_image(3, 3).view(), 0, out));
  EXPECT_FALSE(depth_to_disparity(noise_image(PixelFormat::Y8, 3, 3).view(), 5, out));
}

}  // namespace lenswire::filter
