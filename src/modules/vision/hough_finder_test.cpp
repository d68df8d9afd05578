#include "modules/vision/hough_finder.hpp"

#include <gtest/gtest.h>

#include "base/module.hpp"

namespace lenswire::vision {
namespace {

// A blue disc on black, as the ball is drawn.
frame::Image ball(PixelFormat format, std::uint32_t cx, std::uint32_t cy) {
  frame::Image image;
  image.reshape(format, 400, 400);
  std::fill(image.data.begin(), image.data.end(), std::byte{0});
  for (std::uint32_t y = cy - 20; y <= cy + 20; ++y)
    for (std::uint32_t x = cx - 20; x <= cx + 20; ++x) {
      const int dx = static_cast<int>(x) - static_cast<int>(cx);
      const int dy = static_cast<int>(y) - static_cast<int>(cy);
      if (dx * dx + dy * dy > 400) continue;
      auto* pixel = image.data.data() + std::size_t{y} * image.stride_bytes;
      if (format == PixelFormat::Y8)
        pixel[x] = std::byte{255};
      else
        pixel[3 * std::size_t{x} + (format == PixelFormat::RGB8 ? 2 : 0)] = std::byte{255};
    }
  return image;
}

}  // namespace

TEST(HoughFinder, FindsTheBallWithinItsCoarseGrid) {
  const auto finder = make_hough_finder({});
  for (const auto format : {PixelFormat::BGR8, PixelFormat::RGB8, PixelFormat::Y8}) {
    const auto found = finder->find(ball(format, 123, 301).view());
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_TRUE(*found) << to_string(format);
    EXPECT_NEAR((*found)->x_px, 123, 4);
    EXPECT_NEAR((*found)->y_px, 301, 4);
  }
}

TEST(HoughFinder, FindsNothingInTheDarkAndRefusesDepth) {
  const auto finder = make_hough_finder({});
  frame::Image dark;
  dark.reshape(PixelFormat::BGR8, 400, 400);
  std::fill(dark.data.begin(), dark.data.end(), std::byte{0});
  EXPECT_FALSE(finder->find(dark.view()).value());
  dark.reshape(PixelFormat::Z16, 10, 10);
  EXPECT_FALSE(finder->find(dark.view()));
}

TEST(VisionModule, Loads) {
  const auto vision = base::load_module<filter::Vision>("vision");
  ASSERT_TRUE(vision) << vision.error().message;
  EXPECT_TRUE(
      (*vision)->make_hough_finder({})->find(ball(PixelFormat::BGR8, 200, 200).view()).value());
}

}  // namespace lenswire::vision
