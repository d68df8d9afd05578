#include <set>

#include <gtest/gtest.h>

#include "source/collecting_sink_for_test.hpp"
#include "source/synthetic/ball_scene.hpp"
#include "source/synthetic/ball_source.hpp"

namespace lenswire::source::synthetic {
namespace {

/// The middle of all blue pixels, and whether there is any other colour.
BallCenter middle_of(std::span<const std::byte> rgb, std::uint32_t width) {
  std::uint64_t x = 0;
  std::uint64_t y = 0;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < rgb.size() / 3; ++i) {
    EXPECT_EQ(rgb[3 * i], std::byte{0});
    EXPECT_EQ(rgb[3 * i + 1], std::byte{0});
    if (rgb[3 * i + 2] == std::byte{0}) continue;
    x += i % width;
    y += i / width;
    ++count;
  }
  EXPECT_EQ(x % count, 0U) << "the disc is symmetric";
  EXPECT_EQ(count, 1257U);  // whole pixels within a radius of 20
  return {static_cast<std::uint32_t>(x / count), static_cast<std::uint32_t>(y / count)};
}

}  // namespace

TEST(Ball, IsDrawnWhereItsCenterIs) {
  BallSource ball({400, 400, 1000, 5}, base::system_clock());
  const BallScene truth(400, 400, 5);
  CollectingSink sink;
  ASSERT_TRUE(collect(ball, 5, sink));
  for (const auto& frame : sink.frames) {
    const auto center = truth.center(frame->sequence);
    EXPECT_EQ(middle_of(frame->bytes(), 400), center);
    const auto* told = frame->annotations.find(AnnotationKind::Ball);
    ASSERT_NE(told, nullptr);
    EXPECT_EQ(*told, (Annotation{AnnotationKind::Ball, static_cast<double>(center.x),
                                 static_cast<double>(center.y), kBallRadiusPx}));
  }
}

TEST(Ball, LeavesEachWallWithASpeedOfItsOwn) {
  const BallScene scene(400, 400, 3);
  std::set<std::uint32_t> speeds;
  auto last = scene.center(0);
  for (std::uint64_t i = 1; i < 20'000; ++i) {
    const auto now = scene.center(i);
    const auto step = now.x > last.x ? now.x - last.x : last.x - now.x;
    ASSERT_LE(step, kMaxBallSpeed);
    ASSERT_GT(step, 0U) << "it never stands still";
    // The step onto a wall may be cut short.
    if (now.x != kBallRadiusPx && now.x != 399 - kBallRadiusPx) speeds.insert(step);
    last = now;
  }
  EXPECT_EQ(speeds.size(), kMaxBallSpeed);
}

TEST(Ball, BouncesAndNeverLeavesThePicture) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const BallScene scene(100, 60, seed);
    bool left = false;
    bool right = false;
    auto last = scene.center(0);
    for (std::uint64_t i = 1; i < 2000; ++i) {
      const auto now = scene.center(i);
      ASSERT_TRUE(now.x >= 20 && now.x <= 79 && now.y >= 20 && now.y <= 39);
      left |= now.x < last.x;
      right |= now.x > last.x;
      last = now;
    }
    EXPECT_TRUE(left && right);
  }
}

TEST(Ball, FollowsFromSeedAndNumberAlone) {
  EXPECT_EQ(BallScene(400, 400, 1).center(1'000'000'007),
            BallScene(400, 400, 1).center(1'000'000'007));
  EXPECT_NE(BallScene(400, 400, 1).center(3), BallScene(400, 400, 2).center(3));
  const BallScene scene(42, 42, 9);  // the smallest
  std::vector<std::byte> picture(42 * 42 * 3);
  for (std::uint64_t i = 0; i < 10; ++i) {
    scene.render(i, picture);
    EXPECT_EQ(middle_of(picture, 42), scene.center(i));
  }
}

}  // namespace lenswire::source::synthetic
