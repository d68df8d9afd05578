#include "filter/skeleton_maker.hpp"

#include <gtest/gtest.h>

namespace lenswire::filter {
namespace {

// Finds one person in the middle of any picture, in slightly different places.
class Finds final : public PoseEstimator {
 public:
  Result<void> estimate(const frame::ImageView& picture, std::vector<Person>& out) override {
    if (picture.format != PixelFormat::RGB8) return fail(ErrorCode::Unsupported, "not rgb8");
    Person person;
    person.confidence = 0.8F;
    for (auto& joint : person.joints)
      joint = {
          static_cast<float>(picture.width) / 2, static_cast<float>(picture.height) / 2, {}, 0.9F};
    person.joints[1].x_px += 30;
    out = {person};
    return {};
  }
};

struct Pictures {
  StreamProfile color;
  StreamProfile depth;
  std::vector<std::byte> pixels = std::vector<std::byte>(64 * 48 * 3);
  std::vector<std::uint16_t> raw = std::vector<std::uint16_t>(32 * 24, 1000);

  Pictures() {
    color.format = PixelFormat::RGB8;
    color.width = 64;
    color.height = 48;
    color.intrinsics = Intrinsics{64, 48, 60, 60, 32, 24, DistortionModel::None, {}};
    color.reference_from_stream = Extrinsics{};
    depth.kind = StreamKind::Depth;
    depth.format = PixelFormat::Z16;
    depth.width = 32;
    depth.height = 24;
    depth.depth_unit_m = 0.002;
    depth.intrinsics = Intrinsics{32, 24, 30, 30, 16, 12, DistortionModel::None, {}};
    depth.reference_from_stream = Extrinsics{};
  }
  [[nodiscard]] ProfiledPicture color_picture() const {
    return {{PixelFormat::RGB8, 64, 48, 192, pixels}, &color};
  }
  [[nodiscard]] ProfiledPicture depth_picture() const {
    return {{PixelFormat::Z16, 32, 24, 64, std::as_bytes(std::span<const std::uint16_t>(raw))},
            &depth};
  }
};

}  // namespace

TEST(SkeletonMaker, FindsLiftsAndFollows) {
  const Pictures pictures;
  SkeletonMaker maker(std::make_unique<Finds>());
  Skeleton out;
  const auto depth = pictures.depth_picture();
  ASSERT_TRUE(maker.make(pictures.color_picture(), &depth, MonotonicTime{}, out));
  EXPECT_EQ(out.space, SkeletonSpace::Depth);
  EXPECT_EQ(out.width, 64U);
  ASSERT_EQ(out.persons.size(), 1U);
  EXPECT_NEAR(out.persons[0].joint(JointId::Nose).position.z_m, 2, 0.01);
  const auto id = out.persons[0].id;
  EXPECT_GT(id, 0U);
  ASSERT_TRUE(maker.make(pictures.color_picture(), &depth,
                         MonotonicTime{} + std::chrono::milliseconds(33), out));
  EXPECT_EQ(out.persons.at(0).id, id);
}

// Both cameras' places are told by the way to the reference.
TEST(SkeletonMaker, ReckonsWithBothCamerasPlaces) {
  Pictures pictures;
  pictures.color.reference_from_stream->translation_m = {0.5, 0, 0};
  pictures.depth.reference_from_stream->translation_m = {0.3, 0, 0};
  SkeletonMaker maker(std::make_unique<Finds>());
  Skeleton out;
  const auto depth = pictures.depth_picture();
  ASSERT_TRUE(maker.make(pictures.color_picture(), &depth, MonotonicTime{}, out));
  EXPECT_NEAR(out.persons.at(0).joint(JointId::Nose).position.x_m, 0.2, 0.01);
}

TEST(SkeletonMaker, GivesPixelsWhereThereIsNoDepth) {
  Pictures pictures;
  SkeletonMaker maker(std::make_unique<Finds>());
  Skeleton out;
  ASSERT_TRUE(maker.make(pictures.color_picture(), nullptr, MonotonicTime{}, out));
  EXPECT_EQ(out.space, SkeletonSpace::None);
  EXPECT_FALSE(out.persons.at(0).joint(JointId::Nose).position.known());
  pictures.color.intrinsics.reset();
  const auto depth = pictures.depth_picture();
  ASSERT_TRUE(maker.make(pictures.color_picture(), &depth, MonotonicTime{}, out));
  EXPECT_EQ(out.space, SkeletonSpace::None);
}

TEST(SkeletonMaker, PassesTheEstimatorsErrorOn) {
  const Pictures pictures;
  SkeletonMaker maker(std::make_unique<Finds>());
  Skeleton out;
  auto wrong = pictures.color_picture();
  wrong.picture.format = PixelFormat::Y8;
  EXPECT_EQ(maker.make(wrong, nullptr, MonotonicTime{}, out).error().code, ErrorCode::Unsupported);
}

}  // namespace lenswire::filter
