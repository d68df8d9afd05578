// planar.hpp - packed 4:2:2 and semi-planar chroma to the planes JPEG wants.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lenswire::codec {

/// One way of doing it; all give the same bytes. Sources and destinations do not overlap.
struct PlanarKernels {
  /// Two rows of YUYV, `pairs` pixel pairs each, to two luma rows and one chroma row: chroma is the
  /// rows' average, rounded up at half. Writes 2 * pairs luma and pairs chroma bytes per row.
  void (*yuyv_rows)(const std::uint8_t* top, const std::uint8_t* bottom, std::size_t pairs,
                    std::uint8_t* y_top, std::uint8_t* y_bottom, std::uint8_t* u, std::uint8_t* v);
  /// The same of UYVY.
  void (*uyvy_rows)(const std::uint8_t* top, const std::uint8_t* bottom, std::size_t pairs,
                    std::uint8_t* y_top, std::uint8_t* y_bottom, std::uint8_t* u, std::uint8_t* v);
  /// Interleaved chroma (NV12) to two rows.
  void (*split_chroma)(const std::uint8_t* uv, std::size_t pairs, std::uint8_t* u, std::uint8_t* v);
};

/// Highway's for this CPU, or the scalar ones where base::force_scalar() says so.
[[nodiscard]] const PlanarKernels& planar_kernels() noexcept;

/// The twins, each for its test.
[[nodiscard]] const PlanarKernels& scalar_planar_kernels() noexcept;
[[nodiscard]] const PlanarKernels& vector_planar_kernels() noexcept;

}  // namespace lenswire::codec
