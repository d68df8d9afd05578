// crop.hpp - a rectangle of a picture.
#pragma once

#include <cstdint>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// A rectangle in pixels; (x, y) is its top left corner.
struct Region {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  bool operator==(const Region&) const = default;
};

/// The smallest region around `wanted` that starts where this format can be cut: x is even for YUYV
/// and NV12, y too for NV12. Its intrinsics are those of the returned region, not of `wanted`.
[[nodiscard]] Region cuttable_region(PixelFormat format, const Region& wanted) noexcept;

/// Copies `region` of `in` to `out`, whose memory is reused; rows come out packed. `out` is none of
/// the memory behind `in`.
///
/// Errors: Unsupported for compressed formats; InvalidArgument for an empty region, one not inside
/// the picture, one that cuttable_region() would change, or too little data.
/// Threading: reentrant.
[[nodiscard]] Result<void> crop(const frame::ImageView& in, const Region& region,
                                frame::Image& out);

}  // namespace lenswire::filter
