// limits.hpp - what a decoder accepts before it allocates anything.
#pragma once

#include <cstdint>

namespace lenswire::codec {

/// Larger pictures are refused by every decoder; JPEG cannot describe them either.
inline constexpr std::uint32_t kMaxDimension = 65535;

/// 8192 x 8192: as RGB8 this stays under kMaxFrameBytes.
inline constexpr std::uint64_t kMaxPixels = std::uint64_t{64} << 20;

/// Whether a decoder may make a picture of this size.
[[nodiscard]] constexpr bool size_allowed(std::uint64_t width, std::uint64_t height) noexcept {
  return width > 0 && height > 0 && width <= kMaxDimension && height <= kMaxDimension &&
         width * height <= kMaxPixels;
}

}  // namespace lenswire::codec
