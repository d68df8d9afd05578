#include "filter/align.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "filter/filter_test_images.hpp"
#include "filter/points.hpp"

namespace lenswire::filter {
namespace {

constexpr double kUnit = 0.001;

Intrinsics camera_of(std::uint32_t width, std::uint32_t height, double focal,
                     DistortionModel model = DistortionModel::None,
                     std::array<double, 8> bend = {}) {
  return {width, height, focal, focal * 1.01, width / 2.0 - 0.7, height / 2.0 + 0.3, model, bend};
}

// Turned by a degree or so, and to the side.
Extrinsics beside() {
  const double a = 0.01, b = -0.02;
  const std::array<double, 9> about_x{1, 0,           0,          0, std::cos(a), -std::sin(a),
                                      0, std::sin(a), std::cos(a)};
  const std::array<double, 9> about_z{
      std::cos(b), -std::sin(b), 0, std::sin(b), std::cos(b), 0, 0, 0, 1};
  return {multiply(about_x, about_z), {0.015, -0.002, 0.001}};
}

struct Point {
  double x, y, z;
};

Point in_color(const AlignedPair& pair, double x, double y, double z) {
  const auto ray = ray_of_pixel(pair.from, x, y);
  const auto& r = pair.to_from_from.rotation;
  const auto& t = pair.to_from_from.translation_m;
  const double p[3] = {ray.x * z, ray.y * z, z};
  double q[3];
  for (std::size_t i = 0; i < 3; ++i)
    q[i] = r[3 * i] * p[0] + r[3 * i + 1] * p[1] + r[3 * i + 2] * p[2] + t[i];
  return {q[0], q[1], q[2]};
}

// By the definition, in doubles. `slack` moves every border outward or inward.
std::vector<int> reference_depth(const AlignedPair& pair, const frame::Image& in, double slack) {
  const int width = static_cast<int>(pair.to.width), height = static_cast<int>(pair.to.height);
  std::vector<int> out(static_cast<std::size_t>(width * height), 0);
  for (std::uint32_t y = 0; y < in.height; ++y)
    for (std::uint32_t x = 0; x < in.width; ++x) {
      const int code = code_at(in, y, x);
      if (code == 0) continue;
      const auto a = in_color(pair, x - 0.5, y - 0.5, code * kUnit);
      const auto b = in_color(pair, x + 0.5, y + 0.5, code * kUnit);
      if (a.z <= 0.5 * kUnit || b.z <= 0.5 * kUnit) continue;
      const int moved = static_cast<int>(std::lround((a.z + b.z) / 2 / kUnit));
      const auto p = pixel_of_ray(pair.to, {a.x / a.z, a.y / a.z});
      const auto q = pixel_of_ray(pair.to, {b.x / b.z, b.y / b.z});
      const double grown = 0.125 + slack;
      const int left = static_cast<int>(std::ceil(std::min(p.x, q.x) - grown));
      const int right = static_cast<int>(std::floor(std::max(p.x, q.x) + grown));
      const int top = static_cast<int>(std::ceil(std::min(p.y, q.y) - grown));
      const int bottom = static_cast<int>(std::floor(std::max(p.y, q.y) + grown));
      for (int v = std::max(top, 0); v <= std::min(bottom, height - 1); ++v)
        for (int u = std::max(left, 0); u <= std::min(right, width - 1); ++u) {
          auto& pixel = out[static_cast<std::size_t>(v * width + u)];
          if (pixel == 0 || moved < pixel) pixel = moved;
        }
    }
  return out;
}

struct Setup {
  const char* name;
  AlignedPair pair;
};

std::vector<Setup> setups() {
  const std::array<double, 8> brown{-0.06, 0.07, 0.0006, -0.0004, -0.02, 0, 0, 0};
  const std::array<double, 8> rational{0.5, -2.6, 0.0006, -0.0003, 1.5, 0.4, -2.4, 1.4};
  const std::array<double, 8> fisheye{0.05, -0.01, 0.002, 0.0005, 0, 0, 0, 0};
  const auto depth = camera_of(96, 64, 70);
  return {
      {"straight", {depth, camera_of(96, 64, 98), beside()}},
      {"magnified", {camera_of(53, 37, 40), camera_of(200, 150, 190), beside()}},
      {"made smaller", {depth, camera_of(41, 23, 33), beside()}},
      {"upside down", {depth, camera_of(96, 64, 98), {{-1, 0, 0, 0, -1, 0, 0, 0, 1}, {}}}},
      {"bent depth",
       {camera_of(96, 64, 70, DistortionModel::BrownConrady, rational), camera_of(96, 64, 98),
        beside()}},
      {"bent colour",
       {depth, camera_of(96, 64, 98, DistortionModel::BrownConrady, brown), beside()}},
      {"rational colour",
       {depth, camera_of(96, 64, 98, DistortionModel::BrownConrady, rational), beside()}},
      {"inverse colour",
       {depth, camera_of(96, 64, 98, DistortionModel::InverseBrownConrady, brown), beside()}},
      {"fisheye colour",
       {camera_of(96, 64, 70, DistortionModel::InverseBrownConrady, brown),
        camera_of(96, 64, 60, DistortionModel::KannalaBrandt4, fisheye), beside()}},
  };
}

}  // namespace

TEST(Lens, PixelsAndRaysAreInverse) {
  for (const auto& setup : setups())
    for (const auto& camera : {setup.pair.from, setup.pair.to})
      for (const double x : {-0.5, 10.25, camera.width - 0.5})
        for (const double y : {-0.5, 20.0, camera.height - 0.5}) {
          const auto pixel = pixel_of_ray(camera, ray_of_pixel(camera, x, y));
          EXPECT_NEAR(pixel.x, x, 1e-4) << setup.name;
          EXPECT_NEAR(pixel.y, y, 1e-4) << setup.name;
        }
}

TEST(Lens, BetweenTwoStreams) {
  const auto depth = beside();
  Extrinsics color{{0, -1, 0, 1, 0, 0, 0, 0, 1}, {0.1, 0.2, 0.3}};
  const auto color_from_depth = between(depth, color);
  // A point of the depth camera, through the reference frame by hand.
  const double p[3] = {0.3, -0.2, 1.5};
  for (std::size_t i = 0; i < 3; ++i) {
    double direct = color_from_depth.translation_m[i], by_hand = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      direct += color_from_depth.rotation[3 * i + j] * p[j];
      double reference = depth.translation_m[j] - color.translation_m[j];
      for (std::size_t k = 0; k < 3; ++k) reference += depth.rotation[3 * j + k] * p[k];
      by_hand += color.rotation[3 * j + i] * reference;  // transposed
    }
    EXPECT_NEAR(direct, by_hand, 1e-12);
  }
}

TEST(Align, SameCameraChangesNothing) {
  const auto camera = camera_of(75, 31, 60);
  const auto in = depth_image(75, 31, 3);
  auto align = DepthToColor::make({camera, camera, {}}, kUnit);
  ASSERT_TRUE(align);
  frame::Image out;
  ASSERT_TRUE(align->run(in.view(), out));
  EXPECT_EQ(codes_of(out), codes_of(in));
}

TEST(Align, DepthLiesWhereTheDefinitionSays) {
  for (const auto& setup : setups()) {
    for (const std::uint32_t padding : {0U, 1U}) {
      const auto in = depth_image(setup.pair.from.width, setup.pair.from.height, padding);
      auto align = DepthToColor::make(setup.pair, kUnit);
      ASSERT_TRUE(align) << setup.name;
      frame::Image out;
      ASSERT_TRUE(align->run(in.view(), out));
      ASSERT_EQ(out.width, setup.pair.to.width);
      // 32-bit floats may see a border that passes within 0.01 px of a centre the other way.
      const auto wide = reference_depth(setup.pair, in, 0.01);
      const auto narrow = reference_depth(setup.pair, in, -0.01);
      const auto codes = codes_of(out);
      std::size_t covered = 0, differ = 0;
      for (std::size_t i = 0; i < codes.size(); ++i) {
        covered += codes[i] != 0;
        if (narrow[i] != 0) {
          ASSERT_NE(codes[i], 0) << setup.name << " at " << i;
        }
        if (wide[i] == 0) {
          ASSERT_EQ(codes[i], 0) << setup.name << " at " << i;
        }
        differ += std::abs(codes[i] - narrow[i]) > 1 && std::abs(codes[i] - wide[i]) > 1;
      }
      EXPECT_GT(covered, codes.size() / 3) << setup.name;
      EXPECT_LT(differ, codes.size() / 500 + 2) << setup.name;
    }
  }
}

TEST(Align, AMagnifiedSurfaceHasNoHoles) {
  const AlignedPair pair{camera_of(53, 37, 40), camera_of(200, 150, 190), beside()};
  frame::Image in = depth_image(53, 37, 0, 0);
  for (std::uint32_t y = 0; y < 37; ++y)
    for (std::uint32_t x = 0; x < 53; ++x)  // a steep slope: 40 mm from row to row
      set_code(in, y, x, 900 + static_cast<int>(40 * y + 3 * x));
  auto align = DepthToColor::make(pair, kUnit);
  ASSERT_TRUE(align);
  frame::Image out;
  ASSERT_TRUE(align->run(in.view(), out));
  for (std::size_t y = 10; y < 140; ++y)
    for (std::size_t x = 10; x < 190; ++x) ASSERT_NE(code_at(out, y, x), 0) << x << ',' << y;
}

TEST(Align, TheNearestWins) {
  // Two pixels of one row whose points fall into the same colour pixel.
  const auto depth = camera_of(40, 1, 20);
  const AlignedPair pair{depth, depth, {{1, 0, 0, 0, 1, 0, 0, 0, 1}, {0.1, 0, 0}}};
  auto align = DepthToColor::make(pair, kUnit);
  ASSERT_TRUE(align);
  frame::Image in = image_of(40, std::vector<int>(40, 2000)), out;
  set_code(in, 0, 10, 500);  // moved by 20 * 0.1 / 0.5 = 4 px; the others by 1
  ASSERT_TRUE(align->run(in.view(), out));
  EXPECT_EQ(code_at(out, 0, 14), 500);
  EXPECT_EQ(code_at(out, 0, 13), 2000);
  EXPECT_EQ(code_at(out, 0, 11), 0);  // nobody saw what is behind
  EXPECT_EQ(code_at(out, 0, 0), 0);
}

TEST(Align, TheTwinsDrawAlmostTheSame) {
  for (const auto& setup : setups()) {
    const auto& pair = setup.pair;
    // Through make(), so that the tables are those in use; the row kernels by hand.
    const std::size_t width = pair.from.width;
    std::array<double, 9> lens{1, 0, 0, 0, 1, 0, 0, 0, 1};
    Projection to;
    to.straight = !bends(pair.to);
    if (to.straight) lens = {pair.to.fx, 0, pair.to.cx, 0, pair.to.fy, pair.to.cy, 0, 0, 1};
    to.camera = pair.to;
    to.fx = static_cast<float>(pair.to.fx);
    to.fy = static_cast<float>(pair.to.fy);
    to.cx = static_cast<float>(pair.to.cx);
    to.cy = static_cast<float>(pair.to.cy);
    to.width = static_cast<std::int32_t>(pair.to.width);
    to.height = static_cast<std::int32_t>(pair.to.height);
    for (std::size_t i = 0; i < 8; ++i) to.bend[i] = static_cast<float>(pair.to.distortion[i]);
    const RayRows rays(pair.from, -0.5, width + 1, 2, multiply(lens, pair.to_from_from.rotation));
    const auto upper = rays.row(0), lower = rays.row(1);
    std::vector<std::uint16_t> depth(width);
    for (std::size_t i = 0; i < width; ++i)
      depth[i] = static_cast<std::uint16_t>(i % 6 == 0 ? 0 : 400 + 50 * i);
    std::vector<std::uint16_t> a(5 * width), b(5 * width);
    const auto prints = [&](std::vector<std::uint16_t>& v) {
      return Footprints{v.data(), v.data() + width, v.data() + 2 * width, v.data() + 3 * width,
                        v.data() + 4 * width};
    };
    scalar_projection_row_kernels().footprints(depth.data(), width, upper, lower, to, prints(a));
    vector_projection_row_kernels().footprints(depth.data(), width, upper, lower, to, prints(b));
    std::size_t differ = 0;
    for (std::size_t i = 0; i < width; ++i)
      for (std::size_t k = 0; k < 5; ++k)
        differ += (k == 4 || a[4 * width + i] != 0xffff) && a[k * width + i] != b[k * width + i];
    EXPECT_LE(differ, 2U) << setup.name;
    std::vector<std::int32_t> c(width), d(width);
    scalar_projection_row_kernels().places(depth.data(), width, upper, to, c.data());
    vector_projection_row_kernels().places(depth.data(), width, upper, to, d.data());
    differ = 0;
    for (std::size_t i = 0; i < width; ++i) differ += c[i] != d[i];
    EXPECT_LE(differ, 1U) << setup.name;
  }
}

TEST(Align, ExtremeCalibrationsNeitherHangNorReadElsewhere) {
  const auto in = depth_image(64, 48, 1, 0);
  frame::Image out;
  for (const double focal : {1e-3, 1.0, 1e5, 1e300})
    for (const double shift : {0.0, -0.7, 0.7, 1000.0})
      for (const double bend : {0.0, 1e3, -1e3}) {
        auto depth = camera_of(64, 48, focal);
        auto color = camera_of(80, 60, 50, DistortionModel::BrownConrady, {bend, bend, bend});
        for (const auto& pair :
             {AlignedPair{depth, color, {beside().rotation, {0, 0, shift}}},
              AlignedPair{color, depth, {beside().rotation, {shift, 0, shift}}}}) {
          auto align = DepthToColor::make(pair, kUnit);
          auto back = ColorToDepth::make(pair, kUnit);
          if (!align || !back) continue;
          const auto from = depth_image(pair.from.width, pair.from.height, 0, 0);
          EXPECT_TRUE(align->run(from.view(), out));
          EXPECT_TRUE(
              back->run(from.view(),
                        noise_image(PixelFormat::RGB8, pair.to.width, pair.to.height).view(), out));
        }
      }
  auto bad = camera_of(64, 48, 50);
  bad.fx = 0;
  EXPECT_FALSE(DepthToColor::make({bad, camera_of(9, 9, 9), {}}, kUnit));
  bad.fx = NAN;
  EXPECT_FALSE(DepthToColor::make({camera_of(9, 9, 9), bad, {}}, kUnit));
  EXPECT_FALSE(DepthToColor::make({camera_of(9, 9, 9), camera_of(9, 9, 9), {}}, 0));
  EXPECT_FALSE(DepthToColor::make({camera_of(0, 9, 9), camera_of(9, 9, 9), {}}, kUnit));
  EXPECT_FALSE(DepthToColor::make({camera_of(9, 9, 9), camera_of(32000, 32000, 9), {}}, kUnit));
  auto fine = DepthToColor::make({camera_of(9, 9, 9), camera_of(9, 9, 9), {}}, kUnit);
  ASSERT_TRUE(fine);
  EXPECT_FALSE(fine->run(in.view(), out));  // another size
  EXPECT_FALSE(fine->run(noise_image(PixelFormat::Y16, 9, 9).view(), out));
}

TEST(Align, EveryDepthPixelGetsTheColourOfItsPoint) {
  for (const auto& setup : setups()) {
    const auto& pair = setup.pair;
    const auto depth = depth_image(pair.from.width, pair.from.height, 2);
    auto align = ColorToDepth::make(pair, kUnit);
    ASSERT_TRUE(align);
    for (const auto format : {PixelFormat::RGB8, PixelFormat::Y8}) {
      const std::size_t channels = format == PixelFormat::Y8 ? 1 : 3;
      const auto color = noise_image(format, pair.to.width, pair.to.height, 5);
      frame::Image out;
      ASSERT_TRUE(align->run(depth.view(), color.view(), out));
      ASSERT_EQ(out.width, depth.width);
      std::size_t differ = 0;
      for (std::uint32_t y = 0; y < depth.height; ++y)
        for (std::uint32_t x = 0; x < depth.width; ++x) {
          const int code = code_at(depth, y, x);
          const auto point = in_color(pair, x, y, code * kUnit);
          const auto pixel = pixel_of_ray(pair.to, {point.x / point.z, point.y / point.z});
          const double u = std::floor(pixel.x + 0.5), v = std::floor(pixel.y + 0.5);
          const bool inside = code != 0 && u >= 0 && v >= 0 && u < color.width && v < color.height;
          for (std::size_t c = 0; c < channels; ++c)
            differ += byte_at(out, y, channels * x + c) !=
                      (inside ? byte_at(color, static_cast<std::size_t>(v),
                                        channels * static_cast<std::size_t>(u) + c)
                              : 0);
        }
      EXPECT_LE(differ, depth.data.size() / 500) << setup.name;
    }
    frame::Image out;
    EXPECT_FALSE(align->run(depth.view(), noise_image(PixelFormat::RGB8, 3, 3).view(), out));
    EXPECT_FALSE(align->run(
        depth.view(), noise_image(PixelFormat::YUYV, pair.to.width, pair.to.height).view(), out));
  }
}

TEST(Align, NeedsToKnowHowTheCamerasStand) {
  StreamProfile depth, color;
  depth.stream = "depth";
  color.stream = "color";
  EXPECT_FALSE(AlignedPair::of(depth, color));
  depth.intrinsics = camera_of(9, 9, 9);
  const auto lacks = AlignedPair::of(depth, color);
  ASSERT_FALSE(lacks);
  EXPECT_NE(lacks.error().message.find("'color'"), std::string::npos);
  color.intrinsics = camera_of(9, 9, 9);
  EXPECT_FALSE(AlignedPair::of(depth, color));
  color.reference_from_stream = Extrinsics{{1, 0, 0, 0, 1, 0, 0, 0, 1}, {0.025, 0, 0}};
  const auto pair = AlignedPair::of(depth, color);
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->to_from_from.translation_m[0], -0.025);
}

TEST(Points, AreMetresAlongTheRays) {
  for (const auto& setup : setups()) {
    const auto& camera = setup.pair.from;
    auto cloud = PointCloud::make(camera, 0.00025);
    ASSERT_TRUE(cloud);
    const auto in = depth_image(camera.width, camera.height, 1);
    frame::Image out;
    ASSERT_TRUE(cloud->run(in.view(), out));
    ASSERT_EQ(out.format, PixelFormat::XYZ32F);
    for (std::uint32_t y = 0; y < in.height; ++y)
      for (std::uint32_t x = 0; x < in.width; ++x) {
        std::array<float, 3> point{};
        std::memcpy(point.data(), out.data.data() + y * out.stride_bytes + 12 * std::size_t{x}, 12);
        const int code = code_at(in, y, x);
        if (code == 0) {
          for (const float value : point) ASSERT_TRUE(std::isnan(value));
          continue;
        }
        const auto ray = ray_of_pixel(camera, x, y);
        const double z = code * 0.00025;
        ASSERT_NEAR(point[0], ray.x * z, 1e-5) << setup.name;
        ASSERT_NEAR(point[1], ray.y * z, 1e-5) << setup.name;
        ASSERT_NEAR(point[2], z, 1e-6) << setup.name;
      }
  }
  EXPECT_FALSE(PointCloud::make(camera_of(4, 4, 0), kUnit));
  EXPECT_FALSE(PointCloud::make(camera_of(4, 4, 4), -1));
  auto cloud = PointCloud::make(camera_of(4, 4, 4), kUnit);
  frame::Image out;
  EXPECT_FALSE(cloud->run(depth_image(5, 4).view(), out));
}

}  // namespace lenswire::filter
