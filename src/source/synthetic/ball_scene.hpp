// ball_scene.hpp - where the ball of synthetic:ball is: the ground truth.
#pragma once

#include <cstdint>
#include <span>

namespace lenswire::source::synthetic {

inline constexpr std::uint32_t kBallRadiusPx = 20;

struct BallCenter {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  bool operator==(const BallCenter&) const = default;
};

/// A ball that flies straight and bounces off the edges. Whole pixels, and each frame's place
/// follows from its number alone, so whoever knows size and seed knows the truth.
///
/// Threading: reentrant.
class BallScene {
 public:
  /// Both sides are at least 2 * kBallRadiusPx + 2.
  BallScene(std::uint32_t width, std::uint32_t height, std::uint64_t seed) noexcept;

  [[nodiscard]] BallCenter center(std::uint64_t frame_number) const noexcept;

  /// A blue disc on black, RGB8, packed rows.
  void render(std::uint64_t frame_number, std::span<std::byte> out) const noexcept;

 private:
  struct Axis {
    std::uint32_t free = 0;  // pixels between the two turning points
    std::uint64_t start = 0;
    std::uint64_t speed = 0;  // pixels a frame
    [[nodiscard]] std::uint32_t at(std::uint64_t frame_number) const noexcept;
  };

  std::uint32_t width_;
  Axis x_;
  Axis y_;
};

}  // namespace lenswire::source::synthetic
