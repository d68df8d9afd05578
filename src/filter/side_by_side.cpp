#include "filter/side_by_side.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace lenswire::filter {
namespace {

constexpr std::size_t kRawDepths = 1 << 16;
constexpr double kNanometres = 1e9;
constexpr std::uint64_t kWhiteNm = 10'000'000'000;

}  // namespace

void SideBySide::prepare_shades(double depth_unit_m) {
  if (depth_unit_m == depth_unit_m_) return;
  depth_unit_m_ = depth_unit_m;
  shades_.resize(kRawDepths);
  // Whole nanometres: 0.001 m has no exact binary value, and floor() would show it.
  const auto unit_nm = static_cast<std::uint64_t>(std::llround(depth_unit_m * kNanometres));
  for (std::uint64_t raw = 0; raw < kRawDepths; ++raw)
    shades_[raw] =
        static_cast<std::uint8_t>(std::min<std::uint64_t>(255, raw * unit_nm * 255 / kWhiteNm));
}

void SideBySide::prepare_columns(std::uint32_t width, std::uint32_t depth_width) {
  if (columns_.size() == width && depth_width_ == depth_width) return;
  depth_width_ = depth_width;
  columns_.resize(width);
  for (std::uint64_t x = 0; x < width; ++x)
    columns_[x] = static_cast<std::uint32_t>((2 * x + 1) * depth_width / (2 * width) * 2);
}

Result<void> SideBySide::paint(const frame::ImageView& color, const frame::ImageView& depth,
                               double depth_unit_m, frame::Image& out) {
  if ((color.format != PixelFormat::RGB8 && color.format != PixelFormat::BGR8) ||
      depth.format != PixelFormat::Z16)
    return fail(ErrorCode::Unsupported, "side by side: needs rgb8 or bgr8, and z16");
  if (!color.complete() || !depth.complete())
    return fail(ErrorCode::InvalidArgument,
                "side by side: a picture has less data than its size needs");
  if (!(depth_unit_m >= 1e-9) || !(depth_unit_m <= 1))
    return fail(ErrorCode::InvalidArgument,
                "side by side: the depth unit must be above 0 and at most 1 m");
  prepare_shades(depth_unit_m);
  prepare_columns(color.width, depth.width);
  out.reshape(color.format, 2 * color.width, color.height);
  const std::size_t half = std::size_t{3} * color.width;
  for (std::size_t y = 0; y < color.height; ++y) {
    auto* const row = out.data.data() + y * out.stride_bytes;
    std::memcpy(row, color.data.data() + y * color.stride_bytes, half);
    const std::size_t depth_y = (2 * y + 1) * depth.height / (2 * std::size_t{color.height});
    const auto* const from = depth.data.data() + depth_y * depth.stride_bytes;
    auto* to = row + half;
    for (const auto column : columns_) {
      std::uint16_t raw;
      std::memcpy(&raw, from + column, sizeof raw);
      const auto shade = static_cast<std::byte>(shades_[raw]);
      *to++ = shade;
      *to++ = shade;
      *to++ = shade;
    }
  }
  return {};
}

}  // namespace lenswire::filter
