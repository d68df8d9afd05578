#include "source/synthetic/room_scene.hpp"

#include "source/synthetic/hash.hpp"

namespace lenswire::source::synthetic {
namespace {

struct Path {
  Point middle;
  Point reach;
  std::array<std::uint64_t, 3> period_us;
};

constexpr std::array<Path, RoomScene::kObjects> kPaths = {
    Path{{0.0, 0.1, 2.6}, {1.3, 0.45, 0.7}, {7'300'000, 4'100'000, 9'700'000}},
    Path{{0.2, -0.3, 1.7}, {0.8, 0.5, 0.5}, {4'300'000, 2'900'000, 5'900'000}},
    Path{{-0.6, 0.5, 3.2}, {0.9, 0.3, 0.6}, {6'100'000, 3'700'000, 8'300'000}},
    Path{{0.5, 0.6, 3.6}, {1.2, 0.2, 0.4}, {11'300'000, 6'700'000, 7'900'000}},
    Path{{0.0, 0.2, 1.5}, {0.9, 0.1, 0.3}, {9'100'000, 5'300'000, 12'700'000}},
};

}  // namespace

double room_swing(std::uint64_t scene_us, std::uint64_t period_us, std::uint64_t shift) noexcept {
  const auto phase = (scene_us + shift) % period_us;
  const double turn = static_cast<double>(phase) / static_cast<double>(period_us);
  const double zigzag = turn < 0.5 ? 4 * turn - 1 : 3 - 4 * turn;
  return zigzag * (1.5 - 0.5 * zigzag * zigzag);
}

RoomColor room_label_color(std::uint8_t label) noexcept {
  static constexpr std::array<RoomColor, 15> kColors = {{{0, 0, 0},
                                                         {110, 80, 60},
                                                         {210, 210, 200},
                                                         {90, 120, 90},
                                                         {90, 90, 140},
                                                         {170, 150, 110},
                                                         {60, 180, 220},
                                                         {150, 90, 30},
                                                         {190, 190, 90},
                                                         {220, 40, 40},
                                                         {240, 210, 30},
                                                         {40, 190, 60},
                                                         {40, 70, 220},
                                                         {220, 60, 200},
                                                         {255, 255, 255}}};
  return label < kColors.size() ? kColors[label] : RoomColor{};
}

RoomScene::RoomScene(std::uint32_t width, std::uint32_t height, std::uint64_t seed,
                     std::size_t figures)
    : seed_(seed), figures_(figures) {
  const double w = width;
  const double h = height;
  // Principal points off the middle, as real ones are.
  depth_ = {width,
            height,
            w * 3 / 5,
            w * 3 / 5,
            (w - 1) / 2 + w / 256,
            (h - 1) / 2 - h / 160,
            DistortionModel::None,
            {}};
  color_ = {width,
            height,
            w * 3 / 4,
            w * 3 / 4,
            (w - 1) / 2 - w / 160,
            (h - 1) / 2 + h / 240,
            DistortionModel::None,
            {}};
  // focal length * baseline in mm * codes per pixel, a whole number for every width.
  constant_ = width * 3 * 50 * kCodesPerPixel / 5;
}

Extrinsics RoomScene::depth_from_color() const noexcept {
  Extrinsics pose;
  pose.translation_m = {kColorOffsetM, 0, 0};
  return pose;
}

std::array<RoomObject, RoomScene::kObjects> RoomScene::objects_at(
    std::uint64_t scene_us) const noexcept {
  std::array<RoomObject, kObjects> objects = {
      RoomObject{RoomShape::Sphere, kFirstObject, {}, {0.28, 0.28, 0.28}, 1, 0},
      RoomObject{RoomShape::Sphere, kFirstObject + 1, {}, {0.14, 0.14, 0.14}, 1, 0},
      RoomObject{RoomShape::Sphere, kFirstObject + 2, {}, {0.22, 0.22, 0.22}, 1, 0},
      RoomObject{RoomShape::Box, kFirstObject + 3, {}, {0.22, 0.22, 0.22}, 0.8, 0.6},
      RoomObject{RoomShape::Box, kFirstObject + 4, {}, {0.06, 0.34, 0.06}, 0.96, 0.28},
  };
  for (std::size_t i = 0; i < kObjects; ++i) {
    const auto& path = kPaths[i];
    const auto along = [&](std::size_t axis, double middle, double reach) {
      const auto period = path.period_us[axis];
      return middle + reach * room_swing(scene_us, period, hash(seed_, i, axis) % period);
    };
    objects[i].center = {along(0, path.middle.x, path.reach.x),
                         along(1, path.middle.y, path.reach.y),
                         along(2, path.middle.z, path.reach.z)};
  }
  return objects;
}

std::uint64_t room_time_us(std::uint64_t number, double rate_hz) noexcept {
  return number * static_cast<std::uint64_t>(1e6 / rate_hz + 0.5);
}

std::array<RoomObject, 2> room_furniture() noexcept {
  return {RoomObject{RoomShape::Box, kTable, {1.35, 0.75, 3.5}, {0.7, 0.35, 0.4}, 1, 0},
          RoomObject{RoomShape::Box, kPillar, {-1.8, -0.2, 3.7}, {0.2, 1.3, 0.2}, 0.96, 0.28}};
}

}  // namespace lenswire::source::synthetic
