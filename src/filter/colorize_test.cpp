#include "filter/colorize.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "filter/filter_test_images.hpp"

namespace lenswire::filter {
namespace {

using Color = std::array<std::uint8_t, 3>;

frame::Image every_code() {
  frame::Image image;
  image.reshape(PixelFormat::Z16, 256, 256);
  for (int code = 0; code < 65536; ++code)
    set_code(image, static_cast<std::size_t>(code) / 256, static_cast<std::size_t>(code) % 256,
             code);
  return image;
}

// round(255 (code - lo) / (hi - lo)), half up, in long arithmetic.
std::size_t reference_index(long code, long lo, long hi) {
  const long above = std::clamp(code, lo, hi) - lo;
  return static_cast<std::size_t>((2 * 255 * above + (hi - lo)) / (2 * (hi - lo)));
}

}  // namespace

TEST(DepthColors, AreTheDocumentedOnes) {
  const auto colors = depth_colors();
  EXPECT_EQ(colors[0], (Color{130, 10, 15}));
  EXPECT_EQ(colors[32], (Color{200, 45, 10}));
  EXPECT_EQ(colors[48], (Color{223, 78, 20}));  // half way to (245, 110, 30), up
  EXPECT_EQ(colors[128], (Color{200, 235, 60}));
  EXPECT_EQ(colors[224], (Color{60, 130, 245}));
  EXPECT_EQ(colors[255], (Color{70, 43, 143}));
  // Near is warm, far is cold.
  EXPECT_GT(colors[40][0], colors[40][2]);
  EXPECT_LT(colors[240][0], colors[240][2]);
}

TEST(Colorize, EqualsTheReferenceForEveryCode) {
  const auto in = every_code();
  frame::Image out;
  struct Case {
    double unit, min_m, max_m;
    long lo, hi;
  };
  for (const auto& [unit, min_m, max_m, lo, hi] :
       {Case{0.001, kShownMinimumM, kShownMaximumM, 0, 10000}, Case{0.001, 0.3, 10, 300, 10000},
        Case{0.001, 0, 65.535, 0, 65535}, Case{0.00025, 0.3, 10, 1200, 40000},
        Case{0.001, 1, 1.001, 1000, 1001}, Case{0.0001, 0, 400, 0, 4000000},
        Case{0.001, 0.5, 0.767, 500, 767}}) {
    ASSERT_TRUE(colorize(in.view(), unit, min_m, max_m, out));
    ASSERT_EQ(out.format, PixelFormat::RGB8);
    for (long code = 0; code < 65536; ++code) {
      const auto at = static_cast<std::size_t>(code) * 3;
      const Color painted{std::to_integer<std::uint8_t>(out.data[at]),
                          std::to_integer<std::uint8_t>(out.data[at + 1]),
                          std::to_integer<std::uint8_t>(out.data[at + 2])};
      const Color expected = code == 0 ? Color{} : depth_colors()[reference_index(code, lo, hi)];
      ASSERT_EQ(painted, expected) << code << " of " << lo << ".." << hi;
    }
  }
}

TEST(Gray8, EqualsTheReferenceForEveryCode) {
  const auto in = every_code();
  frame::Image out;
  for (const auto& [max_m, hi] : {std::pair{10.0, 10000L}, std::pair{65.535, 65535L},
                                  std::pair{0.255, 255L}, std::pair{100.0, 100000L}}) {
    ASSERT_TRUE(gray8(in.view(), 0.001, max_m, out));
    ASSERT_EQ(out.format, PixelFormat::Y8);
    for (long code = 0; code < 65536; ++code)
      ASSERT_EQ(std::to_integer<std::size_t>(out.data[static_cast<std::size_t>(code)]),
                reference_index(code, 0, hi))
          << code;
  }
}

TEST(Colorize, ReadsPaddedRows) {
  auto in = noise_image(PixelFormat::Z16, 5, 3, 4);
  set_code(in, 2, 4, 300);
  frame::Image out;
  ASSERT_TRUE(colorize(in.view(), 0.001, 0.3, 10, out));
  EXPECT_EQ(byte_at(out, 2, 12), 130);
  EXPECT_EQ(byte_at(out, 2, 13), 10);
}

TEST(Colorize, RefusesNonsense) {
  const auto in = noise_image(PixelFormat::Z16, 4, 4);
  frame::Image out;
  const auto refused = [&](double unit, double min_m, double max_m) {
    const auto done = colorize(in.view(), unit, min_m, max_m, out);
    return !done && done.error().code == ErrorCode::InvalidArgument;
  };
  EXPECT_TRUE(refused(0, 0.3, 10));
  EXPECT_TRUE(refused(-0.001, 0.3, 10));
  EXPECT_TRUE(refused(std::nan(""), 0.3, 10));
  EXPECT_TRUE(refused(0.001, 1, 1));
  EXPECT_TRUE(refused(0.001, 2, 1));
  EXPECT_TRUE(refused(0.001, -1, 1));
  EXPECT_TRUE(refused(0.001, std::nan(""), 1));
  EXPECT_TRUE(refused(0.001, 0, HUGE_VAL));
  EXPECT_TRUE(refused(0.0001, 0, 401));
  EXPECT_FALSE(gray8(in.view(), 0.001, 0, out));
  EXPECT_EQ(colorize(noise_image(PixelFormat::Y16, 4, 4).view(), 0.001, 0.3, 10, out).error().code,
            ErrorCode::Unsupported);
}

}  // namespace lenswire::filter
