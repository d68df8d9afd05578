// colorize.hpp - depth as a picture for people.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// What is shown when nobody asks for something else.
inline constexpr double kShownMinimumM = 0.0;
inline constexpr double kShownMaximumM = 10.0;

/// Colours of depth, from near to far.
enum class ColorMap : std::uint8_t {
  Turbo,  ///< dark red, orange, yellow, green, cyan, blue, violet
  Heat,   ///< white, yellow, orange, red, dark violet
  Ocean,  ///< pale green, turquoise, blue, dark blue
  Gray,   ///< white to dark grey
};

/// How depths share the colours.
enum class ColorRange : std::uint8_t {
  Fixed,      ///< in equal steps of depth
  Histogram,  ///< each the same share of the picture's pixels
};

/// 256 colours (red, green, blue) from near to far. Between nine anchors, 32 entries apart, they
/// are blended linearly and rounded half up; the last anchor would be entry 256.
/// Turbo: (130,10,15) (200,45,10) (245,110,30) (250,180,50) (200,235,60) (110,245,110)
/// (35,210,200) (60,130,245) (70,40,140).
[[nodiscard]] std::span<const std::array<std::uint8_t, 3>, 256> depth_colors(
    ColorMap map = ColorMap::Turbo) noexcept;

/// Paints Z16 as RGB8. With lo and hi = min_m and max_m in whole depth codes (rounded half up),
/// code c has with a fixed range the colour round(255 (c - lo) / (hi - lo)), half up; by histogram,
/// with n pixels from lo to hi, of which k have a smaller code, floor(255 k / max(1, n - 1)).
/// Nearer and farther codes have the first and the last colour; kNoDepth is black. The memory of
/// `out` is reused and is none of the memory behind `in`.
///
/// Errors: Unsupported unless Z16; InvalidArgument for too little data, a unit that is not
/// positive, min_m < 0, or a range of less than one or more than 4,000,000 codes. Threading:
/// reentrant.
[[nodiscard]] Result<void> colorize(const frame::ImageView& in, double depth_unit_m, double min_m,
                                    double max_m, frame::Image& out, ColorMap map = ColorMap::Turbo,
                                    ColorRange range = ColorRange::Fixed);

/// Paints Z16 as Y8: round(255 c / hi) with hi = max_m in whole codes, at most 255; kNoDepth is 0.
///
/// Errors and threading: as colorize().
[[nodiscard]] Result<void> gray8(const frame::ImageView& in, double depth_unit_m, double max_m,
                                 frame::Image& out);

}  // namespace lenswire::filter
