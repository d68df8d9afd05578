#include "cli/point_cloud.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string_view>

namespace lenswire::cli {
namespace {

// A depth picture with 1 m everywhere but at (0, 0).
Frame frame_of(const Intrinsics& camera) {
  StreamProfile profile;
  profile.stream = "depth";
  profile.kind = StreamKind::Depth;
  profile.format = PixelFormat::Z16;
  profile.width = camera.width;
  profile.height = camera.height;
  profile.depth_unit_m = 0.001;
  profile.intrinsics = camera;
  Frame frame;
  frame.profile = std::make_shared<const StreamProfile>(profile);
  frame.stride_bytes = camera.width * 2;
  std::vector<std::uint16_t> pixels(std::size_t{camera.width} * camera.height, 1000);
  pixels[0] = kNoDepth;
  frame.data.resize(pixels.size() * 2);
  std::memcpy(frame.data.data(), pixels.data(), frame.data.size());
  return frame;
}

}  // namespace

TEST(PointCloud, PutsPixelsWhereThePinholeSaysAndSkipsHoles) {
  const Intrinsics camera{4, 2, 100, 200, 1.5, 0.5, DistortionModel::None, {}};
  const auto points = PointMaker().points(frame_of(camera));
  ASSERT_TRUE(points);
  ASSERT_EQ(points->size(), 7U);
  const auto& last = points->back();
  EXPECT_FLOAT_EQ(last[0], 1.5F / 100);
  EXPECT_FLOAT_EQ(last[1], 0.5F / 200);
  EXPECT_FLOAT_EQ(last[2], 1);
}

TEST(PointCloud, UndoesBrownsLens) {
  const Intrinsics camera{64,
                          48,
                          60,
                          60,
                          31.5,
                          23.5,
                          DistortionModel::BrownConrady,
                          {-0.1, 0.02, 0.001, -0.002, 0.003}};
  const auto points = PointMaker().points(frame_of(camera));
  ASSERT_TRUE(points);
  // Distorting the point again leads back to its pixel: the last one is (63, 47).
  const auto& p = points->back();
  const double x = p[0] / p[2];
  const double y = p[1] / p[2];
  const double r2 = x * x + y * y;
  const double radial = 1 - 0.1 * r2 + 0.02 * r2 * r2 + 0.003 * r2 * r2 * r2;
  const double u = x * radial + 2 * 0.001 * x * y - 0.002 * (r2 + 2 * x * x);
  const double v = y * radial + 0.001 * (r2 + 2 * y * y) - 2 * 0.002 * x * y;
  EXPECT_NEAR(u * 60 + 31.5, 63, 1e-3);
  EXPECT_NEAR(v * 60 + 23.5, 47, 1e-3);
}

TEST(PointCloud, UndoesAFisheye) {
  const Intrinsics camera{
      64, 48, 60, 60, 31.5, 23.5, DistortionModel::KannalaBrandt4, {0.05, -0.01, 0.002, 0.0005}};
  const auto points = PointMaker().points(frame_of(camera));
  ASSERT_TRUE(points);
  const auto& p = points->back();
  const double angle = std::atan(std::hypot(p[0], p[1]) / p[2]);
  const double a2 = angle * angle;
  const double radius = angle * (1 + a2 * (0.05 + a2 * (-0.01 + a2 * (0.002 + a2 * 0.0005))));
  EXPECT_NEAR(radius * 60, std::hypot(31.5, 23.5), 1e-3);
}

TEST(PointCloud, NeedsCalibration) {
  auto frame = frame_of({4, 2, 100, 100, 2, 1, DistortionModel::None, {}});
  auto profile = *frame.profile;
  profile.intrinsics.reset();
  frame.profile = std::make_shared<const StreamProfile>(profile);
  const auto points = PointMaker().points(frame);
  ASSERT_FALSE(points);
  EXPECT_NE(points.error().message.find("calibration"), std::string::npos);
}

TEST(PointCloud, WritesPly) {
  const auto file = to_ply({{1, 2, 3}, {4, 5, 6}});
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  EXPECT_TRUE(text.starts_with("ply\nformat binary_little_endian 1.0\nelement vertex 2\n"));
  const auto header = text.find("end_header\n") + 11;
  ASSERT_EQ(file.size(), header + 24);
  float last = 0;
  std::memcpy(&last, file.data() + file.size() - 4, 4);
  EXPECT_EQ(last, 6);
}

}  // namespace lenswire::cli
