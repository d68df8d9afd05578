// v4l2_formats.hpp - what a camera offers, and choosing from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/pixel_format.hpp>

#include "source/v4l2/v4l2_node.hpp"

namespace lenswire::source::v4l2 {

/// Seconds per frame as a fraction, as V4L2 counts it.
struct Interval {
  std::uint32_t numerator = 0;
  std::uint32_t denominator = 0;

  /// Frames per second; 0 for a fraction that means nothing.
  [[nodiscard]] double rate_hz() const noexcept {
    return numerator == 0 ? 0 : static_cast<double>(denominator) / numerator;
  }
  bool operator==(const Interval&) const = default;
};

/// One frame interval, or with `slowest` different from `fastest` any between the two.
struct IntervalOffer {
  Interval fastest;
  Interval slowest;

  [[nodiscard]] Interval nearest(double rate_hz) const noexcept;
};

/// One size, or with a step every size of a grid.
struct SizeOffer {
  std::uint32_t min_width = 0, max_width = 0, width_step = 1;
  std::uint32_t min_height = 0, max_height = 0, height_step = 1;
  std::vector<IntervalOffer> intervals;  ///< empty where the driver does not tell

  struct Size {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    bool operator==(const Size&) const = default;
  };
  [[nodiscard]] Size nearest(Size wanted) const noexcept;
};
using Size = SizeOffer::Size;

struct FormatOffer {
  std::uint32_t code = 0;             ///< V4L2's FourCC
  std::optional<PixelFormat> format;  ///< empty for what lenswire does not read
  std::string description;
  std::vector<SizeOffer> sizes;  ///< empty where they were not asked for or the driver is silent
};

/// Whether frames of this format can be taken from a V4L2 node.
[[nodiscard]] bool is_readable(PixelFormat format) noexcept;

/// "yuyv, uyvy, ...": the formats that can, for messages.
[[nodiscard]] std::string readable_names();

/// Which formats' sizes to ask for: some drivers have hundreds, of formats nobody reads.
enum class SizesOf : std::uint8_t { ReadableFormats, AllFormats };

/// Asks the camera for its formats, sizes and rates.
[[nodiscard]] std::vector<FormatOffer> list_formats(const OpenNode& node,
                                                    SizesOf which = SizesOf::ReadableFormats);

/// "yuyv, mjpeg, z16 up to 1920x1080"; what can't be read is only counted.
[[nodiscard]] std::string summary_of(const std::vector<FormatOffer>& offers);

/// The largest width or height taken from a user or a driver.
inline constexpr std::uint32_t kMaxSide = 16384;

/// What the user asked for; empty members mean "whatever is best".
struct FormatWish {
  std::optional<PixelFormat> format{};
  std::optional<Size> size{};
  std::optional<double> rate_hz{};
};

struct FormatChoice {
  std::uint32_t code = 0;  ///< V4L2's: NV12M is NV12 to us
  PixelFormat format = PixelFormat::YUYV;
  Size size;
  std::optional<Interval> interval;
};

/// The offer nearest to the wish: by size, then by rate, then YUYV before MJPEG before the rest.
/// Without a wish: 640x480 at 30 Hz. A format and a size are met exactly or not at all; a rate
/// becomes the nearest one offered.
/// Errors: Unsupported (format), InvalidArgument (size), naming what is offered.
Result<FormatChoice> choose_format(const std::string& path, const std::vector<FormatOffer>& offers,
                                   const FormatWish& wish);

/// What the driver agreed to.
struct Negotiated {
  PixelFormat format = PixelFormat::YUYV;
  Size size;
  std::uint32_t stride_bytes = 0;  ///< of the driver's rows; 0 for compressed formats
  /// Of the chroma rows where they are in memory of their own (NV12M), else 0.
  std::uint32_t chroma_stride_bytes = 0;
  double rate_hz = 0;  ///< 0 = the driver does not tell
};

/// Sets format and rate.
/// Errors: as choose_format(), and Busy, Disconnected, Unsupported from the driver.
Result<Negotiated> negotiate(const OpenNode& node, const FormatWish& wish);

}  // namespace lenswire::source::v4l2
