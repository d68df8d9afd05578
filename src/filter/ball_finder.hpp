// ball_finder.hpp - finds the one round thing in a picture.
#pragma once

#include <memory>
#include <optional>

#include <lenswire/result.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// In pixels; (0, 0) is the middle of the first one.
struct FoundBall {
  double x_px = 0;
  double y_px = 0;
  double radius_px = 0;
};

/// What a ball looks like: the radii that are tried.
struct BallSearch {
  double min_radius_px = 16;
  double max_radius_px = 22;
};

/// Keeps its scratch memory.
///
/// Threading: reentrant.
class BallFinder {
 public:
  virtual ~BallFinder() = default;

  /// Nothing where there is no ball.
  /// Errors: Unsupported for other pixels than Y8, RGB8 and BGR8; InvalidArgument for too few.
  virtual Result<std::optional<FoundBall>> find(const frame::ImageView& picture) = 0;
};

/// Finds one bright ball on dark ground by its centre of light: to a small part of a pixel, also in
/// pictures that were compressed or made smaller. Anything else in the picture leads it astray.
[[nodiscard]] std::unique_ptr<BallFinder> make_light_finder(const BallSearch& search);

/// What the module `vision` makes: `base::load_module<filter::Vision>("vision")`.
///
/// Threading: thread-safe.
class Vision {
 public:
  static constexpr const char* kModuleInterface = "filter.Vision.1";
  virtual ~Vision() = default;

  /// Finds a circle as the original ball client does: to a few pixels, among other things too.
  virtual std::unique_ptr<BallFinder> make_hough_finder(const BallSearch& search) = 0;
};

}  // namespace lenswire::filter
