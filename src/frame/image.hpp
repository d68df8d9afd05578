// image.hpp - pixels without the metadata of a frame: what codecs and filters work on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <lenswire/frame.hpp>
#include <lenswire/pixel_format.hpp>

namespace lenswire::frame {

/// A picture, borrowed for the call.
struct ImageView {
  PixelFormat format = PixelFormat::Z16;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t stride_bytes = 0;  ///< 0 for compressed formats
  std::span<const std::byte> data;

  /// Whether `data` holds as many bytes as the other members promise.
  [[nodiscard]] bool complete() const noexcept {
    if (!has_fixed_size(format)) return !data.empty();
    return width > 0 && height > 0 && stride_bytes >= packed_stride(format, width) &&
           data.size() >= frame_bytes(format, stride_bytes, height);
  }
};

/// A picture that owns its pixels. `data` keeps its capacity from use to use.
struct Image {
  PixelFormat format = PixelFormat::Z16;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t stride_bytes = 0;
  std::vector<std::byte> data;

  [[nodiscard]] ImageView view() const noexcept {
    return {format, width, height, stride_bytes, data};
  }

  /// Makes it a picture of this kind with packed rows; the pixels are undefined.
  void reshape(PixelFormat new_format, std::uint32_t new_width, std::uint32_t new_height) {
    format = new_format;
    width = new_width;
    height = new_height;
    stride_bytes = packed_stride(new_format, new_width);
    data.resize(frame_bytes(new_format, stride_bytes, new_height));
  }
};

[[nodiscard]] inline ImageView view_of(const Frame& frame) noexcept {
  return {frame.format(), frame.width(), frame.height(), frame.stride_bytes, frame.bytes()};
}

}  // namespace lenswire::frame
