#include "codec/jpeg/planar.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string_view>
#include <vector>

namespace lenswire::codec {
namespace {

std::vector<std::uint8_t> noise(std::size_t count) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

}  // namespace

TEST(Planar, SplitsByHand) {
  const std::vector<std::uint8_t> top{10, 100, 20, 200, 30, 0, 40, 255};
  const std::vector<std::uint8_t> bottom{11, 101, 21, 201, 31, 1, 41, 255};
  const auto swapped = [](std::vector<std::uint8_t> row) {
    for (std::size_t i = 0; i < row.size(); i += 2) std::swap(row[i], row[i + 1]);
    return row;
  };
  for (const auto* kernels : {&scalar_planar_kernels(), &vector_planar_kernels()}) {
    std::vector<std::uint8_t> y0(4), y1(4), u(2), v(2);
    kernels->yuyv_rows(top.data(), bottom.data(), 2, y0.data(), y1.data(), u.data(), v.data());
    EXPECT_EQ(y0, (std::vector<std::uint8_t>{10, 20, 30, 40}));
    EXPECT_EQ(y1, (std::vector<std::uint8_t>{11, 21, 31, 41}));
    EXPECT_EQ(u, (std::vector<std::uint8_t>{101, 1}));  // 100.5 and 0.5, up at half
    EXPECT_EQ(v, (std::vector<std::uint8_t>{201, 255}));
    std::vector<std::uint8_t> y2(4), y3(4), u1(2), v1(2);
    kernels->uyvy_rows(swapped(top).data(), swapped(bottom).data(), 2, y2.data(), y3.data(),
                       u1.data(), v1.data());
    EXPECT_EQ(y2, y0);
    EXPECT_EQ(y3, y1);
    EXPECT_EQ(u1, u);
    EXPECT_EQ(v1, v);
  }
}

TEST(Planar, TwinsAgreeAtEveryLength) {
  for (std::size_t pairs = 0; pairs < 300; ++pairs) {
    const auto top = noise(4 * pairs + 1);
    const auto bottom = noise(4 * pairs + 2);
    // One byte more than each kernel may write, to see that it does not.
    struct Planes {
      std::vector<std::uint8_t> y0, y1, u, v;
    };
    const auto run = [&](const PlanarKernels& kernels, auto rows) {
      Planes p{std::vector<std::uint8_t>(2 * pairs + 1, 7),
               std::vector<std::uint8_t>(2 * pairs + 1, 7), std::vector<std::uint8_t>(pairs + 1, 7),
               std::vector<std::uint8_t>(pairs + 1, 7)};
      (kernels.*rows)(top.data(), bottom.data(), pairs, p.y0.data(), p.y1.data(), p.u.data(),
                      p.v.data());
      return p;
    };
    for (const auto rows : {&PlanarKernels::yuyv_rows, &PlanarKernels::uyvy_rows}) {
      const auto scalar = run(scalar_planar_kernels(), rows);
      const auto vector = run(vector_planar_kernels(), rows);
      ASSERT_EQ(scalar.y0, vector.y0) << pairs;
      ASSERT_EQ(scalar.y1, vector.y1) << pairs;
      ASSERT_EQ(scalar.u, vector.u) << pairs;
      ASSERT_EQ(scalar.v, vector.v) << pairs;
    }

    std::vector<std::uint8_t> u0(pairs + 1, 7), v0(pairs + 1, 7), u1(pairs + 1, 7),
        v1(pairs + 1, 7);
    scalar_planar_kernels().split_chroma(top.data(), pairs, u0.data(), v0.data());
    vector_planar_kernels().split_chroma(top.data(), pairs, u1.data(), v1.data());
    ASSERT_EQ(u0, u1) << pairs;
    ASSERT_EQ(v0, v1) << pairs;
  }
}

// ctest runs this program a second time with the variable set.
TEST(Planar, EnvironmentChoosesTheTwin) {
  const char* force = std::getenv("LENSWIRE_FORCE_SCALAR");
  const bool scalar = force != nullptr && std::string_view(force) == "1";
  EXPECT_EQ(&planar_kernels(), scalar ? &scalar_planar_kernels() : &vector_planar_kernels());
}

}  // namespace lenswire::codec
