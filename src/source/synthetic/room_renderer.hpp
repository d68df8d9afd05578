// room_renderer.hpp - the pictures of synthetic:room.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <lenswire/pixel_format.hpp>

#include "source/synthetic/figure.hpp"
#include "source/synthetic/noise_tile.hpp"
#include "source/synthetic/ray.hpp"
#include "source/synthetic/room_scene.hpp"

namespace lenswire::source::synthetic {

enum class RoomPattern : std::uint8_t { Textured = 0, Plain = 1, Checker = 2, Labels = 3 };
inline constexpr std::array<std::string_view, 4> kRoomPatternNames = {"textured", "plain",
                                                                      "checker", "labels"};

/// What the controls change.
struct RoomLook {
  double noise = 1;   ///< 1 = as a usual stereo camera, 0 = none, also in colour
  bool holes = true;  ///< shadows, reflections and random dropouts
  RoomPattern pattern = RoomPattern::Textured;
};

/// Which picture to make. The same values and the same seed give the same bytes on any machine.
struct RoomMoment {
  std::uint64_t number = 0;    ///< of the frame: chooses the noise
  std::uint64_t scene_us = 0;  ///< the scene's time: where things are
  RoomLook look;
};

/// Casts a ray per pixel against the scene. The room and its furniture are cast once; each frame
/// copies that and casts only the pixels that a moving object may cover.
///
/// Depth is quantised as a stereo matcher does it: whole disparities d of 1/32 px, so that
/// z = round(K / d) mm with K = RoomScene::disparity_constant(). What the right one of the two
/// imagers cannot see is a hole.
///
/// Threading: thread-bound.
class RoomRenderer {
 public:
  RoomRenderer(std::uint32_t width, std::uint32_t height, std::uint64_t seed,
               std::size_t figures = 0);

  [[nodiscard]] const RoomScene& scene() const noexcept { return scene_; }

  /// `out`: width x height pixels, rows packed, millimetres.
  void render_depth(const RoomMoment& moment, std::span<std::uint16_t> out);
  /// `out`: packed rows of RGB8 or, where the width is even, YUYV (BT.601, limited range).
  void render_color(const RoomMoment& moment, PixelFormat format, std::span<std::byte> out);

 private:
  struct Rays {
    std::vector<float> x;  // per column, for z = 1
    std::vector<float> y;  // per row
  };
  struct Planes {
    std::vector<std::uint8_t> red;
    std::vector<std::uint8_t> green;
    std::vector<std::uint8_t> blue;
    void resize(std::size_t count);
  };

  struct PlacedTarget {
    Target target;
    PixelBounds bounds;
  };

  void place_targets(std::uint64_t scene_us, const Intrinsics& camera, double camera_x);
  void cast_depth_background();
  void cast_color_background(RoomPattern pattern);

  const std::uint32_t width_;
  const std::uint32_t height_;
  const std::uint64_t seed_;
  const RoomScene scene_;
  const NoiseTile noise_;
  Rays depth_rays_;
  Rays color_rays_;
  std::vector<std::uint16_t> depth_of_code_;  // mm by disparity in 1/32 px

  std::vector<float> disparity_;          // of what stands still, 1/32 px
  std::vector<std::uint8_t> hole_share_;  // of 256
  std::vector<float> color_depth_;        // seen by the colour camera, metres
  Planes background_;
  RoomPattern background_pattern_ = RoomPattern::Textured;

  std::vector<PlacedTarget> targets_;  // of the picture in the making
  std::vector<FigureTarget> figure_parts_;

  // One row at a time.
  std::vector<float> row_disparity_;
  std::vector<std::uint8_t> row_hole_share_;
  std::vector<std::int8_t> row_noise_;
  std::vector<std::uint8_t> row_chance_;
  std::vector<std::int32_t> row_code_;
  std::vector<float> row_depth_;
  Planes row_;
};

}  // namespace lenswire::source::synthetic
