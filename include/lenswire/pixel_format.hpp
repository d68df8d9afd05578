// pixel_format.hpp - what the bytes of a frame mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <lenswire/result.hpp>

namespace lenswire {

/// A FourCC as V4L2 packs it: first character in the lowest byte.
[[nodiscard]] constexpr std::uint32_t fourcc(char a, char b, char c, char d) noexcept {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(a)) |
         static_cast<std::uint32_t>(static_cast<unsigned char>(b)) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(d)) << 24;
}

/// Pixel formats, by their V4L2 FourCC where V4L2 has one. Multi-byte samples are little-endian.
enum class PixelFormat : std::uint32_t {
  Z16 = fourcc('Z', '1', '6', ' '),    ///< depth, 16 bit, 0 = no measurement
  Y8 = fourcc('G', 'R', 'E', 'Y'),     ///< grey or infrared, 8 bit
  Y16 = fourcc('Y', '1', '6', ' '),    ///< grey or infrared, 16 bit
  RGB8 = fourcc('R', 'G', 'B', '3'),   ///< 3 bytes a pixel, red first
  BGR8 = fourcc('B', 'G', 'R', '3'),   ///< 3 bytes a pixel, blue first
  YUYV = fourcc('Y', 'U', 'Y', 'V'),   ///< 4:2:2 packed, limited or full range as the device has it
  UYVY = fourcc('U', 'Y', 'V', 'Y'),   ///< as YUYV, each pair of bytes the other way round
  NV12 = fourcc('N', 'V', '1', '2'),   ///< 4:2:0, luma plane then interleaved chroma, same stride
  MJPEG = fourcc('M', 'J', 'P', 'G'),  ///< one JPEG a frame, perhaps without Huffman tables
  JPEG = fourcc('J', 'P', 'E', 'G'),   ///< one complete JPEG a frame
  XYZ32F = fourcc('X', 'Y', 'Z', 'F'),    ///< float points: x, y, z in metres; NaN = no measurement
  Skeleton = fourcc('S', 'K', 'E', 'L'),  ///< no pixels, but people's joints: lenswire/skeleton.hpp
};

/// The name used on command lines, in JSON and in URLs: "z16", "y8", "rgb8", "yuyv", "mjpeg", ...
[[nodiscard]] std::string_view to_string(PixelFormat format) noexcept;
[[nodiscard]] std::optional<PixelFormat> pixel_format_from_string(std::string_view name) noexcept;
[[nodiscard]] std::optional<PixelFormat> pixel_format_from_fourcc(std::uint32_t code) noexcept;

/// True for MJPEG and JPEG: the size of a frame is not given by its dimensions.
[[nodiscard]] bool is_compressed(PixelFormat format) noexcept;

/// False for MJPEG, JPEG and Skeleton: width and height do not tell how many bytes a frame has.
[[nodiscard]] bool has_fixed_size(PixelFormat format) noexcept;

/// Bytes of one row without padding; for NV12 of one luma row. 0 where the size is not fixed.
[[nodiscard]] std::uint32_t packed_stride(PixelFormat format, std::uint32_t width) noexcept;

/// Bytes of a whole raw frame with rows `stride_bytes` apart. 0 where the size is not fixed.
[[nodiscard]] std::size_t frame_bytes(PixelFormat format, std::uint32_t stride_bytes,
                                      std::uint32_t height) noexcept;

}  // namespace lenswire
