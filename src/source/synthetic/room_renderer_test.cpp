#include "source/synthetic/room_renderer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include <lenswire/frame.hpp>

#include "source/synthetic/room_paint.hpp"

namespace lenswire::source::synthetic {
namespace {

struct Picture {
  std::vector<std::uint16_t> depth;
  std::vector<std::byte> color;
};

RoomLook clean() { return {0, false, RoomPattern::Textured}; }

RoomMoment frame_number(std::uint64_t number, const RoomLook& look = {}) {
  return {number, room_time_us(number, 30), look};
}

Picture render(RoomRenderer& renderer, const RoomMoment& moment,
               PixelFormat format = PixelFormat::RGB8) {
  const auto& camera = renderer.scene().depth_camera();
  Picture picture;
  picture.depth.resize(std::size_t{camera.width} * camera.height);
  picture.color.resize(std::size_t{packed_stride(format, camera.width)} * camera.height);
  renderer.render_depth(moment, picture.depth);
  renderer.render_color(moment, format, picture.color);
  return picture;
}

std::uint64_t fnv1a(std::span<const std::byte> bytes) {
  std::uint64_t value = 0xcbf29ce484222325ULL;
  for (const auto byte : bytes)
    value = (value ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3ULL;
  return value;
}

RoomColor color_at(const Picture& picture, std::uint32_t width, std::uint32_t u, std::uint32_t v) {
  const auto* pixel = &picture.color[(std::size_t{v} * width + u) * 3];
  return {std::to_integer<std::uint8_t>(pixel[0]), std::to_integer<std::uint8_t>(pixel[1]),
          std::to_integer<std::uint8_t>(pixel[2])};
}

double share_of_holes(std::span<const std::uint16_t> depth) {
  return static_cast<double>(std::count(depth.begin(), depth.end(), kNoDepth)) /
         static_cast<double>(depth.size());
}

}  // namespace

TEST(RoomRenderer, TheSameSeedGivesTheSamePixelsOnAnyMachine) {
  RoomRenderer renderer(160, 120, 1);
  const auto first = render(renderer, frame_number(0));
  EXPECT_EQ(fnv1a(std::as_bytes(std::span(first.depth))), 0xfb3f01460766c4d8ULL);
  EXPECT_EQ(fnv1a(first.color), 0x6b8b1b8f7938706fULL);
  const auto later = render(renderer, frame_number(1000), PixelFormat::YUYV);
  EXPECT_EQ(fnv1a(std::as_bytes(std::span(later.depth))), 0x764b551d98f8d698ULL);
  EXPECT_EQ(fnv1a(later.color), 0x18f766593d1064deULL);
  RoomRenderer other(161, 97, 77);
  const auto odd = render(other, frame_number(123456789, {0.5, true, RoomPattern::Checker}));
  EXPECT_EQ(fnv1a(std::as_bytes(std::span(odd.depth))), 0x551c8c7ec3892646ULL);
  EXPECT_EQ(fnv1a(odd.color), 0xc6872c031f50efc7ULL);
}

TEST(RoomRenderer, SeedFrameNumberAndTimeEachChangeThePicture) {
  RoomRenderer renderer(160, 120, 1);
  RoomRenderer other(160, 120, 2);
  const auto base = render(renderer, {5, 1'000'000, {}});
  EXPECT_EQ(render(renderer, {5, 1'000'000, {}}).depth, base.depth);
  EXPECT_NE(render(other, {5, 1'000'000, {}}).depth, base.depth);
  EXPECT_NE(render(renderer, {6, 1'000'000, {}}).depth, base.depth) << "new noise";
  EXPECT_NE(render(renderer, {6, 1'000'000, {}}).color, base.color) << "new noise";
  const auto still = render(renderer, {5, 1'000'000, clean()});
  EXPECT_EQ(render(renderer, {6, 1'000'000, clean()}).depth, still.depth);
  EXPECT_EQ(render(renderer, {6, 1'000'000, clean()}).color, still.color);
  EXPECT_NE(render(renderer, {5, 1'100'000, clean()}).depth, still.depth) << "things moved";
}

TEST(RoomRenderer, EveryDepthIsOnTheLatticeOfDisparities) {
  RoomRenderer renderer(320, 240, 3);
  const auto constant = renderer.scene().disparity_constant();
  EXPECT_EQ(constant, 192U * 50 * 32);  // focal length 192 px, baseline 50 mm
  std::set<std::uint16_t> seen;
  for (const auto z : render(renderer, frame_number(40)).depth) seen.insert(z);
  EXPECT_GT(seen.size(), 150U);
  for (const auto z : seen) {
    if (z == kNoDepth) continue;
    const auto code = std::lround(static_cast<double>(constant) / z);
    EXPECT_EQ(std::lround(static_cast<double>(constant) / static_cast<double>(code)), z);
  }
}

TEST(RoomRenderer, DepthOfTheWallsIsWhereTheRoomSaysItIs) {
  RoomRenderer renderer(640, 480, 1);
  const auto& camera = renderer.scene().depth_camera();
  const auto picture = render(renderer, frame_number(0, clean()));
  const double constant = renderer.scene().disparity_constant();
  const auto expect_depth = [&](std::uint32_t u, std::uint32_t v, double z_m) {
    const auto code = std::lround(constant / (z_m * 1000));
    EXPECT_EQ(picture.depth[std::size_t{v} * 640 + u],
              std::lround(constant / static_cast<double>(code)))
        << u << ", " << v;
  };
  expect_depth(320, 110, kRoomWalls.back);
  expect_depth(300, 470, kRoomWalls.floor * camera.fy / (470 - camera.cy));
  expect_depth(300, 5, kRoomWalls.ceiling * camera.fy / (5 - camera.cy));
  expect_depth(5, 200, kRoomWalls.left * camera.fx / (5 - camera.cx));
}

TEST(RoomRenderer, ASphereIsWhereTheGroundTruthSaysItIs) {
  RoomRenderer renderer(640, 480, 1);
  const auto& camera = renderer.scene().depth_camera();
  for (const std::uint64_t number : {0U, 50U, 100U, 150U, 900U}) {
    const auto moment = frame_number(number, clean());
    const auto picture = render(renderer, moment);
    const auto ball = renderer.scene().objects_at(moment.scene_us)[1];
    const auto u = std::lround(ball.center.x / ball.center.z * camera.fx + camera.cx);
    const auto v = std::lround(ball.center.y / ball.center.z * camera.fy + camera.cy);
    ASSERT_TRUE(u >= 0 && u < 640 && v >= 0 && v < 480);
    const double z = picture.depth[static_cast<std::size_t>(v * 640 + u)] / 1000.0;
    const double x = (static_cast<double>(u) - camera.cx) / camera.fx * z;
    const double y = (static_cast<double>(v) - camera.cy) / camera.fy * z;
    const double distance = std::hypot(x - ball.center.x, y - ball.center.y, z - ball.center.z);
    // Something may stand in front of it; then it is nearer to us than the ball.
    if (z > ball.center.z - ball.half.x - 0.01) {
      EXPECT_NEAR(distance, ball.half.x, 0.006) << number;
    }
  }
}

TEST(RoomRenderer, ColorAndDepthShowTheSameScene) {
  RoomRenderer renderer(640, 480, 4);
  const auto& depth_camera = renderer.scene().depth_camera();
  const auto& color_camera = renderer.scene().color_camera();
  const auto pose = renderer.scene().depth_from_color();
  const RoomLook labels{0, false, RoomPattern::Labels};
  int on_objects = 0;
  int agreeing = 0;
  for (const std::uint64_t number : {30U, 200U, 400U}) {
    const auto moment = frame_number(number, labels);
    const auto picture = render(renderer, moment);
    const auto objects = renderer.scene().objects_at(moment.scene_us);
    for (std::uint32_t v = 0; v < 480; ++v)
      for (std::uint32_t u = 0; u < 640; ++u) {
        const double z = picture.depth[std::size_t{v} * 640 + u] / 1000.0;
        const Point p{(u - depth_camera.cx) / depth_camera.fx * z,
                      (v - depth_camera.cy) / depth_camera.fy * z, z};
        for (const auto& object : objects) {
          if (object.shape != RoomShape::Sphere) continue;
          const double off =
              std::hypot(p.x - object.center.x, p.y - object.center.y, p.z - object.center.z) -
              object.half.x;
          if (std::abs(off) > 0.02) continue;
          const auto cu =
              std::lround((p.x - pose.translation_m[0]) / z * color_camera.fx + color_camera.cx);
          const auto cv = std::lround(p.y / z * color_camera.fy + color_camera.cy);
          if (cu < 0 || cu >= 640 || cv < 0 || cv >= 480) continue;
          ++on_objects;
          agreeing += color_at(picture, 640, static_cast<std::uint32_t>(cu),
                               static_cast<std::uint32_t>(cv)) == room_label_color(object.label)
                          ? 1
                          : 0;
        }
      }
  }
  EXPECT_GT(on_objects, 20000);
  // Not all: at the rim one camera sees what the other does not.
  EXPECT_GT(agreeing, on_objects * 96 / 100) << agreeing << " of " << on_objects;
}

TEST(RoomRenderer, HolesAreAUsualShareAndCanBeSwitchedOff) {
  RoomRenderer renderer(640, 480, 1);
  for (const std::uint64_t number : {0U, 100U, 1000U}) {
    const auto share = share_of_holes(render(renderer, frame_number(number)).depth);
    EXPECT_GT(share, 0.03);
    EXPECT_LT(share, 0.12);
  }
  EXPECT_EQ(
      share_of_holes(render(renderer, frame_number(7, {1, false, RoomPattern::Textured})).depth),
      0);
}

TEST(RoomRenderer, AnObjectThrowsAShadowToItsLeftAsWideAsTheDisparityStep) {
  RoomRenderer renderer(640, 480, 1);
  // Without noise and dropouts in the way: what is a hole now and was none before is a shadow.
  const auto moment = frame_number(100, clean());
  const auto full = render(renderer, moment);
  auto with_holes = moment;
  with_holes.look.holes = true;
  const auto holey = render(renderer, with_holes);
  const auto constant = static_cast<double>(renderer.scene().disparity_constant());
  const auto bar = renderer.scene().objects_at(moment.scene_us)[4];
  const auto& camera = renderer.scene().depth_camera();
  const auto v = static_cast<std::size_t>(bar.center.y / bar.center.z * camera.fy + camera.cy);
  const auto at = [&](const Picture& p, std::size_t u) { return p.depth[v * 640 + u]; };
  // The bar's left edge: the first column from the left that is as near as the bar.
  std::size_t edge = 0;
  while (edge < 640 && at(full, edge) > (bar.center.z + 0.1) * 1000) ++edge;
  ASSERT_GT(edge, 40U);
  ASSERT_LT(edge, 640U);
  const auto step_px = (constant / at(full, edge) - constant / at(full, edge - 1)) / 32;
  ASSERT_GT(step_px, 5);
  std::size_t shadow = 0;
  while (at(holey, edge - 1 - shadow) == kNoDepth) ++shadow;
  EXPECT_NEAR(static_cast<double>(shadow), step_px, 2.5);
}

TEST(RoomRenderer, NoiseHasItsSizeAndGrowsWithTheControl) {
  RoomRenderer renderer(320, 240, 1);
  const auto constant = static_cast<double>(renderer.scene().disparity_constant());
  const auto truth = render(renderer, frame_number(9, clean())).depth;
  const auto sigma_at = [&](double noise) {
    const auto depth =
        render(renderer, frame_number(9, {noise, false, RoomPattern::Textured})).depth;
    double sum = 0;
    for (std::size_t i = 0; i < depth.size(); ++i) {
      const auto off = std::round(constant / depth[i]) - std::round(constant / truth[i]);
      sum += off * off;
    }
    return std::sqrt(sum / static_cast<double>(depth.size()));
  };
  EXPECT_EQ(sigma_at(0), 0);
  EXPECT_NEAR(sigma_at(1), 1.5, 0.15);
  EXPECT_NEAR(sigma_at(2), 3, 0.3);
}

TEST(RoomRenderer, YuyvIsTheSamePictureAsRgb) {
  RoomRenderer renderer(320, 240, 1);
  const auto rgb = render(renderer, frame_number(3));
  const auto yuyv = render(renderer, frame_number(3), PixelFormat::YUYV);
  for (std::size_t i = 0; i < 320 * 240; ++i) {
    const auto channel = [&](std::size_t c) { return std::to_integer<int>(rgb.color[i * 3 + c]); };
    const double y = 16 + (65.481 * channel(0) + 128.553 * channel(1) + 24.966 * channel(2)) / 255;
    ASSERT_NEAR(std::to_integer<int>(yuyv.color[i * 2]), y, 1.5) << i;
  }
}

TEST(RoomRenderer, PatternsChangeTheSurfacesAndNotTheDepth) {
  RoomRenderer renderer(160, 120, 1);
  const auto textured = render(renderer, frame_number(3));
  std::set<std::uint64_t> colors;
  for (const auto pattern :
       {RoomPattern::Textured, RoomPattern::Plain, RoomPattern::Checker, RoomPattern::Labels}) {
    const auto picture = render(renderer, frame_number(3, {1, true, pattern}));
    EXPECT_EQ(picture.depth, textured.depth);
    colors.insert(fnv1a(picture.color));
  }
  EXPECT_EQ(colors.size(), 4U);
}

}  // namespace lenswire::source::synthetic
