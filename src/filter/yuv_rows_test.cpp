#include "filter/yuv_rows.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string_view>
#include <vector>

namespace lenswire::filter {
namespace {

std::vector<std::uint8_t> noise(std::size_t count) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::vector<std::uint8_t> bytes(count);
  // Many extremes, where clamping and 16-bit overflow would show.
  for (auto& byte : bytes) {
    const auto value = random();
    byte = value % 4 == 0   ? std::uint8_t{0}
           : value % 4 == 1 ? std::uint8_t{255}
                            : static_cast<std::uint8_t>(value >> 8);
  }
  return bytes;
}

}  // namespace

TEST(YuvRows, TwinsAgreeAtEveryLength) {
  for (std::size_t pairs = 0; pairs < 200; ++pairs) {
    const auto yuyv = noise(4 * pairs + 1);
    const auto luma = noise(2 * pairs + 2);
    const auto chroma = noise(2 * pairs + 3);
    for (const bool blue_first : {false, true}) {
      // One byte more than a kernel may write, to see that it does not.
      std::vector<std::uint8_t> scalar(6 * pairs + 1, 9), vector(6 * pairs + 1, 9);
      scalar_yuv_row_kernels().yuyv(yuyv.data(), pairs, blue_first, scalar.data());
      vector_yuv_row_kernels().yuyv(yuyv.data(), pairs, blue_first, vector.data());
      ASSERT_EQ(scalar, vector) << pairs;
      scalar_yuv_row_kernels().uyvy(yuyv.data(), pairs, blue_first, scalar.data());
      vector_yuv_row_kernels().uyvy(yuyv.data(), pairs, blue_first, vector.data());
      ASSERT_EQ(scalar, vector) << pairs;
      scalar_yuv_row_kernels().semi_planar(luma.data(), chroma.data(), pairs, blue_first,
                                           scalar.data());
      vector_yuv_row_kernels().semi_planar(luma.data(), chroma.data(), pairs, blue_first,
                                           vector.data());
      ASSERT_EQ(scalar, vector) << pairs;
    }
  }
}

TEST(YuvRows, TwinsAgreeOnEveryChroma) {
  constexpr std::size_t kPairs = 256;
  std::vector<std::uint8_t> row(4 * kPairs), scalar(6 * kPairs), vector(6 * kPairs);
  for (int u = 0; u < 256; ++u) {
    for (std::size_t i = 0; i < kPairs; ++i) {
      row[4 * i] = static_cast<std::uint8_t>(i);
      row[4 * i + 1] = static_cast<std::uint8_t>(u);
      row[4 * i + 2] = static_cast<std::uint8_t>(255 - i);
      row[4 * i + 3] = static_cast<std::uint8_t>(i);
    }
    scalar_yuv_row_kernels().yuyv(row.data(), kPairs, false, scalar.data());
    vector_yuv_row_kernels().yuyv(row.data(), kPairs, false, vector.data());
    ASSERT_EQ(scalar, vector) << u;
  }
}

// ctest runs this program a second time with the variable set.
TEST(YuvRows, EnvironmentChoosesTheTwin) {
  const char* force = std::getenv("LENSWIRE_FORCE_SCALAR");
  const bool scalar = force != nullptr && std::string_view(force) == "1";
  EXPECT_EQ(&yuv_row_kernels(), scalar ? &scalar_yuv_row_kernels() : &vector_yuv_row_kernels());
}

}  // namespace lenswire::filter
