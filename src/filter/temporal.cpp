#include "filter/temporal.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "filter/smooth_rows.hpp"
#include "filter/z16_rows.hpp"

namespace lenswire::filter {
namespace {

using Least = Credit::Least;
constexpr std::array<Credit, 9> kCredits = {{{Least::Never, 0x00},
                                             {Least::All, 0xff},
                                             {Least::Two, 0x07},
                                             {Least::Two, 0x0f},
                                             {Least::Two, 0xff},
                                             {Least::One, 0x03},
                                             {Least::One, 0x1f},
                                             {Least::One, 0xff},
                                             {Least::Always, 0xff}}};

}  // namespace

Result<void> TemporalFilter::run(const frame::ImageView& in, const TemporalSettings& settings,
                                 frame::Image& out) {
  if (auto checked = check_z16(in, "temporal"); !checked) return checked;
  if (!(settings.alpha > 0 && settings.alpha <= 1) || settings.delta_codes < 1 ||
      settings.delta_codes > 4000 || settings.persistence >= kCredits.size())
    return fail(ErrorCode::InvalidArgument,
                "temporal: alpha is above 0 to 1, delta 1 to 4000 depth steps, persistence 0 to 8");
  if (in.width != width_ || in.height != height_) {
    states_.assign(std::size_t{in.width} * in.height, 0);
    histories_.assign(states_.size(), 0);
    width_ = in.width;
    height_ = in.height;
  }
  out.reshape(PixelFormat::Z16, in.width, in.height);
  const Z16Rows rows(in);
  const Blend blend{std::max(1, static_cast<std::int32_t>(std::lround(settings.alpha * 256))),
                    static_cast<std::int32_t>(settings.delta_codes) << 8};
  const auto& credit = kCredits.at(settings.persistence);
  const auto& kernels = smooth_row_kernels();
  for (std::size_t y = 0; y < in.height; ++y)
    kernels.remember(rows[y], states_.data() + y * width_, histories_.data() + y * width_, width_,
                     blend, credit, z16_row(out, y));
  return {};
}

}  // namespace lenswire::filter
