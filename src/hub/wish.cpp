#include "hub/wish.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/codec.hpp"
#include "filter/convert.hpp"
#include "filter/scale.hpp"
#include "hub/picture_pipeline.hpp"

namespace lenswire::hub {

Region fitted_region(const Region& region, std::uint32_t width, std::uint32_t height) noexcept {
  Region out = region;
  out.width = std::min(region.width, width);
  out.height = std::min(region.height, height);
  out.x = std::min(region.x, width - out.width);
  out.y = std::min(region.y, height - out.height);
  return out;
}

Wish fitted(const Wish& wish, const StreamProfile& source) {
  Wish out = wish;
  if (!out.region) return out;
  const auto whole = filter::filtered_profile(source, wish.filters);
  if (whole) out.region = fitted_region(*out.region, whole->width, whole->height);
  return out;
}

Result<StreamProfile> delivered_profile(const StreamProfile& source, const Wish& wish) {
  const auto format = encoder_format(source, wish);
  if (!format) return fail(format.error());
  auto filtered = filter::filtered_profile(source, wish.filters);
  if (!filtered) return fail(std::move(filtered).error());
  StreamProfile out = std::move(*filtered);
  Region cut{0, 0, out.width, out.height};
  if (wish.region) {
    cut = filter::cuttable_region(out.format, *wish.region);
    const auto inside = [](std::uint32_t start, std::uint32_t length, std::uint32_t size) {
      return length > 0 && start < size && length <= size - start;
    };
    if (!inside(cut.x, cut.width, out.width) || !inside(cut.y, cut.height, out.height))
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("region {},{} {}x{} is not inside the picture of {}x{}",
                              wish.region->x, wish.region->y, wish.region->width,
                              wish.region->height, out.width, out.height));
  }
  out.width = filter::scaled_size(cut.width, wish.scale);
  out.height = filter::scaled_size(cut.height, wish.scale);
  // A JPEG decoder gives grey or RGB, whatever went in; one that passes through tells by itself.
  out.format = wish.codec == CodecId::Jpeg && !is_compressed(*format) && *format != PixelFormat::Y8
                   ? PixelFormat::RGB8
                   : *format;
  if (out.intrinsics)
    out.intrinsics = out.intrinsics->cropped_and_scaled(cut.x, cut.y, cut.width, cut.height,
                                                        out.width, out.height);
  return out;
}

Result<PixelFormat> encoder_format(const StreamProfile& source, const Wish& wish) {
  const auto* codec = codec::find_codec(wish.codec);
  if (!codec) return fail(ErrorCode::Unsupported, "this server does not have that codec");
  auto format = source.format;
  if (format == PixelFormat::Skeleton) {
    if (codec->accepts(format) && (wish.keeps_pixels() || wish.packing)) return format;
    return fail(ErrorCode::Unsupported,
                "a skeleton is not a picture: take it whole, with codec raw or json");
  }
  if (is_compressed(format)) {
    if (wish.codec == CodecId::Jpeg && wish.keeps_pixels()) return PixelFormat::JPEG;
    format = PixelFormat::RGB8;
  }
  if (wish.depth_picture != DepthPicture::None) {
    if (format != PixelFormat::Z16)
      return fail(ErrorCode::Unsupported, "only depth can be shown in colours of depth");
    return wish.depth_picture == DepthPicture::Gray8 ? PixelFormat::Y8 : PixelFormat::RGB8;
  }
  if ((wish.depth_min_m || wish.depth_max_m) && format != PixelFormat::Z16)
    return fail(ErrorCode::Unsupported, "only depth has a depth range");
  if (wish.scale != 1 && !filter::can_scale(format)) format = PixelFormat::RGB8;
  if (wish.format) {
    if (format != *wish.format && !filter::can_convert(format, *wish.format))
      return fail(ErrorCode::Unsupported,
                  fmt::format("{} pictures can't be made {}", to_string(source.format),
                              to_string(*wish.format)));
    format = *wish.format;
  }
  if (wish.packing || codec->accepts(format)) return format;
  for (const auto candidate : {PixelFormat::RGB8, PixelFormat::Y8}) {
    const bool grey_source = format == PixelFormat::Y16 || format == PixelFormat::Y8;
    if (grey_source != (candidate == PixelFormat::Y8)) continue;
    if (filter::can_convert(format, candidate) && codec->accepts(candidate)) return candidate;
  }
  return fail(ErrorCode::Unsupported, fmt::format("codec '{}' does not take {} pictures",
                                                  codec->name, to_string(source.format)));
}

}  // namespace lenswire::hub
