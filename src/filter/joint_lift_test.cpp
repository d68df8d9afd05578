#include "filter/joint_lift.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

namespace lenswire::filter {
namespace {

constexpr std::uint32_t kWidth = 160;
constexpr std::uint32_t kHeight = 120;
constexpr double kBaseline = 0.05;

/// Two cameras with parallel axes, the colour camera to the right; a wall at 4 m, and before it
/// what the test puts there.
struct Scene {
  std::vector<std::uint16_t> raw = std::vector<std::uint16_t>(kWidth * kHeight, 4000);
  DepthScene scene;

  Scene() {
    scene.depth_camera = {kWidth, kHeight, 100, 100, 80, 60, DistortionModel::None, {}};
    scene.color_camera = {320, 240, 250, 250, 160, 120, DistortionModel::None, {}};
    scene.depth_from_color.translation_m = {kBaseline, 0, 0};
    scene.depth = {PixelFormat::Z16, kWidth, kHeight, kWidth * 2,
                   std::as_bytes(std::span<const std::uint16_t>(raw))};
  }
  void paint(int x0, int y0, int x1, int y1, std::uint16_t mm) {
    for (int y = y0; y < y1; ++y)
      for (int x = x0; x < x1; ++x)
        raw[static_cast<std::size_t>(y) * kWidth + static_cast<std::size_t>(x)] = mm;
  }
  /// Where the colour camera sees a point of the depth camera's frame.
  [[nodiscard]] std::array<double, 2> in_color(double x, double y, double z) const {
    const auto& c = scene.color_camera;
    return {(x - kBaseline) / z * c.fx + c.cx, y / z * c.fy + c.cy};
  }
};

}  // namespace

TEST(JointLift, FindsTheSurfaceThatTheColourCameraSees) {
  Scene s;
  s.paint(70, 40, 100, 90, 1500);
  const auto lift = JointLift::make(s.scene);
  ASSERT_TRUE(lift);
  // The middle of the near thing.
  const double x = (85 - 80) / 100.0 * 1.5;
  const double y = (65 - 60) / 100.0 * 1.5;
  const auto [u, v] = s.in_color(x, y, 1.5);
  const auto at = lift->surface(u, v);
  ASSERT_TRUE(at);
  EXPECT_NEAR(at->x_m, x, 0.002);
  EXPECT_NEAR(at->y_m, y, 0.002);
  EXPECT_NEAR(at->z_m, 1.5, 0.001);
  // The wall beside it.
  const auto [wall_u, wall_v] = s.in_color(1.5, 0.5, 4);
  const auto wall = lift->surface(wall_u, wall_v);
  ASSERT_TRUE(wall);
  EXPECT_NEAR(wall->x_m, 1.5, 0.002);
  EXPECT_NEAR(wall->z_m, 4, 0.001);
}

TEST(JointLift, TakesTheMedianOfThePatch) {
  Scene s;
  s.paint(60, 40, 110, 90, 1500);
  s.paint(80, 64, 90, 65, 1530);   // noise, less than half
  s.raw[65 * kWidth + 85] = 1400;  // one that is far off
  const auto lift = JointLift::make(s.scene);
  ASSERT_TRUE(lift);
  const auto [u, v] = s.in_color(0.075, 0.075, 1.5);
  const auto at = lift->surface(u, v);
  ASSERT_TRUE(at);
  EXPECT_NEAR(at->z_m, 1.5, 0.001);
}

// A wrist is thinner than the patch.
TEST(JointLift, KeepsAThinLimbApartFromTheWallBehind) {
  Scene s;
  s.paint(84, 30, 87, 100, 1500);
  const auto lift = JointLift::make(s.scene);
  ASSERT_TRUE(lift);
  const auto [u, v] = s.in_color(0.075, 0.06, 1.5);
  const auto at = lift->surface(u, v);
  ASSERT_TRUE(at);
  EXPECT_NEAR(at->z_m, 1.5, 0.001);
}

TEST(JointLift, LooksBesideAHole) {
  Scene s;
  s.paint(60, 40, 110, 90, 1500);
  s.paint(84, 64, 87, 67, 0);
  const auto lift = JointLift::make(s.scene);
  ASSERT_TRUE(lift);
  const auto [u, v] = s.in_color(0.075, 0.075, 1.5);
  ASSERT_TRUE(lift->surface(u, v));
  EXPECT_NEAR(lift->surface(u, v)->z_m, 1.5, 0.001);
  s.paint(0, 0, static_cast<int>(kWidth), static_cast<int>(kHeight), 0);
  EXPECT_FALSE(lift->surface(u, v));
}

TEST(JointLift, TurnsWithTheCameras) {
  Scene s;
  // A quarter turn about the optical axis: the colour camera lies on its side.
  s.scene.depth_from_color.rotation = {0, -1, 0, 1, 0, 0, 0, 0, 1};
  s.scene.depth_from_color.translation_m = {};
  s.paint(70, 40, 100, 90, 1500);
  const auto lift = JointLift::make(s.scene);
  ASSERT_TRUE(lift);
  // x_depth = -y_color, y_depth = x_color.
  const double x = 0.075;
  const double y = 0.15;
  const auto at = lift->surface(y / 1.5 * 250 + 160, -x / 1.5 * 250 + 120);
  ASSERT_TRUE(at);
  EXPECT_NEAR(at->x_m, x, 0.002);
  EXPECT_NEAR(at->y_m, y, 0.002);
}

// The numbers are OpenCV's: undistortPoints() and fisheye::undistortPoints() of the depth pixel,
// projectPoints() into the colour picture. Without its lens that pixel would be up to 23 px away.
TEST(JointLift, LooksThroughBothLenses) {
  struct Place {
    int depth_x, depth_y;
    double x, y;  // in metres at 1.5 m
    double u, v;  // in the colour picture
  };
  const auto check = [](const Intrinsics& depth_camera, std::initializer_list<Place> places) {
    Scene s;
    s.scene.depth_camera = depth_camera;
    s.scene.color_camera = {320,
                            240,
                            190,
                            190,
                            160,
                            120,
                            DistortionModel::BrownConrady,
                            {-0.18, 0.04, 0.002, 0.001, 0}};
    for (const auto& place : places)
      s.paint(place.depth_x - 6, place.depth_y - 6, place.depth_x + 7, place.depth_y + 7, 1500);
    const auto lift = JointLift::make(s.scene);
    ASSERT_TRUE(lift);
    for (const auto& place : places) {
      const auto at = lift->surface(place.u, place.v);
      ASSERT_TRUE(at) << place.depth_x << ", " << place.depth_y;
      EXPECT_NEAR(at->x_m, place.x, 0.0005);
      EXPECT_NEAR(at->y_m, place.y, 0.0005);
      EXPECT_NEAR(at->z_m, 1.5, 0.0005);
    }
  };
  check({kWidth,
         kHeight,
         100,
         100,
         80,
         60,
         DistortionModel::BrownConrady,
         {-0.28, 0.07, 0.001, -0.0008, 0.01}},
        {{85, 65, 0.07511, 0.0751, 163.18, 129.511},
         {16, 14, -1.19139, -0.85913, 25.787, 27.367},
         {140, 100, 1.08066, 0.71838, 277.199, 201.862},
         {24, 104, -0.9973, 0.78312, 42.478, 208.274}});
  check({kWidth,
         kHeight,
         100,
         100,
         80,
         60,
         DistortionModel::KannalaBrandt4,
         {-0.05, 0.01, -0.004, 0.001}},
        {{85, 65, 0.07514, 0.07514, 163.185, 129.517},
         {16, 14, -1.28512, -0.92368, 18.202, 22.19},
         {140, 100, 1.13855, 0.75903, 282.464, 205.586},
         {24, 104, -1.0554, 0.82924, 37.396, 212.418}});
}

TEST(JointLift, GoesIntoTheBodyAndLeavesTheUnseen) {
  Scene s;
  s.paint(60, 20, 110, 110, 2000);
  const auto lift = JointLift::make(s.scene);
  ASSERT_TRUE(lift);
  Person person;
  auto& hip = person.joints[static_cast<std::size_t>(JointId::LeftHip)];
  const auto [u, v] = s.in_color(0.1, 0.1, 2);
  hip = {static_cast<float>(u), static_cast<float>(v), {}, 0.9F};
  auto& nose = person.joints[static_cast<std::size_t>(JointId::Nose)];
  nose = hip;
  auto& knee = person.joints[static_cast<std::size_t>(JointId::LeftKnee)];
  knee = hip;
  knee.confidence = 0.1F;
  lift->lift(person);
  EXPECT_NEAR(nose.position.z_m, 2, 0.001);
  EXPECT_NEAR(hip.position.z_m, 2.08, 0.002);
  EXPECT_FALSE(knee.position.known());
}

TEST(JointLift, DropsAJointThatFellThroughToTheWall) {
  Scene s;
  s.paint(60, 20, 110, 110, 1500);
  const auto lift = JointLift::make(s.scene);
  ASSERT_TRUE(lift);
  Person person;
  const auto [u, v] = s.in_color(0.075, 0.075, 1.5);
  for (auto& joint : person.joints)
    joint = {static_cast<float>(u), static_cast<float>(v), {}, 0.9F};
  const auto [wall_u, wall_v] = s.in_color(1.8, 0, 4);
  auto& wrist = person.joints[static_cast<std::size_t>(JointId::LeftWrist)];
  wrist.x_px = static_cast<float>(wall_u);
  wrist.y_px = static_cast<float>(wall_v);
  lift->lift(person);
  EXPECT_FALSE(wrist.position.known());
  EXPECT_TRUE(person.joint(JointId::RightWrist).position.known());
}

TEST(JointLift, RefusesWhatDoesNotFit) {
  Scene s;
  auto other = s.scene;
  other.depth.format = PixelFormat::Y16;
  EXPECT_EQ(JointLift::make(other).error().code, ErrorCode::Unsupported);
  other = s.scene;
  other.depth_camera.width = 4;
  EXPECT_EQ(JointLift::make(other).error().code, ErrorCode::InvalidArgument);
  other = s.scene;
  other.color_camera.fx = 0;
  EXPECT_FALSE(JointLift::make(other));
  other = s.scene;
  other.depth.data = other.depth.data.first(10);
  EXPECT_FALSE(JointLift::make(other));
}

TEST(JointLift, SurvivesAnyPixelAndCalibration) {
  Scene s;
  s.scene.depth_from_color.translation_m = {1e9, -1e9, 1e9};
  const auto lift = JointLift::make(s.scene);
  ASSERT_TRUE(lift);
  for (const double u : {-1e9, -1.0, 0.0, 319.0, 1e9}) EXPECT_FALSE(lift->surface(u, -u));
  // A lens that turns back on itself near the edge.
  s.scene.depth_from_color.translation_m = {kBaseline, 0, 0};
  s.scene.depth_camera.model = s.scene.color_camera.model = DistortionModel::BrownConrady;
  s.scene.depth_camera.distortion = s.scene.color_camera.distortion = {-3, 500, 1, -1, -900};
  for (const double u : {-1e9, -1.0, 0.0, 160.0, 319.0, 1e9})
    if (const auto at = lift->surface(u, 120)) {
      EXPECT_TRUE(std::isfinite(at->x_m));
    }
}

}  // namespace lenswire::filter
