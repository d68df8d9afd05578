#include "filter/depth_range.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "filter/z16_rows.hpp"

namespace lenswire::filter {

Result<DepthCodes> depth_codes(double depth_unit_m, double min_m, double max_m) {
  constexpr double kForgiven = 1e-6;
  if (!(depth_unit_m > 0) || !std::isfinite(depth_unit_m) || !(min_m >= 0) || !(min_m <= max_m))
    return fail(ErrorCode::InvalidArgument,
                "depth range: the unit must be positive, and 0 <= minimum <= maximum");
  const double first = std::clamp(std::ceil(min_m / depth_unit_m - kForgiven), 1.0, 65536.0);
  const double last = std::clamp(std::floor(max_m / depth_unit_m + kForgiven), 0.0, 65535.0);
  return DepthCodes{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)};
}

Result<void> depth_range(const frame::ImageView& in, double depth_unit_m, double min_m,
                         double max_m, frame::Image& out) {
  if (in.format != PixelFormat::Z16)
    return fail(ErrorCode::Unsupported, "depth range: only z16 has a depth range");
  if (!in.complete())
    return fail(ErrorCode::InvalidArgument,
                "depth range: the picture has less data than its size needs");
  const auto codes = depth_codes(depth_unit_m, min_m, max_m);
  if (!codes) return fail(codes.error());
  out.reshape(PixelFormat::Z16, in.width, in.height);
  if (codes->first > codes->last) {
    std::memset(out.data.data(), 0, out.data.size());
    return {};
  }
  const Z16Rows rows(in);
  // One comparison of unsigned numbers serves both ends: what is below the first wraps round.
  const auto first = static_cast<std::uint16_t>(codes->first);
  const auto most = static_cast<std::uint16_t>(codes->last - codes->first);
  for (std::size_t y = 0; y < in.height; ++y) {
    const std::uint16_t* from = rows[y];
    std::uint16_t* __restrict to = z16_row(out, y);
    for (std::size_t x = 0; x < in.width; ++x)
      to[x] = static_cast<std::uint16_t>(from[x] - first) <= most ? from[x] : kNoDepth;
  }
  return {};
}

}  // namespace lenswire::filter
