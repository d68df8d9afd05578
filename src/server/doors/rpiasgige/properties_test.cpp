#include "server/doors/rpiasgige/properties.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace lenswire::server::rpiasgige {
namespace {

constexpr PictureSize kVga{640, 480};
const std::vector<PictureSize> kWebcam = {{640, 480}, {320, 240}, {1280, 720}, {1280, 960}};

TEST(RpiasgigeSize, KeepsTheProportionsWhereNothingElseIsKnown) {
  EXPECT_EQ(choose_size(kWidth, 320, kVga, {}, {}), (PictureSize{320, 240}));
  EXPECT_EQ(choose_size(kHeight, 240, kVga, {}, {}), (PictureSize{320, 240}));
  EXPECT_EQ(choose_size(kWidth, 320, kVga, {}, kWebcam), (PictureSize{320, 240}));
}

TEST(RpiasgigeSize, TheOtherSideThatWasSetStays) {
  EXPECT_EQ(choose_size(kWidth, 320, kVga, 480, {}), (PictureSize{320, 480}));
  EXPECT_EQ(choose_size(kHeight, 720, {1280, 960}, 1280, kWebcam), (PictureSize{1280, 720}));
}

TEST(RpiasgigeSize, WhatIsNotOfferedIsNotChosen) {
  EXPECT_EQ(choose_size(kWidth, 320, kVga, 480, kWebcam), (PictureSize{320, 240}));
  EXPECT_EQ(choose_size(kWidth, 800, kVga, {}, kWebcam), std::nullopt);
  EXPECT_EQ(choose_size(kHeight, 720, kVga, {}, kWebcam), (PictureSize{1280, 720}));
}

TEST(RpiasgigeSize, OfSeveralTheNearestProportionsWin) {
  EXPECT_EQ(choose_size(kWidth, 1280, {640, 360}, {}, kWebcam), (PictureSize{1280, 720}));
  EXPECT_EQ(choose_size(kWidth, 1280, {640, 400}, {}, kWebcam), (PictureSize{1280, 720}));
  EXPECT_EQ(choose_size(kWidth, 320, {0, 0}, {}, kWebcam), (PictureSize{320, 240}));
}

TEST(RpiasgigeProperty, PixelsAreWholeAndWithinReason) {
  EXPECT_EQ(pixels_from(320), 320U);
  for (const double bad : {0.0, -1.0, 16385.0, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity()})
    EXPECT_EQ(pixels_from(bad), std::nullopt) << bad;
  EXPECT_EQ(pixels_from(16384), 16384U);
}

TEST(RpiasgigeProperty, FourccsAreThoseLenswireReads) {
  EXPECT_EQ(format_from(1196444237.0), PixelFormat::MJPEG);
  EXPECT_EQ(format_from(1448695129.0), PixelFormat::YUYV);
  for (const double bad : {0.0, -1.0, 0.5, 1e12, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_EQ(format_from(bad), std::nullopt) << bad;
}

TEST(RpiasgigeProperty, FindsAControlByItsOldAndNewName) {
  Control focus;
  focus.name = "focus_auto";
  focus.type = ControlType::Boolean;
  focus.value = true;
  const std::vector<Control> controls = {focus};
  ASSERT_NE(find_control(39, controls), nullptr);
  EXPECT_EQ(number_from(*find_control(39, controls)), 1);
  EXPECT_EQ(find_control(28, controls), nullptr);
  EXPECT_EQ(find_control(9999, controls), nullptr);
}

TEST(RpiasgigeProperty, ValuesTakeTheControlsType) {
  Control control;
  control.type = ControlType::Integer;
  EXPECT_EQ(control_value_from(control, 31.6), ControlValue(std::int64_t{32}));
  control.type = ControlType::Boolean;
  EXPECT_EQ(control_value_from(control, 2), ControlValue(true));
  control.type = ControlType::Real;
  EXPECT_EQ(control_value_from(control, 0.25), ControlValue(0.25));
  EXPECT_EQ(control_value_from(control, std::numeric_limits<double>::quiet_NaN()), std::nullopt);
  control.type = ControlType::Text;
  EXPECT_EQ(control_value_from(control, 1), std::nullopt);
}

TEST(RpiasgigeProperty, PicturesHaveOpenCvsTypes) {
  EXPECT_EQ(opencv_type(PixelFormat::BGR8), 16);
  EXPECT_EQ(opencv_type(PixelFormat::Z16), 2);
  EXPECT_EQ(opencv_type(PixelFormat::MJPEG), std::nullopt);
}

}  // namespace
}  // namespace lenswire::server::rpiasgige
