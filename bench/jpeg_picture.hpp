// jpeg_picture.hpp - a made-up camera picture for the JPEG benchmark.
#pragma once

#include <cstdint>

#include "frame/image.hpp"

namespace lenswire::bench {

/// A YUYV picture that costs an encoder about what an indoor scene does: smooth walls with light
/// falling off, textured surfaces, hard edges, and a little sensor noise. The same seed gives the
/// same bytes everywhere.
[[nodiscard]] frame::Image natural_yuyv(std::uint32_t width, std::uint32_t height,
                                        std::uint32_t seed);

}  // namespace lenswire::bench
