// pose_estimator.hpp - what finds people in a picture; the module `pose` has one.
#pragma once

#include <memory>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/skeleton.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// Finds people's joints in single pictures; knows neither depth nor time.
///
/// Threading: reentrant.
class PoseEstimator {
 public:
  virtual ~PoseEstimator() = default;

  /// Replaces `out` by the persons in `picture` (RGB8), the most certain first: pixel positions and
  /// confidences, no ids, no metres.
  /// Errors: Unsupported (another format); InvalidArgument (less data than the size needs).
  virtual Result<void> estimate(const frame::ImageView& picture, std::vector<Person>& out) = 0;
};

/// What the module `pose` offers.
///
/// Threading: thread-safe.
class PoseModule {
 public:
  static constexpr const char* kModuleInterface = "filter.PoseModule.1";
  virtual ~PoseModule() = default;

  /// Reads the model, which takes a moment.
  /// Errors: NotFound (the model's file); Unsupported (it does not load).
  virtual Result<std::unique_ptr<PoseEstimator>> make_estimator() = 0;
};

}  // namespace lenswire::filter
