// jpeg_scan.hpp - what a JPEG claims to be, read from its markers before anything decodes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lenswire/result.hpp>

namespace lenswire::codec {

/// More scans than this is an attack: the usual progressive script has ten.
inline constexpr int kMaxJpegScans = 32;

/// Every scan visits every pixel, so their product bounds the decoder's time.
inline constexpr std::uint64_t kMaxJpegPixelScans = std::uint64_t{256} << 20;

/// What the markers say.
struct JpegSummary {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int components = 0;
  bool progressive = false;
  bool has_huffman_tables = false;  ///< a DHT stands before the first scan
  int scans = 0;                    ///< SOS markers seen
  std::size_t first_scan = 0;       ///< offset of the first SOS marker
  std::size_t end = 0;              ///< one past the EOI, or the data's size without one
  bool complete = false;            ///< an EOI ends the last scan
};

/// Walks the markers up to and including the first SOS: enough to pass a picture on. Bounded by the
/// data's length; nothing is allocated. Fill bytes are allowed between segments, other bytes are
/// not.
///
/// Errors: InvalidArgument (no JPEG, damaged, beyond the limits of limits.hpp), Truncated (ends
/// before the first scan), Unsupported (arithmetic coding, lossless, 12 bit).
/// Threading: reentrant.
[[nodiscard]] Result<JpegSummary> scan_jpeg_head(std::span<const std::byte> data);

/// Walks the whole picture up to its EOI, counting scans; an EOI inside a segment (a thumbnail's)
/// does not end it, one inside the entropy coded data does, and bytes after it are not looked at. A
/// picture without an EOI is no error here: `complete` tells.
///
/// Errors: as scan_jpeg_head(), and InvalidArgument for too many scans, or for a size that so few
/// bytes cannot hold.
/// Threading: reentrant.
[[nodiscard]] Result<JpegSummary> scan_jpeg(std::span<const std::byte> data);

}  // namespace lenswire::codec
