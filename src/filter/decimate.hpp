// decimate.hpp - a smaller depth picture with less noise and fewer holes.
#pragma once

#include <cstdint>

#include <lenswire/calibration.hpp>
#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

inline constexpr std::uint32_t kMaxDecimation = 8;

/// Makes one pixel of every `factor` x `factor` block (2 to 8) of a Z16 picture; columns and rows
/// that fill no block are left out. What is not measured does not count: factors 2 and 3 take the
/// median of the rest, of two middle values the smaller one, so that no value appears that was not
/// measured; larger factors the mean, rounded half up. A block without a measurement has none.
/// The behaviour is that of librealsense's decimation filter, except that it pads the width and
/// the height with zeros to multiples of 4, which this does not, and cuts the mean off.
/// The memory of `out` is reused and is none of the memory behind `in`.
///
/// Errors: Unsupported unless Z16; InvalidArgument for a factor out of range, a picture smaller
/// than one block, or too little data.
/// Threading: reentrant.
[[nodiscard]] Result<void> decimate(const frame::ImageView& in, std::uint32_t factor,
                                    frame::Image& out);

/// The camera that would have taken the decimated picture.
[[nodiscard]] Intrinsics decimated(const Intrinsics& camera, std::uint32_t factor) noexcept;

}  // namespace lenswire::filter
