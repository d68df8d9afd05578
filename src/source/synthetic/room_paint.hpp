// room_paint.hpp - the colours of the room's surfaces.
#pragma once

#include "source/synthetic/ray.hpp"
#include "source/synthetic/room_renderer.hpp"

namespace lenswire::source::synthetic {

/// What a ray meets that nothing movable stands in the way of.
struct RoomHit {
  float z = 0;
  std::uint8_t label = 0;
  float x = 0, y = 0;  ///< where on the surface, metres
  float light = 0;     ///< 0..1
};

/// The walls and the furniture along the ray (dx, dy, 1) of a camera at (camera_x, 0, 0).
[[nodiscard]] RoomHit cast_room(float dx, float dy, float camera_x) noexcept;

[[nodiscard]] RoomColor paint_room(const RoomHit& hit, RoomPattern pattern,
                                   std::uint64_t seed) noexcept;

[[nodiscard]] RoomColor paint_object(const Target& target, const Hit& hit,
                                     RoomPattern pattern) noexcept;

}  // namespace lenswire::source::synthetic
