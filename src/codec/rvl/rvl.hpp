// rvl.hpp - run length + variable length depth coding, as published in 2017.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lenswire/result.hpp>

namespace lenswire::codec {

/// The most bytes rvl_encode() can write for `pixel_count` pixels.
[[nodiscard]] std::size_t rvl_max_bytes(std::size_t pixel_count) noexcept;

/// Compresses depth pixels without loss, in the byte format of the published program: 4-bit groups,
/// the first in the highest bits of little-endian 32-bit words.
///
/// `depth` is row-major without padding; 0 means "no measurement". `out` holds at least
/// rvl_max_bytes(depth.size()) bytes. Returns the number of bytes written, a multiple of four.
///
/// Errors: InvalidArgument when `out` is too small.
/// Threading: reentrant.
/// Source: A. D. Wilson, "Fast Lossless Depth Image Compression", ISS 2017.
Result<std::size_t> rvl_encode(std::span<const std::uint16_t> depth, std::span<std::byte> out);

/// Restores an image made by rvl_encode(). Safe on hostile input.
///
/// `depth.size()` must be the encoded pixel count: RVL does not store it. What follows the last
/// pixel is ignored, as the published program does.
///
/// Errors: Truncated when `data` ends before `depth` is full;
///         InvalidArgument when a run would write past its end.
Result<void> rvl_decode(std::span<const std::byte> data, std::span<std::uint16_t> depth);

}  // namespace lenswire::codec
