// jpeg_extent.hpp - whether a camera's buffer holds a whole JPEG, and where that ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lenswire::source::v4l2 {

/// The bytes of the JPEG that begins at the start of `data`, up to its end marker; what follows is
/// padding of the driver. Nothing when it is cut short, damaged, or not `width` x `height`.
///
/// Markers are walked, pixels are not decoded: a picture with damaged scan data passes.
/// Threading: reentrant. Safe on hostile input.
/// Source: ITU-T T.81, annex B.
[[nodiscard]] std::optional<std::size_t> jpeg_extent(std::span<const std::byte> data,
                                                     std::uint32_t width,
                                                     std::uint32_t height) noexcept;

}  // namespace lenswire::source::v4l2
