#include "source/synthetic/ball_scene.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "source/synthetic/hash.hpp"

namespace lenswire::source::synthetic {

BallScene::BallScene(std::uint32_t width, std::uint32_t height, std::uint64_t seed) noexcept
    : width_(width) {
  const auto axis = [seed](std::uint32_t size, std::uint64_t number) {
    Axis a;
    a.free = size - 1 - 2 * kBallRadiusPx;
    std::uint64_t frames = 0;
    for (std::size_t i = 0; i < kBounces; ++i) {
      a.speed[i] = 1 + static_cast<std::uint32_t>(hash(seed, number, 2 + i) % kMaxBallSpeed);
      frames += (a.free + a.speed[i] - 1) / a.speed[i];
      a.end[i] = frames;
    }
    a.start = hash(seed, number, 1) % frames;
    return a;
  };
  x_ = axis(width, 1);
  y_ = axis(height, 2);
}

std::uint32_t BallScene::Axis::at(std::uint64_t frame_number) const noexcept {
  const auto period = end.back();
  const auto frame = (start + frame_number % period) % period;
  const auto flight = static_cast<std::size_t>(
      std::distance(end.begin(), std::upper_bound(end.begin(), end.end(), frame)));
  const auto begun = flight == 0 ? 0 : end[flight - 1];
  const auto way = std::min<std::uint64_t>(free, (frame - begun) * speed[flight]);
  return kBallRadiusPx + static_cast<std::uint32_t>(flight % 2 == 0 ? way : free - way);
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
