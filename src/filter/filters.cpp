#include <lenswire/filters.hpp>

#include <cstring>
#include <utility>

#include "filter/align.hpp"
#include "filter/filter_chain.hpp"
#include "filter/points.hpp"
#include "frame/frame_pool.hpp"

namespace lenswire {
namespace {

void copy_metadata(const Frame& from, Frame& to) {
  to.sequence = from.sequence;
  to.capture_time = from.capture_time;
  to.capture_uncertainty = from.capture_uncertainty;
  to.arrival_time = from.arrival_time;
  to.domain = from.domain;
  to.device_time_ns = from.device_time_ns;
}

// A frame from the pool that is painted by `paint`, without copying the pixels.
template <typename Paint>
Result<FramePtr> painted(frame::FramePool& pool, const StreamProfilePtr& profile, const Frame& from,
                         const Paint& paint) {
  auto out = pool.acquire(profile);
  frame::Image picture;
  picture.data = std::move(out->data);
  if (Result<void> done = paint(picture); !done) return fail(std::move(done).error());
  out->data = std::move(picture.data);
  out->stride_bytes = picture.stride_bytes;
  copy_metadata(from, *out);
  return FramePtr(std::move(out));
}

}  // namespace

struct DepthFilters::Impl {
  filter::FilterChain chain;
  filter::ChainRunner runner;
  frame::FramePool pool;
  StreamProfilePtr from, to;

  explicit Impl(filter::FilterChain c) : chain(std::move(c)), runner(chain) {}
};

DepthFilters::DepthFilters(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
DepthFilters::~DepthFilters() = default;
DepthFilters::DepthFilters(DepthFilters&&) noexcept = default;
DepthFilters& DepthFilters::operator=(DepthFilters&&) noexcept = default;

Result<DepthFilters> DepthFilters::parse(std::string_view text) {
  auto chain = filter::parse_filter_chain(text);
  if (!chain) return fail(std::move(chain).error());
  return DepthFilters(std::make_unique<Impl>(std::move(*chain)));
}

Result<FramePtr> DepthFilters::apply(const FramePtr& frame) {
  auto& self = *impl_;
  if (self.chain.empty()) return frame;
  if (frame->profile != self.from) {
    auto profile = filter::filtered_profile(*frame->profile, self.chain);
    if (!profile) return fail(std::move(profile).error());
    self.to = std::make_shared<StreamProfile>(std::move(*profile));
    self.from = frame->profile;
  }
  const auto view = self.runner.run(frame::view_of(*frame), frame->profile);
  if (!view) return fail(view.error());
  auto out = self.pool.acquire(self.to);
  std::memcpy(out->data.data(), view->data.data(), out->data.size());
  copy_metadata(*frame, *out);
  return FramePtr(std::move(out));
}

struct DepthColorAlignment::Impl {
  filter::DepthToColor to_color;
  filter::ColorToDepth to_depth;
  StreamProfilePtr depth_profile;
  std::shared_ptr<StreamProfile> color_profile;
  frame::FramePool pool;
};

DepthColorAlignment::DepthColorAlignment(std::unique_ptr<Impl> impl) noexcept
    : impl_(std::move(impl)) {}
DepthColorAlignment::~DepthColorAlignment() = default;
DepthColorAlignment::DepthColorAlignment(DepthColorAlignment&&) noexcept = default;
DepthColorAlignment& DepthColorAlignment::operator=(DepthColorAlignment&&) noexcept = default;

Result<DepthColorAlignment> DepthColorAlignment::make(const StreamProfile& depth,
                                                      const StreamProfile& color) {
  const auto pair = filter::AlignedPair::of(depth, color);
  if (!pair) return fail(pair.error());
  auto to_color = filter::DepthToColor::make(*pair, depth.depth_unit_m);
  if (!to_color) return fail(std::move(to_color).error());
  auto to_depth = filter::ColorToDepth::make(*pair, depth.depth_unit_m);
  if (!to_depth) return fail(std::move(to_depth).error());
  auto impl = std::make_unique<Impl>();
  impl->to_color = std::move(*to_color);
  impl->to_depth = std::move(*to_depth);
  impl->depth_profile =
      std::make_shared<StreamProfile>(filter::depth_aligned_profile(depth, color));
  impl->color_profile =
      std::make_shared<StreamProfile>(filter::color_aligned_profile(depth, color));
  return DepthColorAlignment(std::move(impl));
}

Result<FramePtr> DepthColorAlignment::depth_to_color(const FramePtr& depth) {
  return painted(impl_->pool, impl_->depth_profile, *depth, [&](frame::Image& picture) {
    return impl_->to_color.run(frame::view_of(*depth), picture);
  });
}

Result<FramePtr> DepthColorAlignment::color_to_depth(const FramePtr& depth, const FramePtr& color) {
  if (impl_->color_profile->format != color->format()) {
    auto changed = std::make_shared<StreamProfile>(*impl_->color_profile);
    changed->format = color->format();
    if (is_compressed(changed->format))
      return fail(ErrorCode::Unsupported, "align: a compressed picture has to be decoded first");
    impl_->color_profile = std::move(changed);
  }
  return painted(impl_->pool, impl_->color_profile, *color, [&](frame::Image& picture) {
    return impl_->to_depth.run(frame::view_of(*depth), frame::view_of(*color), picture);
  });
}

struct DepthPoints::Impl {
  filter::PointCloud cloud;
  StreamProfilePtr profile;
  frame::FramePool pool;
};

DepthPoints::DepthPoints(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
DepthPoints::~DepthPoints() = default;
DepthPoints::DepthPoints(DepthPoints&&) noexcept = default;
DepthPoints& DepthPoints::operator=(DepthPoints&&) noexcept = default;

Result<DepthPoints> DepthPoints::make(const StreamProfile& depth) {
  if (!depth.intrinsics)
    return fail(ErrorCode::InvalidArgument,
                "points: stream '" + depth.stream +
                    "' has no calibration, so its pixels have no place in space");
  auto cloud = filter::PointCloud::make(*depth.intrinsics, depth.depth_unit_m);
  if (!cloud) return fail(std::move(cloud).error());
  auto impl = std::make_unique<Impl>();
  impl->cloud = std::move(*cloud);
  auto profile = std::make_shared<StreamProfile>(depth);
  profile->stream = "points";
  profile->kind = StreamKind::Points;
  profile->format = PixelFormat::XYZ32F;
  impl->profile = std::move(profile);
  return DepthPoints(std::move(impl));
}

Result<FramePtr> DepthPoints::apply(const FramePtr& depth) {
  return painted(impl_->pool, impl_->profile, *depth, [&](frame::Image& picture) {
    return impl_->cloud.run(frame::view_of(*depth), picture);
  });
}

}  // namespace lenswire
