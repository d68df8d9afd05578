#include <lenswire/stream_profile.hpp>

#include <gtest/gtest.h>

namespace lenswire {

TEST(CalibrationVersion, ChangesWithEveryNumberAndOnlyWithThose) {
  StreamProfile profile;
  EXPECT_EQ(calibration_version(profile), 0U);
  profile.intrinsics = Intrinsics{640, 480, 600, 601, 320, 240, DistortionModel::None, {}};
  const auto first = calibration_version(profile);
  EXPECT_NE(first, 0U);
  profile.rate_hz = 15;
  EXPECT_EQ(calibration_version(profile), first);
  profile.intrinsics->distortion[4] = 1e-9;
  const auto second = calibration_version(profile);
  EXPECT_NE(second, first);
  profile.reference_from_stream = Extrinsics{};
  EXPECT_NE(calibration_version(profile), second);
}

TEST(Intrinsics, FollowACropAndAScale) {
  const Intrinsics camera{640, 480, 600, 600, 319.5, 239.5, DistortionModel::None, {}};
  const auto half = camera.cropped_and_scaled(0, 0, 640, 480, 320, 240);
  EXPECT_DOUBLE_EQ(half.cx, 159.5);
  EXPECT_DOUBLE_EQ(half.fy, 300);
  const auto crop = camera.cropped_and_scaled(100, 50, 200, 100, 200, 100);
  EXPECT_DOUBLE_EQ(crop.cx, 219.5);
  EXPECT_DOUBLE_EQ(crop.cy, 189.5);
}

}  // namespace lenswire
