// spatial.hpp - smooths surfaces of a depth picture and leaves their edges.
#pragma once

#include <cstdint>
#include <vector>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

struct SpatialSettings {
  double alpha = 0.5;              ///< weight of each new pixel, above 0 to 1; 1 changes nothing
  std::uint32_t delta_codes = 20;  ///< neighbours that differ by this much are an edge; 1..4000
  std::uint32_t passes = 2;        ///< 1..5

  bool operator==(const SpatialSettings&) const = default;
};

/// The names and ranges are those of librealsense's spatial filter. Keeps its scratch memory.
///
/// Threading: reentrant.
class SpatialFilter {
 public:
  /// Each pass walks every row to the right, then to the left, then every column down, then up.
  /// A walk carries a running value: it moves to the next pixel by alpha where that differs by less
  /// than delta, and starts anew there otherwise, and after every hole; it is kept in 1/256 codes,
  /// alpha in 1/256, and each walk leaves whole codes, all rounded half up. Holes stay. In raw
  /// codes, whatever the unit. The memory of `out` is reused and is none of the memory behind `in`.
  ///
  /// Errors: Unsupported unless Z16; InvalidArgument for settings out of range, or too little data.
  /// Source: E. Gastal, M. Oliveira, "Domain Transform for Edge-Aware Image and Video Processing",
  /// 2011, with the recursive filter's weight cut at an edge.
  Result<void> run(const frame::ImageView& in, const SpatialSettings& settings, frame::Image& out);

 private:
  std::vector<std::uint16_t> turned_;
  std::vector<std::int32_t> states_;
};

}  // namespace lenswire::filter
