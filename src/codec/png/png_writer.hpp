// png_writer.hpp - pixels to PNG bytes.
#pragma once

#include <memory>
#include <vector>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::codec {

[[nodiscard]] bool png_accepts(PixelFormat format) noexcept;

/// Writes PNG with the fastest compression. Owns the memory libpng and zlib work in, so only the
/// first frame of a size allocates.
///
/// Threading: reentrant.
class PngWriter {
 public:
  PngWriter();
  ~PngWriter();

  /// Replaces the contents of `out`.
  /// Errors: Unsupported (format), InvalidArgument (too little data, or larger than kMaxDimension).
  Result<void> write(const frame::ImageView& image, std::vector<std::byte>& out);

 private:
  class Arena;
  std::unique_ptr<Arena> arena_;
};

}  // namespace lenswire::codec
