// depth_range.hpp - leaves only what is near enough and far enough.
#pragma once

#include <cstdint>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// The raw depth codes whose distance lies in a closed range of metres. 1e-6 of a code is forgiven,
/// so that 0.7 m is code 700 of 1 mm in spite of binary fractions. `first` > `last` when none does.
struct DepthCodes {
  std::uint32_t first = 1;
  std::uint32_t last = 65535;
};

/// Errors: InvalidArgument unless depth_unit_m > 0, 0 <= min_m <= max_m (which may be infinite).
[[nodiscard]] Result<DepthCodes> depth_codes(double depth_unit_m, double min_m, double max_m);

/// Copies `in` (Z16) to `out` with every code outside [min_m, max_m] set to kNoDepth. The memory of
/// `out` is reused and is none of the memory behind `in`.
///
/// Errors: Unsupported unless Z16; InvalidArgument as depth_codes(), or too little data.
/// Threading: reentrant.
[[nodiscard]] Result<void> depth_range(const frame::ImageView& in, double depth_unit_m,
                                       double min_m, double max_m, frame::Image& out);

}  // namespace lenswire::filter
