// decimate_rows.hpp - medians of small blocks of depth, a row at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lenswire::filter {

/// Both twins give the same numbers: the lower middle one of those above 0, else 0.
struct DecimateRowKernels {
  /// Blocks of 2 x 2: 2 * count columns of two rows.
  void (*median2)(const std::uint16_t* top, const std::uint16_t* bottom, std::size_t count,
                  std::uint16_t* out);
  /// Blocks of 3 x 3: 3 * count columns of three rows.
  void (*median3)(const std::uint16_t* top, const std::uint16_t* middle,
                  const std::uint16_t* bottom, std::size_t count, std::uint16_t* out);
};

/// Highway's for this CPU, or the scalar ones where base::force_scalar() says so.
[[nodiscard]] const DecimateRowKernels& decimate_row_kernels() noexcept;

/// The twins, each for its test.
[[nodiscard]] const DecimateRowKernels& scalar_decimate_row_kernels() noexcept;
[[nodiscard]] const DecimateRowKernels& vector_decimate_row_kernels() noexcept;

}  // namespace lenswire::filter
