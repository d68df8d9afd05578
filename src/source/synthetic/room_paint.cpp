#include "source/synthetic/room_paint.hpp"

#include "source/synthetic/hash.hpp"

namespace lenswire::source::synthetic {
namespace {

/// The number of the cell that holds `v`; cells are `size` wide. Positive for what is in the room.
std::uint32_t cell(float v, float size) noexcept {
  return static_cast<std::uint32_t>((v + 64.0F) / size);
}

RoomColor shaded(RoomColor color, float light) noexcept {
  const auto part = [light](std::uint8_t channel) {
    const float value = static_cast<float>(channel) * light + 0.5F;
    return value >= 255.0F ? std::uint8_t{255} : static_cast<std::uint8_t>(value);
  };
  return {part(color.red), part(color.green), part(color.blue)};
}

/// Brightness of a rough surface: fine and coarse cells at random, around 1.
float grain(std::uint64_t seed, std::uint8_t label, float x, float y) noexcept {
  const auto random = [&](float size, std::uint64_t layer) {
    const std::uint64_t place = std::uint64_t{cell(x, size)} << 32 | cell(y, size);
    return static_cast<float>(hash(seed ^ label, layer, place) >> 56) / 256.0F - 0.5F;
  };
  return 1.0F + 0.22F * random(0.013F, 1) + 0.2F * random(0.07F, 2);
}

bool odd_tile(float x, float y, float size) noexcept {
  return ((cell(x, size) + cell(y, size)) & 1U) != 0;
}

/// Mortar between bricks 0.3 x 0.1 m, every second row shifted by half a brick.
bool on_mortar(float x, float y) noexcept {
  const auto row = cell(y, 0.1F);
  const float shifted = x + ((row & 1U) != 0 ? 0.15F : 0.0F) + 64.0F;
  const float in_row = (y + 64.0F) - static_cast<float>(row) * 0.1F;
  const float in_brick = shifted - static_cast<float>(static_cast<int>(shifted / 0.3F)) * 0.3F;
  return in_row < 0.012F || in_brick < 0.012F;
}

float pattern_factor(const RoomHit& hit, std::uint64_t seed) noexcept {
  const float rough = grain(seed, hit.label, hit.x, hit.y);
  switch (hit.label) {
    case kFloor:
      return rough * (odd_tile(hit.x, hit.y, 0.4F) ? 1.0F : 0.7F);
    case kBackWall:
    case kLeftWall:
      return rough * (on_mortar(hit.x, hit.y) ? 1.35F : 1.0F);
    case kTable:
      return rough * ((cell(hit.x, 0.05F) & 3U) == 0 ? 0.8F : 1.0F);
    case kWindow:
      return 1.0F;
    default:
      return rough;
  }
}

}  // namespace

RoomHit cast_room(float dx, float dy, float camera_x) noexcept {
  const auto meters = [](double v) { return static_cast<float>(v); };
  RoomHit hit;
  hit.z = meters(kRoomWalls.back);
  hit.label = kBackWall;
  hit.light = 0.85F;
  const auto nearer = [&hit](float z, std::uint8_t label, float light) {
    if (z >= hit.z) return;
    hit.z = z;
    hit.label = label;
    hit.light = light;
  };
  if (dx < 0.0F) nearer((meters(kRoomWalls.left) - camera_x) / dx, kLeftWall, 0.7F);
  if (dx > 0.0F) nearer((meters(kRoomWalls.right) - camera_x) / dx, kRightWall, 0.75F);
  if (dy < 0.0F) nearer(meters(kRoomWalls.ceiling) / dy, kCeiling, 0.95F);
  if (dy > 0.0F) nearer(meters(kRoomWalls.floor) / dy, kFloor, 0.9F);
  const float x = camera_x + dx * hit.z;
  const float y = dy * hit.z;
  switch (hit.label) {
    case kLeftWall:
    case kRightWall:
      hit.x = hit.z;
      hit.y = y;
      break;
    case kCeiling:
    case kFloor:
      hit.x = x;
      hit.y = hit.z;
      break;
    default:
      hit.x = x;
      hit.y = y;
      if (x > meters(kRoomWindow.left) && x < meters(kRoomWindow.right) &&
          y > meters(kRoomWindow.top) && y < meters(kRoomWindow.bottom))
        hit.label = kWindow;
      break;
  }
  for (const auto& piece : room_furniture()) {
    const auto met = cast_box(Target(piece, static_cast<double>(camera_x)), dx, dy);
    if (met.z <= 0.0F || met.z >= hit.z) continue;
    hit.z = met.z;
    hit.label = piece.label;
    hit.light = 0.3F + 0.7F * lit(met);
    hit.x = met.x + met.side_z;
    hit.y = met.y + met.side_z;
  }
  // Farther from the lamp it is darker.
  hit.light = hit.light * (1.15F - 0.07F * hit.z);
  return hit;
}

RoomColor paint_room(const RoomHit& hit, RoomPattern pattern, std::uint64_t seed) noexcept {
  const auto color = room_label_color(hit.label);
  switch (pattern) {
    case RoomPattern::Labels:
      return color;
    case RoomPattern::Plain:
      return shaded(color, hit.light);
    case RoomPattern::Checker:
      return odd_tile(hit.x, hit.y, 0.25F) ? shaded({235, 235, 235}, hit.light)
                                           : shaded({20, 20, 20}, hit.light);
    case RoomPattern::Textured:
      break;
  }
  return shaded(color, hit.light * pattern_factor(hit, seed));
}

RoomColor paint_object(const Target& target, const Hit& hit, RoomPattern pattern) noexcept {
  const auto color = room_label_color(target.label);
  if (pattern == RoomPattern::Labels) return color;
  if (target.shape == RoomShape::Sphere && glares(hit)) return {250, 250, 250};
  float light = 0.25F + 0.75F * lit(hit);
  if (pattern != RoomPattern::Plain) {
    const float size = target.half_x / 2.5F;
    if (odd_tile(hit.x + hit.side_z, hit.y, size)) light *= 0.75F;
  }
  return shaded(color, light);
}

}  // namespace lenswire::source::synthetic
