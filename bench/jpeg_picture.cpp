#include "jpeg_picture.hpp"

#include <algorithm>

namespace lenswire::bench {
namespace {

std::uint32_t hash(std::uint32_t x, std::uint32_t y, std::uint32_t seed) {
  std::uint32_t h = x * 0x9e3779b1U ^ y * 0x85ebca77U ^ seed * 0xc2b2ae3dU;
  h = (h ^ h >> 15) * 0x2c1b3c6dU;
  h = (h ^ h >> 12) * 0x297a2d39U;
  return h ^ h >> 15;
}

// Value noise: random numbers on a grid of `cell` pixels, -128..127, blended linearly.
int smooth_noise(std::uint32_t x, std::uint32_t y, std::uint32_t cell, std::uint32_t seed) {
  const auto corner = [&](std::uint32_t i, std::uint32_t j) {
    return static_cast<int>(hash(x / cell + i, y / cell + j, seed) & 255) - 128;
  };
  const int size = static_cast<int>(cell);
  const int fx = static_cast<int>(x % cell);
  const int fy = static_cast<int>(y % cell);
  const int top = corner(0, 0) * (size - fx) + corner(1, 0) * fx;
  const int bottom = corner(0, 1) * (size - fx) + corner(1, 1) * fx;
  return (top * (size - fy) + bottom * fy) / (size * size);
}

struct Color {
  int y, u, v;
};

Color scene(std::uint32_t x, std::uint32_t y, std::uint32_t seed) {
  // Rectangles of different materials, a third of them with a fine texture.
  const std::uint32_t moved = x + seed * 7;
  const std::uint32_t material = hash(moved / 190, y / 145, 5);
  const int large = smooth_noise(moved, y, 240, 1);
  const int medium = smooth_noise(moved, y, 31, 2);
  int luma = 60 + static_cast<int>(material % 110) + large / 3 + medium / 12;
  if (material % 3 == 0)
    luma += smooth_noise(moved, y, 5, 3) / 6 + smooth_noise(moved, y, 2, 4) / 10;
  const int noise = static_cast<int>(hash(x, y, 1000 + seed) % 7) - 3;
  return {std::clamp(luma + noise, 0, 255),
          std::clamp(128 + static_cast<int>(material >> 8 & 31) - 16 + large / 16, 0, 255),
          std::clamp(128 + static_cast<int>(material >> 16 & 31) - 16 - large / 16, 0, 255)};
}

}  // namespace

frame::Image natural_yuyv(std::uint32_t width, std::uint32_t height, std::uint32_t seed) {
  frame::Image image;
  image.reshape(PixelFormat::YUYV, width, height);
  auto* out = image.data.data();
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; x += 2) {
      const Color left = scene(x, y, seed);
      const Color right = scene(x + 1, y, seed);
      *out++ = static_cast<std::byte>(left.y);
      *out++ = static_cast<std::byte>(left.u);
      *out++ = static_cast<std::byte>(right.y);
      *out++ = static_cast<std::byte>(left.v);
    }
  }
  return image;
}

}  // namespace lenswire::bench
