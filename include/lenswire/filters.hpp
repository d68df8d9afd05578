// filters.hpp - what depth users do to depth, on frames.
#pragma once

#include <memory>
#include <string_view>

#include <lenswire/frame.hpp>
#include <lenswire/result.hpp>
#include <lenswire/stream_profile.hpp>

namespace lenswire {

/// Filters for the depth frames of one stream, written as on a URL:
/// "decimate:2,spatial,temporal,holes:nearest" (docs/filters.md lists them).
///
/// Threading: thread-bound to one thread at a time.
class DepthFilters {
 public:
  /// Errors: InvalidArgument, naming the filter that is wrong, and what there is.
  static Result<DepthFilters> parse(std::string_view text);
  ~DepthFilters();
  DepthFilters(DepthFilters&&) noexcept;
  DepthFilters& operator=(DepthFilters&&) noexcept;

  /// A new frame with the metadata of `frame`; its profile has the changed size and intrinsics, and
  /// is the same object for as long as the profile of what comes in is.
  /// Errors: Unsupported for a frame that is no z16 depth; InvalidArgument for one that is too
  /// small, or whose calibration a filter would need.
  Result<FramePtr> apply(const FramePtr& frame);

 private:
  struct Impl;
  explicit DepthFilters(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// Brings the depth and the colour of one device together. Both profiles have intrinsics, and at
/// least one has extrinsics. What depends on the calibration alone is computed once.
///
/// Threading: thread-bound to one thread at a time.
class DepthColorAlignment {
 public:
  /// Errors: InvalidArgument, naming the stream and what it lacks.
  static Result<DepthColorAlignment> make(const StreamProfile& depth, const StreamProfile& color);
  ~DepthColorAlignment();
  DepthColorAlignment(DepthColorAlignment&&) noexcept;
  DepthColorAlignment& operator=(DepthColorAlignment&&) noexcept;

  /// Depth as the colour camera would have seen it, in a picture of the colour camera's size; the
  /// nearest wins, magnified surfaces have no holes. Stream "depth_aligned".
  /// Errors: InvalidArgument for another size than the profile's; Unsupported for other formats.
  Result<FramePtr> depth_to_color(const FramePtr& depth);

  /// The colour (rgb8, bgr8 or y8) of every depth pixel, black where there is no depth. The times
  /// are those of `color`. Stream "color_aligned".
  /// Errors: as depth_to_color().
  Result<FramePtr> color_to_depth(const FramePtr& depth, const FramePtr& color);

 private:
  struct Impl;
  explicit DepthColorAlignment(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// Depth frames of one stream as organised points: format xyz32f, metres, x right, y down,
/// z forward, NaN where nothing was measured. Stream "points".
///
/// Threading: thread-bound to one thread at a time.
class DepthPoints {
 public:
  /// Errors: InvalidArgument for a profile without a usable calibration.
  static Result<DepthPoints> make(const StreamProfile& depth);
  ~DepthPoints();
  DepthPoints(DepthPoints&&) noexcept;
  DepthPoints& operator=(DepthPoints&&) noexcept;

  /// Errors: InvalidArgument for another size than the profile's; Unsupported unless z16.
  Result<FramePtr> apply(const FramePtr& depth);

 private:
  struct Impl;
  explicit DepthPoints(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lenswire
