// holes.hpp - a value for every pixel of depth that has none.
#pragma once

#include <cstdint>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

enum class HoleFilling : std::uint8_t {
  Left,      ///< the pixel to the left
  Farthest,  ///< the largest of the neighbours: background, as behind what casts a shadow
  Nearest,   ///< the smallest of the neighbours: safe for robots
};

/// Gives each pixel of Z16 without a measurement a value of its neighbours. Rows go from the top,
/// pixels from the left, and what was filled fills on, so a hole is filled as far as it reaches.
/// The neighbours are the pixel to the left and, but for Left, those above left, above, below left
/// and below; what is outside the picture or has no value does not count, so a hole that nothing
/// precedes stays. The modes and the order are those of librealsense's hole filling filter.
/// The memory of `out` is reused and is none of the memory behind `in`.
///
/// Errors: Unsupported unless Z16; InvalidArgument for too little data. Threading: reentrant.
[[nodiscard]] Result<void> fill_holes(const frame::ImageView& in, HoleFilling filling,
                                      frame::Image& out);

}  // namespace lenswire::filter
