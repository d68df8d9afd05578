#include "filter/fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <tuple>

#include "filter/filter_test_images.hpp"
#include "filter/scale.hpp"

namespace lenswire::filter {
namespace {

// The definition in real numbers; fit() may be 1 off, by its 1/256 steps.
double interpolated(const frame::Image& in, const Placement& place, std::uint32_t x,
                    std::uint32_t y, std::uint32_t channels, std::uint32_t channel) {
  const auto position = [](std::uint32_t i, std::uint32_t size, std::uint32_t old_size) {
    return std::clamp((i + 0.5) * old_size / size - 0.5, 0.0, old_size - 1.0);
  };
  const double px = position(x, place.width, in.width);
  const double py = position(y, place.height, in.height);
  const auto at = [&](double row, double column) {
    return byte_at(
        in, static_cast<std::size_t>(std::min<double>(row, in.height - 1)),
        static_cast<std::size_t>(std::min<double>(column, in.width - 1)) * channels + channel);
  };
  const double fx = px - std::floor(px);
  const double fy = py - std::floor(py);
  return (at(py, px) * (1 - fx) + at(py, px + 1) * fx) * (1 - fy) +
         (at(py + 1, px) * (1 - fx) + at(py + 1, px + 1) * fx) * fy;
}

}  // namespace

TEST(Placement, KeepsTheShapeInTheMiddle) {
  EXPECT_EQ(placement(640, 480, 512, 424), (Placement{0, 20, 512, 384}));
  EXPECT_EQ(placement(640, 480, 1920, 1080), (Placement{240, 0, 1440, 1080}));
  EXPECT_EQ(placement(1920, 1080, 1920, 1080), (Placement{0, 0, 1920, 1080}));
  EXPECT_EQ(placement(65535, 1, 10, 10), (Placement{0, 4, 10, 1}));
}

TEST(Fit, EnlargedColourIsInterpolated) {
  for (const auto format : {PixelFormat::BGR8, PixelFormat::Y8}) {
    const auto in = noise_image(format, 13, 9, 5);
    const auto channels = packed_stride(format, 1);
    frame::Image out;
    ASSERT_TRUE(fit(in.view(), 64, 30, out));
    const auto place = placement(13, 9, 64, 30);
    ASSERT_LT(place.width, 64U);
    for (std::uint32_t y = 0; y < 30; ++y)
      for (std::uint32_t x = 0; x < 64; ++x)
        for (std::uint32_t c = 0; c < channels; ++c) {
          const int got = byte_at(out, y, x * channels + c);
          if (x < place.x || x >= place.x + place.width)
            EXPECT_EQ(got, 0);
          else
            EXPECT_NEAR(got, interpolated(in, place, x - place.x, y, channels, c), 2.5);
        }
  }
}

TEST(Fit, EnlargedDepthRepeatsWhatWasMeasured) {
  const auto in = noise_image(PixelFormat::Z16, 7, 5, 2);
  frame::Image out;
  ASSERT_TRUE(fit(in.view(), 21, 20, out));
  const auto place = placement(7, 5, 21, 20);
  EXPECT_EQ(place, (Placement{0, 2, 21, 15}));
  for (std::uint32_t y = 0; y < 20; ++y)
    for (std::uint32_t x = 0; x < 21; ++x)
      EXPECT_EQ(code_at(out, y, x), y < 2 || y >= 17 ? 0 : code_at(in, (y - 2) / 3, x / 3));
}

TEST(Fit, SmallerIsWhatScaleMakes) {
  for (const auto format : {PixelFormat::RGB8, PixelFormat::Z16}) {
    const auto in = noise_image(format, 40, 20, 3);
    frame::Image scaled;
    frame::Image out;
    ASSERT_TRUE(scale(in.view(), 0.5, scaled));
    ASSERT_TRUE(fit(in.view(), 20, 10, out));
    EXPECT_EQ(out.data, scaled.data);
  }
}

TEST(Fit, TheSameSizeIsTheSamePicture) {
  const auto in = noise_image(PixelFormat::Y16, 31, 17, 6);
  frame::Image out;
  ASSERT_TRUE(fit(in.view(), 31, 17, out));
  for (std::uint32_t y = 0; y < 17; ++y)
    for (std::uint32_t x = 0; x < 31; ++x) EXPECT_EQ(code_at(out, y, x), code_at(in, y, x));
}

TEST(Fit, AnySizeIntoAnySize) {
  for (const auto& [w, h, to_w, to_h] :
       {std::tuple{1U, 1U, 9U, 7U}, {1U, 50U, 8U, 8U}, {300U, 2U, 3U, 300U}, {5U, 5U, 1U, 1U}})
    for (const auto format : {PixelFormat::BGR8, PixelFormat::Z16}) {
      frame::Image out;
      ASSERT_TRUE(fit(noise_image(format, w, h).view(), to_w, to_h, out));
      EXPECT_EQ(out.width, to_w);
      EXPECT_EQ(out.height, to_h);
      EXPECT_EQ(out.data.size(), frame_bytes(format, packed_stride(format, to_w), to_h));
    }
}

TEST(Fit, RefusesWhatItCannotFit) {
  frame::Image out;
  const auto picture = noise_image(PixelFormat::RGB8, 4, 4);
  EXPECT_EQ(fit(picture.view(), 0, 4, out).error().code, ErrorCode::InvalidArgument);
  auto cut = picture.view();
  cut.data = cut.data.first(10);
  EXPECT_EQ(fit(cut, 8, 8, out).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(fit(noise_image(PixelFormat::YUYV, 4, 4).view(), 8, 8, out).error().code,
            ErrorCode::Unsupported);
}

}  // namespace lenswire::filter
