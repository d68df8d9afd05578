// filter_test_images.hpp - pictures for the filters' tests.
#pragma once

#include <random>

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

}  // namespace lenswire::filter
