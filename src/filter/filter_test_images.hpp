// filter_test_images.hpp - pictures for the filters' tests.
#pragma once

#include <random>
#include <vector>

#include "frame/image.hpp"

namespace lenswire::filter {

/// Noise with rows `padding` bytes apart; the padding is noise too.
inline frame::Image noise_image(PixelFormat format, std::uint32_t width, std::uint32_t height,
                                std::uint32_t padding = 0) {
  frame::Image image;
  image.reshape(format, width, height);
  image.stride_bytes += padding;
  image.data.resize(frame_bytes(format, image.stride_bytes, height));
  std::mt19937 random(width * 1000 + height);
  for (auto& byte : image.data) byte = static_cast<std::byte>(random() & 0xff);
  return image;
}

inline int byte_at(const frame::Image& image, std::size_t row, std::size_t offset) {
  return std::to_integer<int>(image.data[row * image.stride_bytes + offset]);
}

/// A 16-bit sample.
inline int code_at(const frame::Image& image, std::size_t row, std::size_t column) {
  return byte_at(image, row, 2 * column) | byte_at(image, row, 2 * column + 1) << 8;
}

inline void set_code(frame::Image& image, std::size_t row, std::size_t column, int code) {
  image.data[row * image.stride_bytes + 2 * column] = static_cast<std::byte>(code & 0xff);
  image.data[row * image.stride_bytes + 2 * column + 1] = static_cast<std::byte>(code >> 8);
}

/// A slanted surface with noise of a few codes, a near box in the middle, and one hole in
/// `hole_every` pixels (0 = none); the padding is noise.
inline frame::Image depth_image(std::uint32_t width, std::uint32_t height,
                                std::uint32_t padding = 0, unsigned hole_every = 7) {
  auto image = noise_image(PixelFormat::Z16, width, height, padding);
  std::mt19937 random(width * 77 + height);
  for (std::uint32_t y = 0; y < height; ++y)
    for (std::uint32_t x = 0; x < width; ++x) {
      const bool box = 3 * x > width && 3 * x < 2 * width && 3 * y > height && 3 * y < 2 * height;
      const auto noise = static_cast<int>(random() % 9);
      const bool hole = hole_every != 0 && random() % hole_every == 0;
      const int code = (box ? 700 : 1500) + static_cast<int>(x + 2 * y) % 4000 + noise;
      set_code(image, y, x, hole ? 0 : code);
    }
  return image;
}

/// Every sample of a 16-bit picture.
inline std::vector<int> codes_of(const frame::Image& image) {
  std::vector<int> codes;
  for (std::uint32_t y = 0; y < image.height; ++y)
    for (std::uint32_t x = 0; x < image.width; ++x) codes.push_back(code_at(image, y, x));
  return codes;
}

inline frame::Image image_of(std::uint32_t width, const std::vector<int>& codes) {
  frame::Image image;
  image.reshape(PixelFormat::Z16, width, static_cast<std::uint32_t>(codes.size() / width));
  for (std::size_t i = 0; i < codes.size(); ++i) set_code(image, i / width, i % width, codes[i]);
  return image;
}

}  // namespace lenswire::filter
