// depth_rival.hpp - one codec in the depth benchmark.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "depth_image.hpp"

namespace lenswire::bench {

using Bytes = std::vector<std::byte>;

/// Keeps its memory from image to image, so that only the work is timed.
class DepthRival {
 public:
  virtual ~DepthRival() = default;
  /// Replaces the contents of `out`. False when it can't.
  virtual bool encode(const DepthImage& image, Bytes& out) = 0;
  /// `image` comes with its size and room for the pixels.
  virtual bool decode(const Bytes& data, DepthImage& image) = 0;
};

struct NamedRival {
  std::string key;    ///< in JSON
  std::string label;  ///< for people
  bool exact = true;
  std::unique_ptr<DepthRival> rival;
};

/// Every codec of this build, in the order of the report.
std::vector<NamedRival> make_depth_rivals();

std::unique_ptr<DepthRival> make_png_rival();
std::unique_ptr<DepthRival> make_jpegls_rival();  ///< null without CharLS
std::unique_ptr<DepthRival> make_ffv1_rival();    ///< null without libavcodec

}  // namespace lenswire::bench
