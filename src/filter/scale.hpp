// scale.hpp - smaller pictures.
#pragma once

#include <cstdint>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// The width or height after scaling by `factor`: max(1, round(size * factor)), half away from
/// zero, and never more than `size`.
[[nodiscard]] std::uint32_t scaled_size(std::uint32_t size, double factor) noexcept;

/// Whether scale() takes this format: Y8, RGB8, BGR8, Z16, Y16, XYZ32F. Convert others first.
[[nodiscard]] bool can_scale(PixelFormat format) noexcept;

/// Shrinks `in` into `out`, whose memory is reused and is none of the memory behind `in`.
///
/// Y8, RGB8 and BGR8 become the average of the area that each new pixel covers, borders weighted by
/// the covered part, computed exactly and rounded half up. Z16, Y16 and XYZ32F take the pixel
/// nearest to the new pixel's centre, column (2 x + 1) * width / (2 * new width) rounded down, rows
/// alike: no value appears that was not measured.
///
/// Errors: Unsupported (see can_scale()); InvalidArgument for a factor outside 0 < f <= 1, or too
/// little data.
/// Threading: reentrant.
[[nodiscard]] Result<void> scale(const frame::ImageView& in, double factor, frame::Image& out);

}  // namespace lenswire::filter
