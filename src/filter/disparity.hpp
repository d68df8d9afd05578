// disparity.hpp - depth as the shift in a stereo pair, and back.
#pragma once

#include <cstdint>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// Disparities are numbers of 1/256 px, so at 640 px of focal length and 50 mm of baseline one
/// step is 2 mm at 4 m, and what is nearer than 0.125 m has the largest number.
inline constexpr double kDisparityStepsPerPixel = 256;

/// disparity steps x depth codes = this. Errors: InvalidArgument unless all are positive and the
/// result is between 1 and 65535 x 65535.
[[nodiscard]] Result<double> disparity_product(double fx, double baseline_m, double depth_unit_m);

/// Z16 codes to disparity steps or back, which is the same: product / code, computed as a 32-bit
/// float and rounded to nearest, at least 1 and at most 65535; 0 stays 0. In disparity the noise of
/// a stereo camera is equally large everywhere, so that one `delta` of the smoothing filters fits
/// near and far. The memory of `out` is reused and is none of the memory behind `in`.
///
/// Errors: Unsupported unless Z16; InvalidArgument for a product out of range, or too little data.
/// Threading: reentrant.
[[nodiscard]] Result<void> depth_to_disparity(const frame::ImageView& in, double product,
                                              frame::Image& out);

}  // namespace lenswire::filter
