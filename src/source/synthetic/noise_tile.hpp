// noise_tile.hpp - a square of sensor-like noise that is laid over pictures at random offsets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lenswire::source::synthetic {

/// Noise with the short-range correlation of a stereo matcher's, made once from a seed with integer
/// arithmetic. It wraps around, so any offset gives a seamless picture; a new offset per frame
/// makes the noise of a pixel differ from frame to frame at the price of a copy.
///
/// Threading: reentrant.
class NoiseTile {
 public:
  static constexpr std::uint32_t kSide = 512;
  /// Standard deviation of gaussian(), in its steps.
  static constexpr int kSigma = 24;

  explicit NoiseTile(std::uint64_t seed);

  /// Writes the row `y` of a picture at offset (x0, y0): gaussian noise with sigma kSigma.
  void gaussian(std::uint32_t x0, std::uint32_t y, std::span<std::int8_t> out) const noexcept;
  /// The same, but evenly distributed over 0..255.
  void uniform(std::uint32_t x0, std::uint32_t y, std::span<std::uint8_t> out) const noexcept;

 private:
  std::vector<std::int8_t> gaussian_;
  std::vector<std::uint8_t> uniform_;
};

}  // namespace lenswire::source::synthetic
