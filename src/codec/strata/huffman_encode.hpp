// huffman_encode.hpp - the counterpart of huffman_decode.hpp.
#pragma once

#include "encode_kernels.hpp"

namespace lenswire::strata {

/// Writes LEB128. Returns the end.
uint8_t* write_varint(uint8_t* out, uint32_t value) noexcept;

/// The most bytes write_section() writes or touches.
[[nodiscard]] inline size_t section_max_bytes(size_t count) noexcept { return count * 2 + 1024; }

/// Writes `count` bytes as a section of whatever type is smallest. `out` has room for
/// section_max_bytes(). Returns the end.
uint8_t* write_section(const uint8_t* bytes, uint32_t count, uint8_t* out,
                       const EncodeKernels& kernels) noexcept;

}  // namespace lenswire::strata
