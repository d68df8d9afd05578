#include "filter/points.hpp"

#include <cmath>
#include <string>

#include "filter/projection_rows.hpp"
#include "filter/z16_rows.hpp"

namespace lenswire::filter {

Result<PointCloud> PointCloud::make(const Intrinsics& camera, double depth_unit_m) {
  if (auto ok = check_camera(camera, camera.width, camera.height, "points"); !ok)
    return fail(std::move(ok).error());
  if (!(depth_unit_m > 0) || !std::isfinite(depth_unit_m))
    return fail(ErrorCode::InvalidArgument, "points: the depth unit must be positive");
  PointCloud out;
  out.width_ = camera.width;
  out.height_ = camera.height;
  out.unit_m_ = static_cast<float>(depth_unit_m);
  out.rays_ = RayRows(camera, 0, camera.width, camera.height, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  return out;
}

Result<void> PointCloud::run(const frame::ImageView& depth, frame::Image& out) {
  if (auto checked = check_z16(depth, "points"); !checked) return checked;
  if (depth.width != width_ || depth.height != height_)
    return fail(ErrorCode::InvalidArgument, "points: the calibration belongs to pictures of " +
                                                std::to_string(width_) + "x" +
                                                std::to_string(height_));
  out.reshape(PixelFormat::XYZ32F, width_, height_);
  const Z16Rows rows(depth);
  const auto& kernels = projection_row_kernels();
  for (std::size_t y = 0; y < height_; ++y)
    kernels.points(rows[y], width_, rays_.row(y), unit_m_,
                   reinterpret_cast<float*>(out.data.data() + y * out.stride_bytes));
  return {};
}

}  // namespace lenswire::filter
