#include "source/synthetic/ball_scene.hpp"

#include <algorithm>
#include <cstddef>

#include "source/synthetic/hash.hpp"

namespace lenswire::source::synthetic {

BallScene::BallScene(std::uint32_t width, std::uint32_t height, std::uint64_t seed) noexcept
    : width_(width) {
  const auto axis = [seed](std::uint32_t size, std::uint64_t number) {
    Axis a;
    a.free = size - 1 - 2 * kBallRadiusPx;
    a.start = hash(seed, number, 1) % (2 * std::uint64_t{a.free});
    a.speed = 2 + hash(seed, number, 2) % 4;
    return a;
  };
  x_ = axis(width, 1);
  y_ = axis(height, 2);
}

std::uint32_t BallScene::Axis::at(std::uint64_t frame_number) const noexcept {
  const std::uint64_t there_and_back = 2 * std::uint64_t{free};
  const auto way = (start + frame_number % there_and_back * speed) % there_and_back;
  return kBallRadiusPx + static_cast<std::uint32_t>(way <= free ? way : there_and_back - way);
}

BallCenter BallScene::center(std::uint64_t frame_number) const noexcept {
  return {x_.at(frame_number), y_.at(frame_number)};
}

void BallScene::render(std::uint64_t frame_number, std::span<std::byte> out) const noexcept {
  std::fill(out.begin(), out.end(), std::byte{0});
  const auto [cx, cy] = center(frame_number);
  constexpr std::uint32_t r = kBallRadiusPx;
  for (std::uint32_t y = cy - r; y <= cy + r; ++y)
    for (std::uint32_t x = cx - r; x <= cx + r; ++x) {
      const auto dx = x > cx ? x - cx : cx - x;
      const auto dy = y > cy ? y - cy : cy - y;
      if (dx * dx + dy * dy <= r * r) out[(std::size_t{y} * width_ + x) * 3 + 2] = std::byte{255};
    }
}

}  // namespace lenswire::source::synthetic
