// filters_rivals.hpp - what OpenCV has that comes nearest to each depth filter.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <lenswire/calibration.hpp>

#include "frame/image.hpp"

namespace lenswire::bench {

struct FilterRival {
  std::string what;           ///< empty where OpenCV has nothing like it
  std::function<void()> run;  ///< one frame; borrows the pictures
};

/// The rival for the filter of this name; on one thread.
[[nodiscard]] FilterRival filter_rival(const std::string& filter, const frame::Image& depth,
                                       const frame::Image& color, const Intrinsics& depth_camera,
                                       const Intrinsics& color_camera,
                                       const Extrinsics& color_from_depth);

}  // namespace lenswire::bench
