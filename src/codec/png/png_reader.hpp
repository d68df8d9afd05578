// png_reader.hpp - PNG bytes to pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::codec {

/// What the head of a PNG promises.
struct PngHeader {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  PixelFormat natural_format = PixelFormat::Z16;  ///< Z16, Y8 or RGB8
};

/// Reads and judges signature and IHDR; nothing is allocated.
///
/// Errors: Truncated; InvalidArgument (no PNG, damaged, larger than the limits, or than `data`
/// could ever hold); Unsupported (interlaced, palette, bit depths other than 8 and grey 16).
/// Threading: reentrant.
[[nodiscard]] Result<PngHeader> read_png_header(std::span<const std::byte> data);

/// Decodes into image.format, which must be natural_format or its sibling (Y16, BGR8); size, stride
/// and data are set. Safe on hostile input; the picture must be complete, its end included.
///
/// Errors: as read_png_header(), and InvalidArgument for a format that does not fit.
/// Threading: reentrant.
[[nodiscard]] Result<void> read_png_pixels(std::span<const std::byte> data, frame::Image& image);

}  // namespace lenswire::codec
