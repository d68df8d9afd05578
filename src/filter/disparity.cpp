#include "filter/disparity.hpp"

#include <algorithm>

#include "filter/z16_rows.hpp"

namespace lenswire::filter {
namespace {

constexpr double kMaxProduct = 65535.0 * 65535.0;

}  // namespace

Result<double> disparity_product(double fx, double baseline_m, double depth_unit_m) {
  const double product = fx * baseline_m / depth_unit_m * kDisparityStepsPerPixel;
  if (fx > 0 && baseline_m > 0 && depth_unit_m > 0 && product >= 1 && product <= kMaxProduct)
    return product;
  return fail(ErrorCode::InvalidArgument,
              "disparity: the stream needs a focal length and a depth unit, and a baseline that "
              "fits them");
}

Result<void> depth_to_disparity(const frame::ImageView& in, double product, frame::Image& out) {
  if (auto checked = check_z16(in, "disparity"); !checked) return checked;
  if (!(product >= 1 && product <= kMaxProduct))
    return fail(ErrorCode::InvalidArgument, "disparity: the product is out of range");
  out.reshape(PixelFormat::Z16, in.width, in.height);
  const Z16Rows rows(in);
  const auto numerator = static_cast<float>(product);
  for (std::size_t y = 0; y < in.height; ++y) {
    const std::uint16_t* from = rows[y];
    std::uint16_t* __restrict to = z16_row(out, y);
    // Without a branch, so that the compiler makes vectors of it.
    for (std::size_t x = 0; x < in.width; ++x) {
      const int code = from[x];
      const float quotient = numerator / static_cast<float>(code | (code == 0 ? 1 : 0));
      const int rounded = static_cast<int>(std::min(quotient, 65535.0F) + 0.5F);
      to[x] = static_cast<std::uint16_t>(code == 0 ? 0 : std::max(rounded, 1));
    }
  }
  return {};
}

}  // namespace lenswire::filter
