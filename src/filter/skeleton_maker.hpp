// skeleton_maker.hpp - from a colour and a depth picture to people in space.
#pragma once

#include <memory>

#include <lenswire/skeleton.hpp>
#include <lenswire/stream_profile.hpp>
#include <lenswire/time.hpp>

#include "filter/person_tracker.hpp"
#include "filter/pose_estimator.hpp"

namespace lenswire::filter {

/// A picture with the profile that it belongs to; both borrowed for the call.
struct ProfiledPicture {
  frame::ImageView picture;
  const StreamProfile* profile = nullptr;
};

/// Finds persons in the colour picture, lifts their joints with the depth picture, and follows and
/// steadies them.
///
/// Threading: thread-bound.
class SkeletonMaker {
 public:
  SkeletonMaker(std::unique_ptr<PoseEstimator> estimator, const TrackerSettings& tracking = {})
      : estimator_(std::move(estimator)), tracker_(tracking) {}

  /// Replaces `out`. `depth` may be null; then, and where either profile lacks its calibration,
  /// nobody gets a position and the space is None.
  /// Errors: those of PoseEstimator::estimate().
  Result<void> make(const ProfiledPicture& color, const ProfiledPicture* depth,
                    MonotonicTime capture_time, Skeleton& out);

 private:
  std::unique_ptr<PoseEstimator> estimator_;
  PersonTracker tracker_;
};

/// Whether joints in pictures of the one stream can be lifted with pictures of the other.
[[nodiscard]] bool can_lift(const StreamProfile& color, const StreamProfile& depth) noexcept;

}  // namespace lenswire::filter
