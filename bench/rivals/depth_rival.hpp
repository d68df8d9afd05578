// depth_rival.hpp - one codec in the depth benchmark.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "depth_image.hpp"

namespace lenswire::bench {

/// Leaves new elements as they are.
template <typename T>
struct Unfilled : std::allocator<T> {
  template <typename U>
  struct rebind {
    using other = Unfilled<U>;
  };
  template <typename U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <typename U, typename... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
};

/// Not filled with zeros when it grows: that would cost the fastest codecs a tenth of their time.
using Bytes = std::vector<std::byte, Unfilled<std::byte>>;

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
