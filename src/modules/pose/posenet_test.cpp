// The real model on the figure of synthetic:room.
#include "modules/pose/posenet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/module.hpp"
#include "filter/skeleton_maker.hpp"
#include "source/synthetic/room_renderer.hpp"

namespace lenswire::modules::pose {
namespace {

using source::synthetic::RoomMoment;
using source::synthetic::RoomRenderer;
using source::synthetic::RoomScene;

constexpr std::uint32_t kWidth = 640;
constexpr std::uint32_t kHeight = 480;

struct Room {
  explicit Room(std::size_t figures)
      : renderer(kWidth, kHeight, 1, figures),
        color(kWidth * kHeight * 3),
        depth(kWidth * kHeight) {
    color_profile.format = PixelFormat::RGB8;
    color_profile.width = kWidth;
    color_profile.height = kHeight;
    color_profile.intrinsics = renderer.scene().color_camera();
    color_profile.reference_from_stream = renderer.scene().depth_from_color();
    depth_profile = color_profile;
    depth_profile.format = PixelFormat::Z16;
    depth_profile.depth_unit_m = 0.001;
    depth_profile.intrinsics = renderer.scene().depth_camera();
    depth_profile.reference_from_stream = Extrinsics{};
  }

  void render(std::uint64_t scene_us) {
    RoomMoment moment;
    moment.scene_us = scene_us;
    renderer.render_color(moment, PixelFormat::RGB8, color);
    renderer.render_depth(moment, depth);
    room_truth(renderer.scene(), scene_us, true, truth);
  }
  [[nodiscard]] filter::ProfiledPicture color_picture() const {
    return {{PixelFormat::RGB8, kWidth, kHeight, kWidth * 3, color}, &color_profile};
  }
  [[nodiscard]] filter::ProfiledPicture depth_picture() const {
    return {{PixelFormat::Z16, kWidth, kHeight, kWidth * 2,
             std::as_bytes(std::span<const std::uint16_t>(depth))},
            &depth_profile};
  }

  RoomRenderer renderer;
  std::vector<std::byte> color;
  std::vector<std::uint16_t> depth;
  StreamProfile color_profile;
  StreamProfile depth_profile;
  Skeleton truth;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 1e9 : values[values.size() / 2];
}

}  // namespace

TEST(Posenet, FindsTheFigureWhereItIs) {
  auto estimator = make_posenet(LENSWIRE_POSENET_FILE);
  ASSERT_TRUE(estimator) << estimator.error().message;
  filter::SkeletonMaker maker(std::move(*estimator), {.steady = false});
  Room room(1);
  std::vector<double> pixels;
  std::vector<double> metres;
  Skeleton found;
  std::uint32_t id = 0;
  for (int i = 0; i < 6; ++i) {
    room.render(static_cast<std::uint64_t>(i) * 300'000);
    const auto depth = room.depth_picture();
    const auto made = maker.make(room.color_picture(), &depth,
                                 MonotonicTime{} + i * std::chrono::milliseconds(300), found);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_EQ(found.persons.size(), 1U) << i;
    if (i == 0) id = found.persons[0].id;
    EXPECT_EQ(found.persons[0].id, id);
    EXPECT_EQ(found.space, SkeletonSpace::Depth);
    for (std::size_t j = 0; j < kJointCount; ++j) {
      const auto& truth = room.truth.persons.at(0).joints[j];
      const auto& joint = found.persons[0].joints[j];
      pixels.push_back(std::hypot(joint.x_px - truth.x_px, joint.y_px - truth.y_px));
      if (joint.position.known())
        metres.push_back(std::hypot(joint.position.x_m - truth.position.x_m,
                                    joint.position.y_m - truth.position.y_m,
                                    joint.position.z_m - truth.position.z_m));
    }
  }
  EXPECT_LT(median(pixels), 10);
  EXPECT_LT(median(metres), 0.08);
  EXPECT_GT(metres.size(), pixels.size() * 3 / 4);
}

TEST(Posenet, TellsTwoFiguresApart) {
  auto estimator = make_posenet(LENSWIRE_POSENET_FILE);
  ASSERT_TRUE(estimator) << estimator.error().message;
  Room room(2);
  room.render(500'000);
  std::vector<Person> found;
  ASSERT_TRUE((*estimator)->estimate(room.color_picture().picture, found));
  ASSERT_EQ(found.size(), 2U);
  for (const auto& truth : room.truth.persons) {
    const auto& nose = truth.joint(JointId::Nose);
    EXPECT_TRUE(std::any_of(found.begin(), found.end(), [&](const Person& person) {
      const auto& own = person.joint(JointId::Nose);
      return std::hypot(own.x_px - nose.x_px, own.y_px - nose.y_px) < 25;
    }));
  }
}

TEST(Posenet, FindsNobodyInAnEmptyRoom) {
  auto estimator = make_posenet(LENSWIRE_POSENET_FILE);
  ASSERT_TRUE(estimator) << estimator.error().message;
  Room room(0);
  std::vector<Person> found;
  for (int i = 0; i < 3; ++i) {
    room.render(static_cast<std::uint64_t>(i) * 900'000);
    ASSERT_TRUE((*estimator)->estimate(room.color_picture().picture, found));
    EXPECT_TRUE(found.empty()) << i;
  }
}

TEST(Posenet, SaysWhatItCannotTake) {
  EXPECT_EQ(make_posenet("/nonexistent/posenet.onnx").error().code, ErrorCode::NotFound);
  EXPECT_EQ(make_posenet("/etc/passwd").error().code, ErrorCode::Unsupported);
  auto estimator = make_posenet(LENSWIRE_POSENET_FILE);
  ASSERT_TRUE(estimator);
  Room room(0);
  std::vector<Person> found;
  EXPECT_EQ((*estimator)->estimate(room.depth_picture().picture, found).error().code,
            ErrorCode::Unsupported);
  auto cut = room.color_picture().picture;
  cut.data = cut.data.first(100);
  EXPECT_EQ((*estimator)->estimate(cut, found).error().code, ErrorCode::InvalidArgument);
}

// As the server gets it: the shared object, with the model beside it.
TEST(PoseModule, Loads) {
  const auto module = base::load_module<filter::PoseModule>("pose");
  ASSERT_TRUE(module) << module.error().message;
  const auto estimator = (*module)->make_estimator();
  EXPECT_TRUE(estimator) << estimator.error().message;
}

}  // namespace lenswire::modules::pose
