#include "cli/point_cloud.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "base/byte_writer.hpp"
#include "frame/image.hpp"

namespace lenswire::cli {

Result<std::vector<std::array<float, 3>>> PointMaker::points(const Frame& frame) {
  const auto& profile = *frame.profile;
  if (profile.kind != StreamKind::Depth || profile.format != PixelFormat::Z16)
    return fail(ErrorCode::InvalidArgument, "points can only be made of a depth picture");
  if (!profile.intrinsics)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("stream '{}' has no calibration, so its pixels have no place in space; "
                            "use --format png",
                            profile.stream));
  if (frame.profile != profile_) {
    auto made = filter::PointCloud::make(*profile.intrinsics, profile.depth_unit_m);
    if (!made) return fail(std::move(made).error());
    cloud_ = std::move(*made);
    profile_ = frame.profile;
  }
  if (auto done = cloud_.run(frame::view_of(frame), picture_); !done)
    return fail(std::move(done).error());
  std::vector<std::array<float, 3>> points;
  points.reserve(std::size_t{profile.width} * profile.height);
  const std::size_t count = picture_.data.size() / sizeof(points[0]);
  for (std::size_t i = 0; i < count; ++i) {
    std::array<float, 3> point{};
    std::memcpy(point.data(), picture_.data.data() + i * sizeof point, sizeof point);
    if (point[2] > 0) points.push_back(point);  // NaN where nothing was measured
  }
  return points;
}

std::vector<std::byte> to_ply(const std::vector<std::array<float, 3>>& points) {
  std::vector<std::byte> out;
  base::ByteWriter writer(out);
  writer.text(fmt::format(
      "ply\nformat binary_little_endian 1.0\nelement vertex {}\nproperty float x\nproperty float "
      "y\nproperty float z\nend_header\n",
      points.size()));
  const auto start = out.size();
  out.resize(start + points.size() * sizeof(points[0]));
  static_assert(std::endian::native == std::endian::little);
  if (!points.empty()) std::memcpy(out.data() + start, points.data(), out.size() - start);
  return out;
}

}  // namespace lenswire::cli
