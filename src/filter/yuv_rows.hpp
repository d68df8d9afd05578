// yuv_rows.hpp - rows of Y, U, V samples to rows of colour; the formula is in convert.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lenswire::filter {

/// Both twins give the same bytes. Each call writes 3 * 2 * pairs bytes.
struct YuvRowKernels {
  /// One row of YUYV.
  void (*yuyv)(const std::uint8_t* yuyv, std::size_t pairs, bool blue_first, std::uint8_t* out);
  /// One row of UYVY.
  void (*uyvy)(const std::uint8_t* uyvy, std::size_t pairs, bool blue_first, std::uint8_t* out);
  /// One row of luma with its row of interleaved chroma (NV12).
  void (*semi_planar)(const std::uint8_t* luma, const std::uint8_t* chroma, std::size_t pairs,
                      bool blue_first, std::uint8_t* out);
};

/// Highway's for this CPU, or the scalar ones where base::force_scalar() says so.
[[nodiscard]] const YuvRowKernels& yuv_row_kernels() noexcept;

/// The twins, each for its test.
[[nodiscard]] const YuvRowKernels& scalar_yuv_row_kernels() noexcept;
[[nodiscard]] const YuvRowKernels& vector_yuv_row_kernels() noexcept;

}  // namespace lenswire::filter
