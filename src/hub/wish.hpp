// wish.hpp - what a subscriber wants to get of a stream.
#pragma once

#include <cstdint>
#include <optional>

#include <lenswire/codec_id.hpp>
#include <lenswire/result.hpp>
#include <lenswire/stream_profile.hpp>

#include "filter/colorize.hpp"
#include "filter/crop.hpp"
#include "filter/filter_chain.hpp"
#include "hub/packing.hpp"

namespace lenswire::hub {

using filter::Region;

/// How depth becomes a picture for eyes: in colours of filter::ColorMap, or as gray8().
enum class DepthPicture : std::uint8_t { None, Turbo, Heat, Ocean, Gray, Gray8 };

/// Equal wishes are served by one encode per frame.
struct Wish {
  CodecId codec = CodecId::Raw;
  int quality = 80;  ///< JPEG only; otherwise left at the default so that wishes compare equal
  /// For depth, before all else; the rest counts in the pixels they leave.
  filter::FilterChain filters;
  double scale = 1;
  std::optional<Region> region;
  std::optional<double> depth_min_m;
  std::optional<double> depth_max_m;
  DepthPicture depth_picture = DepthPicture::None;
  filter::ColorRange color_range = filter::ColorRange::Fixed;
  /// The pixel format to convert to (MJPEG is decoded first); nothing: what the codec takes.
  std::optional<PixelFormat> format;
  /// Instead of a codec; outlives every sink that wishes it.
  const Packing* packing = nullptr;

  bool operator==(const Wish&) const = default;

  /// Whether the pixels pass unchanged.
  [[nodiscard]] bool keeps_pixels() const noexcept {
    return filters.empty() && scale == 1 && !region && !depth_min_m && !depth_max_m &&
           depth_picture == DepthPicture::None && !format && !packing;
  }
};

/// Where a region lies in a picture that has become smaller since it was asked for: moved inside,
/// and cut where it is larger than the picture.
[[nodiscard]] Region fitted_region(const Region& region, std::uint32_t width,
                                   std::uint32_t height) noexcept;
/// The wish with its region so fitted into the source's picture, filters included.
[[nodiscard]] Wish fitted(const Wish& wish, const StreamProfile& source);

/// The profile of what a wish delivers from a stream: size, format and intrinsics after filters,
/// region, scale and conversion.
/// Errors: InvalidArgument for a region outside the picture, or filters that do not fit it;
/// Unsupported for a codec that this stream's pixels can't be brought into, or this build does not
/// have.
Result<StreamProfile> delivered_profile(const StreamProfile& source, const Wish& wish);

}  // namespace lenswire::hub
