// depth_image.hpp - depth images from files, for benchmarks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::bench {

struct DepthImage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint16_t> pixels;

  [[nodiscard]] std::size_t bytes() const noexcept { return pixels.size() * 2; }
  bool operator==(const DepthImage&) const = default;
};

/// All 16-bit grey PNGs of a folder, by name; others are passed over.
/// Errors: NotFound when there is no such image.
Result<std::vector<DepthImage>> load_depth_folder(const std::string& folder);

}  // namespace lenswire::bench
