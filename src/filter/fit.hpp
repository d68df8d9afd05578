// fit.hpp - a picture inside another size, its shape kept.
#pragma once

#include <cstdint>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// Where a picture lies in a larger frame around it.
struct Placement {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  bool operator==(const Placement&) const = default;
};

/// The largest rectangle of the picture's shape inside the frame, in its middle; at least 1 x 1.
/// All sizes are above 0.
[[nodiscard]] Placement placement(std::uint32_t width, std::uint32_t height,
                                  std::uint32_t frame_width, std::uint32_t frame_height) noexcept;

/// Brings `in` (Z16, Y16, Y8, RGB8, BGR8) to the size, with zeros at two sides where the shapes
/// differ, into `out`, whose memory is reused and is none of the memory behind `in`.
///
/// Smaller as scale() does it. Larger: Y8, RGB8 and BGR8 are interpolated between pixel centres,
/// in 1/256 steps, rounded to nearest; Z16 and Y16 repeat the nearest pixel, so that no value
/// appears that was not measured.
///
/// Errors: Unsupported (format); InvalidArgument for a size of 0, or too little data.
/// Threading: reentrant.
[[nodiscard]] Result<void> fit(const frame::ImageView& in, std::uint32_t width,
                               std::uint32_t height, frame::Image& out);

}  // namespace lenswire::filter
