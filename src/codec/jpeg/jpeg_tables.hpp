// jpeg_tables.hpp - the Huffman tables that MJPEG cameras leave out.
#pragma once

#include <cstddef>
#include <span>

namespace lenswire::codec {

/// One DHT segment, marker included, with the four example tables (DC and AC, luma and chroma).
/// Source: ITU-T T.81, annex K.3.
[[nodiscard]] std::span<const std::byte> standard_huffman_segment() noexcept;

}  // namespace lenswire::codec
