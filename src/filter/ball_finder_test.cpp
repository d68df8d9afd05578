#include "filter/ball_finder.hpp"

#include <gtest/gtest.h>

namespace lenswire::filter {
namespace {

// A disc whose edge pixels are as bright as they are covered (4 x 4 samples).
frame::Image disc(PixelFormat format, double cx, double cy, double radius) {
  frame::Image image;
  image.reshape(format, 100, 80);
  const auto channels = image.stride_bytes / image.width;
  for (std::uint32_t y = 0; y < image.height; ++y)
    for (std::uint32_t x = 0; x < image.width; ++x) {
      int covered = 0;
      for (int i = 0; i < 16; ++i) {
        const double dx = x + (i % 4 - 1.5) / 4 - cx;
        const double dy = y + (i / 4 - 1.5) / 4 - cy;
        covered += dx * dx + dy * dy <= radius * radius ? 1 : 0;
      }
      for (std::uint32_t c = 0; c < channels; ++c)
        image.data[std::size_t{y} * image.stride_bytes + x * channels + c] =
            c == channels - 1 ? static_cast<std::byte>(255 * covered / 16) : std::byte{20};
    }
  return image;
}

}  // namespace

TEST(LightFinder, FindsAPlaceBetweenPixels) {
  const auto finder = make_light_finder({});
  for (const auto format : {PixelFormat::RGB8, PixelFormat::BGR8, PixelFormat::Y8}) {
    const auto image = disc(format, 40.25, 37.5, 18);
    const auto found = finder->find(image.view());
    ASSERT_TRUE(found && *found);
    EXPECT_NEAR((*found)->x_px, 40.25, 0.06);
    EXPECT_NEAR((*found)->y_px, 37.5, 0.06);
    EXPECT_NEAR((*found)->radius_px, 18, 0.5);
  }
}

TEST(LightFinder, FindsNothingInTheDarkInFullLightAndInDepth) {
  const auto finder = make_light_finder({});
  EXPECT_FALSE(finder->find(disc(PixelFormat::RGB8, 50, 40, 0).view()).value());
  EXPECT_FALSE(finder->find(disc(PixelFormat::RGB8, 50, 40, 500).view()).value());
  EXPECT_FALSE(finder->find(disc(PixelFormat::RGB8, 50, 40, 12).view()).value());
  frame::Image depth;
  depth.reshape(PixelFormat::Z16, 10, 10);
  EXPECT_FALSE(finder->find(depth.view()));
  auto cut = disc(PixelFormat::RGB8, 50, 40, 18);
  cut.data.pop_back();
  EXPECT_FALSE(finder->find(cut.view()));
}

}  // namespace lenswire::filter
