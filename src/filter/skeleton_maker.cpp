#include "filter/skeleton_maker.hpp"

#include "filter/joint_lift.hpp"

namespace lenswire::filter {
namespace {

/// From the colour camera's frame to the depth camera's: both profiles lead to the same reference.
Extrinsics depth_from_color(const Extrinsics& color, const Extrinsics& depth) noexcept {
  const auto& r = depth.rotation;
  Extrinsics out;
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      double sum = 0;
      for (std::size_t k = 0; k < 3; ++k) sum += r[3 * k + row] * color.rotation[3 * k + column];
      out.rotation[3 * row + column] = sum;
    }
    double sum = 0;
    for (std::size_t k = 0; k < 3; ++k)
      sum += r[3 * k + row] * (color.translation_m[k] - depth.translation_m[k]);
    out.translation_m[row] = sum;
  }
  return out;
}

}  // namespace

bool can_lift(const StreamProfile& color, const StreamProfile& depth) noexcept {
  return color.intrinsics && depth.intrinsics && color.reference_from_stream &&
         depth.reference_from_stream && depth.format == PixelFormat::Z16 && depth.depth_unit_m > 0;
}

Result<void> SkeletonMaker::make(const ProfiledPicture& color, const ProfiledPicture* depth,
                                 MonotonicTime capture_time, Skeleton& out) {
  out.space = SkeletonSpace::None;
  out.width = color.picture.width;
  out.height = color.picture.height;
  if (auto found = estimator_->estimate(color.picture, out.persons); !found) return found;
  if (depth && can_lift(*color.profile, *depth->profile)) {
    const DepthScene scene{depth->picture, depth->profile->depth_unit_m,
                           *depth->profile->intrinsics, *color.profile->intrinsics,
                           depth_from_color(*color.profile->reference_from_stream,
                                            *depth->profile->reference_from_stream)};
    if (const auto lift = JointLift::make(scene)) {
      out.space = SkeletonSpace::Depth;
      for (auto& person : out.persons) lift->lift(person);
    }
  }
  tracker_.track(out.persons, capture_time);
  return {};
}

}  // namespace lenswire::filter
