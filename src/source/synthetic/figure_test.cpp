#include "source/synthetic/figure.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/clock.hpp"
#include "source/collecting_sink_for_test.hpp"
#include "source/synthetic/room_renderer.hpp"
#include "source/synthetic/room_source.hpp"

namespace lenswire::source::synthetic {
namespace {

constexpr std::uint32_t kWidth = 320;
constexpr std::uint32_t kHeight = 240;

double length(const Point& a, const Point& b) {
  return std::hypot(a.x - b.x, a.y - b.y, a.z - b.z);
}

const Point& joint(const Figure& figure, JointId id) {
  return figure.joints[static_cast<std::size_t>(id)];
}

RoomMoment quiet(std::uint64_t scene_us) {
  RoomMoment moment;
  moment.scene_us = scene_us;
  moment.look.noise = 0;
  moment.look.holes = false;
  return moment;
}

}  // namespace

TEST(Figure, KeepsTheLengthOfItsBonesAndAFootOnTheFloor) {
  for (std::uint64_t t = 0; t < 20'000'000; t += 137'000) {
    const auto figure = figure_at(1, 0, 1, t);
    using enum JointId;
    for (const auto& [from, to, metres] : {std::tuple{LeftShoulder, LeftElbow, 0.28},
                                           {RightElbow, RightWrist, 0.25},
                                           {LeftHip, LeftKnee, 0.43},
                                           {RightKnee, RightAnkle, 0.42},
                                           {LeftHip, RightHip, 0.2},
                                           {LeftShoulder, RightShoulder, 0.37}})
      EXPECT_NEAR(length(joint(figure, from), joint(figure, to)), metres, 0.002);
    const double lowest = std::max(joint(figure, LeftAnkle).y, joint(figure, RightAnkle).y);
    EXPECT_NEAR(lowest, kRoomWalls.floor - 0.08, 1e-9);
    EXPECT_LT(joint(figure, Nose).y, joint(figure, LeftShoulder).y);
  }
}

TEST(Figure, MovesAndDiffersFromItsNeighbour) {
  const auto before = figure_at(1, 0, 2, 0);
  const auto after = figure_at(1, 0, 2, 400'000);
  EXPECT_GT(length(joint(before, JointId::LeftWrist), joint(after, JointId::LeftWrist)), 0.01);
  const auto other = figure_at(1, 1, 2, 0);
  EXPECT_GT(length(joint(before, JointId::Nose), joint(other, JointId::Nose)), 0.4);
}

// Where a joint lies the depth picture shows the body: before the joint, by less than its
// thickness.
TEST(Figure, DepthAndTruthAgree) {
  RoomRenderer renderer(kWidth, kHeight, 1, 1);
  std::vector<std::uint16_t> depth(kWidth * kHeight);
  const auto& camera = renderer.scene().depth_camera();
  for (std::uint64_t t = 0; t < 5'000'000; t += 700'000) {
    renderer.render_depth(quiet(t), depth);
    const auto figure = figure_at(1, 0, 1, t);
    for (const auto& at : figure.joints) {
      const auto u = static_cast<std::size_t>(std::lround(at.x / at.z * camera.fx + camera.cx));
      const auto v = static_cast<std::size_t>(std::lround(at.y / at.z * camera.fy + camera.cy));
      const double z = depth.at(v * kWidth + u) / 1000.0;
      EXPECT_LT(z, at.z + 0.03);
      EXPECT_GT(z, at.z - 0.45);  // an arm may be before it
    }
  }
}

TEST(Figure, ColourShowsItWhereDepthDoes) {
  RoomRenderer renderer(kWidth, kHeight, 1, 1);
  auto moment = quiet(1'000'000);
  moment.look.pattern = RoomPattern::Labels;
  std::vector<std::byte> color(kWidth * kHeight * 3);
  renderer.render_color(moment, PixelFormat::RGB8, color);
  Skeleton truth;
  room_truth(renderer.scene(), moment.scene_us, true, truth);
  ASSERT_EQ(truth.persons.size(), 1U);
  for (const auto& at : truth.persons[0].joints) {
    const auto u = static_cast<std::size_t>(std::lround(at.x_px));
    const auto v = static_cast<std::size_t>(std::lround(at.y_px));
    RoomColor seen;
    std::memcpy(&seen, color.data() + (v * kWidth + u) * 3, 3);
    EXPECT_EQ(seen, room_label_color(kFigure)) << u << ' ' << v;
  }
}

TEST(Figure, TruthIsAStreamOfItsOwn) {
  RoomOptions options;
  options.width = kWidth;
  options.height = kHeight;
  options.rate_hz = 200;
  options.figures = 2;
  RoomSource source(options, base::system_clock());
  CollectingSink sink;
  ASSERT_TRUE(collect(source, 6, sink));
  const auto frames = sink.of("skeleton_truth");
  ASSERT_FALSE(frames.empty());
  for (const auto& frame : frames) {
    EXPECT_EQ(frame->profile->kind, StreamKind::Skeleton);
    Skeleton truth;
    ASSERT_TRUE(decode_skeleton(frame->bytes(), truth));
    EXPECT_EQ(truth.space, SkeletonSpace::Depth);
    EXPECT_EQ(truth.width, kWidth);
    EXPECT_EQ(truth.persons.size(), 2U);
  }
}

}  // namespace lenswire::source::synthetic
