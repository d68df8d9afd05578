// ball_scene.hpp - where the ball of synthetic:ball is: the ground truth.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lenswire::source::synthetic {

inline constexpr std::uint32_t kBallRadiusPx = 20;
/// After each bounce the ball has a new speed, in pixels a frame and axis.
inline constexpr std::uint32_t kMaxBallSpeed = 5;

struct BallCenter {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  bool operator==(const BallCenter&) const = default;
};

/// A ball that flies straight and bounces off the edges, each time with a speed that chance gives
/// it. Whole pixels, and each frame's place follows from its number alone, so whoever knows size
/// and seed knows the truth. Along each axis the flight repeats after 64 bounces.
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
  static constexpr std::size_t kBounces = 64;  // even, so that it ends where it began
  struct Axis {
    std::uint32_t free = 0;  // pixels between the two turning points
    // Flights there and back in turn: each one's speed, and the frame after its last.
    std::array<std::uint32_t, kBounces> speed{};
    std::array<std::uint64_t, kBounces> end{};
    std::uint64_t start = 0;  // where frame 0 is in all of this
    [[nodiscard]] std::uint32_t at(std::uint64_t frame_number) const noexcept;
  };

  std::uint32_t width_;
  Axis x_;
  Axis y_;
};

}  // namespace lenswire::source::synthetic
