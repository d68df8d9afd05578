// figure.hpp - a person who walks on the spot in synthetic:room: joints and body, both true.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <lenswire/skeleton.hpp>

#include "source/synthetic/ray.hpp"
#include "source/synthetic/room_scene.hpp"

namespace lenswire::source::synthetic {

enum class FigureShape : std::uint8_t { Capsule, Ellipsoid };
enum class FigureCloth : std::uint8_t { Skin, Head, Shirt, Trousers, Shoe };

/// A piece of the body, in the depth camera's frame.
struct FigurePart {
  FigureShape shape = FigureShape::Capsule;
  FigureCloth cloth = FigureCloth::Skin;
  Point from;         ///< a capsule's one end, or an ellipsoid's centre
  Point to;           ///< its other end
  Point half;         ///< half axes of an ellipsoid; of a capsule, half.x is the radius
  double cosine = 1;  ///< of the ellipsoid's turn about the vertical axis
  double sine = 0;
};

struct Figure {
  std::array<Point, kJointCount> joints{};  ///< in the order of JointId
  std::array<FigurePart, 32> all_parts{};
  std::size_t part_count = 0;

  [[nodiscard]] std::span<const FigurePart> parts() const noexcept {
    return std::span(all_parts).first(part_count);
  }
};

/// The figure `index` of `count` in the scene with this seed, at a moment of the scene's own time.
/// It is 1.74 m tall, stands with one foot at least on the floor and looks about at the cameras.
/// All arithmetic is + - * / and square roots of IEEE doubles.
[[nodiscard]] Figure figure_at(std::uint64_t seed, std::size_t index, std::size_t count,
                               std::uint64_t scene_us) noexcept;

/// Everybody's true joints: pixels of the colour picture or else of the depth picture, positions in
/// the depth camera's frame; a joint's confidence is 1 also where the body hides it.
void room_truth(const RoomScene& scene, std::uint64_t scene_us, bool in_color, Skeleton& out);

/// A part as one camera sees it, ready for casting: single precision, camera at the origin.
struct FigureTarget {
  FigureTarget(const FigurePart& part, std::uint8_t wearer, double camera_x,
               const Intrinsics& camera) noexcept;

  FigureShape shape;
  FigureCloth cloth;
  std::uint8_t figure;
  float x, y, z;                 // from
  float axis_x, axis_y, axis_z;  // to - from
  float half_x, half_y, half_z;
  float cosine, sine;
  PixelBounds bounds;
};

/// Meets the ray (dx, dy, 1) * z, as cast() does. Of an ellipsoid, x, y and side_z of the hit are
/// in its own frame, in half axes.
[[nodiscard]] Hit cast_figure(const FigureTarget& target, float dx, float dy) noexcept;

/// Skin, hair, a face and clothes, with light and shade; flat colours for the pattern "labels".
[[nodiscard]] RoomColor paint_figure(const FigureTarget& target, const Hit& hit,
                                     bool flat) noexcept;

}  // namespace lenswire::source::synthetic
