// smooth_rows.hpp - what the spatial and the temporal filter do to a row of depth.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lenswire::filter {

/// A state is a depth code in 1/256 steps; 0 = none.
struct Blend {
  std::int32_t alpha = 128;         ///< weight of the new value, in 1/256
  std::int32_t delta_states = 256;  ///< the first difference of states that is an edge
};

/// When a pixel without a measurement keeps its last value: where at least `least` of the frames
/// in `window`, a mask of the last eight (bit 0 the newest), had one.
struct Credit {
  enum class Least : std::uint8_t { Never, One, Two, All, Always };
  Least least = Least::Never;
  std::uint8_t window = 0;
};

/// Both twins give the same numbers.
struct SmoothRowKernels {
  /// For each pixel: where state and code differ by less than the edge, the state moves to the code
  /// by alpha (rounded half up), else it becomes the code; `codes` gets it rounded half up.
  void (*blend)(std::uint16_t* codes, std::int32_t* states, std::size_t count, const Blend& blend);

  /// The same from frame to frame, with the pixels' histories. See TemporalFilter.
  void (*remember)(const std::uint16_t* codes, std::int32_t* states, std::uint8_t* histories,
                   std::size_t count, const Blend& blend, const Credit& credit, std::uint16_t* out);

  /// Rows become columns; both pictures have packed rows.
  void (*transpose)(const std::uint16_t* in, std::size_t width, std::size_t height,
                    std::uint16_t* out);
};

/// Highway's for this CPU, or the scalar ones where base::force_scalar() says so.
[[nodiscard]] const SmoothRowKernels& smooth_row_kernels() noexcept;

/// The twins, each for its test.
[[nodiscard]] const SmoothRowKernels& scalar_smooth_row_kernels() noexcept;
[[nodiscard]] const SmoothRowKernels& vector_smooth_row_kernels() noexcept;

}  // namespace lenswire::filter
