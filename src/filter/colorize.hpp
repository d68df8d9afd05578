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

/// 256 colours (red, green, blue) from near to far: dark red, orange, yellow, green, cyan, blue,
/// violet. Between these nine anchors, 32 entries apart, the colours are blended linearly:
/// (130,10,15) (200,45,10) (245,110,30) (250,180,50) (200,235,60) (110,245,110) (35,210,200)
/// (60,130,245) (70,40,140); the last would be entry 256.
[[nodiscard]] std::span<const std::array<std::uint8_t, 3>, 256> depth_colors() noexcept;

/// Paints Z16 as RGB8. With lo and hi = min_m and max_m in whole depth codes (rounded half up),
/// code c has colour round(255 (c - lo) / (hi - lo)), half up; nearer and farther codes have the
/// first and the last colour; kNoDepth is black. The memory of `out` is reused and is none of the
/// memory behind `in`.
///
/// Errors: Unsupported unless Z16; InvalidArgument for too little data, a unit that is not
/// positive, min_m < 0, or a range of less than one or more than 4,000,000 codes. Threading:
/// reentrant.
[[nodiscard]] Result<void> colorize(const frame::ImageView& in, double depth_unit_m, double min_m,
                                    double max_m, frame::Image& out);

/// Paints Z16 as Y8: round(255 c / hi) with hi = max_m in whole codes, at most 255; kNoDepth is 0.
///
/// Errors and threading: as colorize().
[[nodiscard]] Result<void> gray8(const frame::ImageView& in, double depth_unit_m, double max_m,
                                 frame::Image& out);

}  // namespace lenswire::filter
