// Values that are turned into ours without the library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/realsense/realsense_source.hpp"

namespace lenswire::realsense {
namespace {

using testing::HasSubstr;

TEST(RealsenseValues, LensesKeepTheirModel) {
  Rs2Intrinsics from{640, 480, 319.5F, 240.25F, 385.5F, 385.25F, 2, {0.5F, 0.25F, 0, 0, -0.5F}};
  const auto inverse = to_intrinsics(from);
  ASSERT_TRUE(inverse);
  EXPECT_EQ(inverse->model, DistortionModel::InverseBrownConrady);
  EXPECT_EQ(inverse->cx, 319.5);
  EXPECT_EQ(inverse->cy, 240.25);
  EXPECT_EQ(inverse->fx, 385.5);
  EXPECT_EQ(inverse->fy, 385.25);
  EXPECT_EQ(inverse->distortion, (std::array<double, 8>{0.5, 0.25, 0, 0, -0.5}));

  from.model = static_cast<int>(Distortion::KannalaBrandt4);
  EXPECT_EQ(to_intrinsics(from)->model, DistortionModel::KannalaBrandt4);
  from.model = static_cast<int>(Distortion::BrownConrady);
  EXPECT_EQ(to_intrinsics(from)->model, DistortionModel::BrownConrady);
  from.model = static_cast<int>(Distortion::FTheta);
  EXPECT_FALSE(to_intrinsics(from)) << "we have no such model, and a wrong one is worse than none";
  from.model = static_cast<int>(Distortion::BrownConrady);
  std::fill(std::begin(from.coefficients), std::end(from.coefficients), 0.0F);
  EXPECT_EQ(to_intrinsics(from)->model, DistortionModel::None);
  from.fx = 0;
  EXPECT_FALSE(to_intrinsics(from)) << "not calibrated";
}

TEST(RealsenseValues, RotationsBecomeRowMajor) {
  const Rs2Extrinsics from{{1, 2, 3, 4, 5, 6, 7, 8, 9}, {0.25F, 0.5F, -1}};
  const auto out = to_extrinsics(from);
  EXPECT_EQ(out.rotation, (std::array<double, 9>{1, 4, 7, 2, 5, 8, 3, 6, 9}));
  EXPECT_EQ(out.translation_m, (std::array<double, 3>{0.25, 0.5, -1}));
}

TEST(RealsenseValues, OptionsGetNames) {
  EXPECT_EQ(snake_case("Enable Auto Exposure"), "enable_auto_exposure");
  EXPECT_EQ(snake_case("HDR (On/Off) "), "hdr_on_off");
}

TEST(RealsenseOptions, AreChecked) {
  const auto parse = [](const char* text) { return Options::parse(*base::SourceUri::parse(text)); };
  const auto refused = [&](const char* text) {
    const auto options = parse(text);
    EXPECT_FALSE(options) << text;
    return options ? std::string() : options.error().message;
  };
  const auto usual = parse("realsense:");
  ASSERT_TRUE(usual) << usual.error().message;
  EXPECT_TRUE(usual->serial.empty());
  ASSERT_EQ(usual->streams.size(), 2U);
  EXPECT_EQ(usual->streams[0].stream.name, "depth");

  const auto full = parse(
      "realsense:0123?streams=color,depth,gyro&size=1280x720&color-size=1920x1080&fps=15&"
      "format=bgr8&preset=High%20Accuracy");
  ASSERT_TRUE(full) << full.error().message;
  EXPECT_EQ(full->serial, "0123");
  EXPECT_EQ(full->streams[0].size, (PictureSize{1920, 1080}));
  EXPECT_EQ(full->streams[0].format, PixelFormat::BGR8);
  EXPECT_EQ(full->streams[1].size, (PictureSize{1280, 720}));
  EXPECT_EQ(full->streams[1].rate_hz, 15);
  EXPECT_FALSE(full->streams[1].format);
  EXPECT_FALSE(full->streams[2].rate_hz) << "fps is that of pictures";
  EXPECT_EQ(full->preset, "High Accuracy");
  EXPECT_EQ(parse("realsense:file=/tmp/a.bag?loop=0")->file, "/tmp/a.bag");

  EXPECT_THAT(refused("realsense:?streams=depth,rgb"), HasSubstr("infrared1"));
  EXPECT_THAT(refused("realsense:?streams=depth,depth"), HasSubstr("once"));
  EXPECT_THAT(refused("realsense:?streams="), HasSubstr("once"));
  EXPECT_THAT(refused("realsense:?streams=depth,"), HasSubstr("once"));
  EXPECT_THAT(refused("realsense:?loop=1"), HasSubstr("file="));
  EXPECT_THAT(refused("realsense:?streams=depth&color-size=640x480"), HasSubstr("color-size"));
  EXPECT_THAT(refused("realsense:?streams=depth&format=rgb8"), HasSubstr("option format"));
  EXPECT_THAT(refused("realsense:?size=1"), HasSubstr("WIDTHxHEIGHT"));
  EXPECT_THAT(refused("realsense:?fps=0"), HasSubstr("fps=0"));
  EXPECT_THAT(refused("realsense:?format=mjpeg"), HasSubstr("rgb8"));
  EXPECT_THAT(refused("realsense:?speed=1"), HasSubstr("color-size"));
  EXPECT_THAT(refused("realsense:file="), HasSubstr("room.bag"));
}

}  // namespace
}  // namespace lenswire::realsense
