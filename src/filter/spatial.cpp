#include "filter/spatial.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "filter/smooth_rows.hpp"
#include "filter/z16_rows.hpp"

namespace lenswire::filter {
namespace {

// Down all columns, then up.
void walk(std::uint16_t* codes, std::size_t width, std::size_t height, const Blend& blend,
          std::vector<std::int32_t>& states) {
  const auto& kernels = smooth_row_kernels();
  states.assign(width, 0);
  for (std::size_t y = 0; y < height; ++y)
    kernels.blend(codes + y * width, states.data(), width, blend);
  std::fill(states.begin(), states.end(), 0);
  for (std::size_t y = height; y-- > 0;)
    kernels.blend(codes + y * width, states.data(), width, blend);
}

}  // namespace

Result<void> SpatialFilter::run(const frame::ImageView& in, const SpatialSettings& settings,
                                frame::Image& out) {
  if (auto checked = check_z16(in, "spatial"); !checked) return checked;
  if (!(settings.alpha > 0 && settings.alpha <= 1) || settings.delta_codes < 1 ||
      settings.delta_codes > 4000 || settings.passes < 1 || settings.passes > 5)
    return fail(ErrorCode::InvalidArgument,
                "spatial: alpha is above 0 to 1, delta 1 to 4000 depth steps, passes 1 to 5");
  out.reshape(PixelFormat::Z16, in.width, in.height);
  const Z16Rows rows(in);
  for (std::size_t y = 0; y < in.height; ++y)
    std::memcpy(z16_row(out, y), rows[y], std::size_t{2} * in.width);
  turned_.resize(std::size_t{in.width} * in.height);
  const Blend blend{std::max(1, static_cast<std::int32_t>(std::lround(settings.alpha * 256))),
                    static_cast<std::int32_t>(settings.delta_codes) << 8};
  const auto& kernels = smooth_row_kernels();
  for (std::uint32_t pass = 0; pass < settings.passes; ++pass) {
    // Rows as columns, because columns can be walked many at a time.
    kernels.transpose(z16_row(out, 0), in.width, in.height, turned_.data());
    walk(turned_.data(), in.height, in.width, blend, states_);
    kernels.transpose(turned_.data(), in.height, in.width, z16_row(out, 0));
    walk(z16_row(out, 0), in.width, in.height, blend, states_);
  }
  return {};
}

}  // namespace lenswire::filter
