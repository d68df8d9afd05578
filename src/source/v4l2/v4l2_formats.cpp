#include "source/v4l2/v4l2_formats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/videodev2.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <tuple>

#include <lenswire/frame.hpp>

namespace lenswire::source::v4l2 {
namespace {

// A driver that never ends an enumeration must not hang us.
constexpr std::uint32_t kMaxFormats = 256;
constexpr std::uint32_t kMaxSizes = 256;
constexpr std::uint32_t kMaxIntervals = 128;

constexpr Size kDefaultSize{640, 480};
constexpr double kDefaultRateHz = 30;

// Best first: what costs the least to use comes before what must be decoded.
constexpr std::array kPreference = {
    PixelFormat::YUYV, PixelFormat::UYVY, PixelFormat::MJPEG, PixelFormat::JPEG, PixelFormat::NV12,
    PixelFormat::RGB8, PixelFormat::BGR8, PixelFormat::Z16,   PixelFormat::Y16,  PixelFormat::Y8};

std::optional<PixelFormat> readable_format(std::uint32_t code) noexcept {
  if (code == V4L2_PIX_FMT_NV12M) return PixelFormat::NV12;
  const auto format = pixel_format_from_fourcc(code);
  return format && is_readable(*format) ? format : std::nullopt;
}

std::size_t preference_of(PixelFormat format) noexcept {
  return static_cast<std::size_t>(std::find(kPreference.begin(), kPreference.end(), format) -
                                  kPreference.begin());
}

std::uint32_t onto_grid(std::uint32_t wanted, std::uint32_t low, std::uint32_t high,
                        std::uint32_t step) noexcept {
  if (wanted <= low || high <= low) return low;
  if (wanted >= high) return high;
  const std::uint64_t unit = std::max<std::uint32_t>(step, 1);
  const std::uint64_t steps = (wanted - low + unit / 2) / unit;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(low + steps * unit, high));
}

std::vector<IntervalOffer> list_intervals(Device& device, std::uint32_t code, Size size) {
  std::vector<IntervalOffer> found;
  for (std::uint32_t i = 0; i < kMaxIntervals; ++i) {
    auto raw = zeroed<v4l2_frmivalenum>();
    raw.index = i;
    raw.pixel_format = code;
    raw.width = size.width;
    raw.height = size.height;
    if (device.ioctl(VIDIOC_ENUM_FRAMEINTERVALS, &raw) != 0) break;
    const auto interval = [](const v4l2_fract& f) { return Interval{f.numerator, f.denominator}; };
    if (raw.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
      found.push_back({interval(raw.stepwise.min), interval(raw.stepwise.max)});
      break;
    }
    found.push_back({interval(raw.discrete), interval(raw.discrete)});
  }
  return found;
}

std::vector<SizeOffer> list_sizes(Device& device, std::uint32_t code) {
  std::vector<SizeOffer> found;
  for (std::uint32_t i = 0; i < kMaxSizes; ++i) {
    auto raw = zeroed<v4l2_frmsizeenum>();
    raw.index = i;
    raw.pixel_format = code;
    if (device.ioctl(VIDIOC_ENUM_FRAMESIZES, &raw) != 0) break;
    SizeOffer offer;
    const bool discrete = raw.type == V4L2_FRMSIZE_TYPE_DISCRETE;
    if (discrete) {
      offer.min_width = offer.max_width = raw.discrete.width;
      offer.min_height = offer.max_height = raw.discrete.height;
    } else {
      const auto& grid = raw.stepwise;
      offer = {grid.min_width,
               grid.max_width,
               std::max(grid.step_width, 1U),
               grid.min_height,
               grid.max_height,
               std::max(grid.step_height, 1U),
               {}};
    }
    offer.intervals = list_intervals(device, code, offer.nearest(kDefaultSize));
    found.push_back(std::move(offer));
    if (!discrete) break;
  }
  return found;
}

std::string names_of(const std::vector<FormatOffer>& offers) {
  std::vector<std::string_view> names;
  for (const auto& offer : offers)
    if (offer.format &&
        std::find(names.begin(), names.end(), to_string(*offer.format)) == names.end())
      names.push_back(to_string(*offer.format));
  return names.empty() ? "none that lenswire reads" : fmt::format("{}", fmt::join(names, ", "));
}

std::string sizes_of(const std::vector<FormatOffer>& offers, std::optional<PixelFormat> format) {
  std::vector<std::string> names;
  for (const auto& offer : offers) {
    if (!offer.format || (format && offer.format != format)) continue;
    for (const auto& size : offer.sizes) {
      auto name = fmt::format("{}x{}", size.min_width, size.min_height);
      if (size.max_width != size.min_width || size.max_height != size.min_height)
        name += fmt::format(" to {}x{} in steps of {}x{}", size.max_width, size.max_height,
                            size.width_step, size.height_step);
      if (std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(std::move(name));
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::optional<Interval> nearest_interval(const std::vector<IntervalOffer>& offers, double rate) {
  std::optional<Interval> best;
  for (const auto& offer : offers) {
    const auto interval = offer.nearest(rate);
    if (!best || std::abs(interval.rate_hz() - rate) < std::abs(best->rate_hz() - rate))
      best = interval;
  }
  return best;
}

std::uint32_t planes_of(std::uint32_t code) noexcept { return code == V4L2_PIX_FMT_NV12M ? 2 : 1; }

// The part of v4l2_format that both APIs have.
struct Picture {
  std::uint32_t code, width, height, stride_bytes, planes, chroma_stride_bytes;
};

Picture picture_of(const v4l2_format& format) noexcept {
  if (format.type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
    const auto& pix = format.fmt.pix_mp;
    return {pix.pixelformat, pix.width,
            pix.height,      pix.plane_fmt[0].bytesperline,
            pix.num_planes,  pix.num_planes > 1 ? pix.plane_fmt[1].bytesperline : 0};
  }
  const auto& pix = format.fmt.pix;
  return {pix.pixelformat, pix.width, pix.height, pix.bytesperline, 1, 0};
}

v4l2_format request_for(std::uint32_t type, const FormatChoice& choice) noexcept {
  auto format = zeroed<v4l2_format>();
  format.type = type;
  if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE) {
    auto& pix = format.fmt.pix_mp;
    pix.pixelformat = choice.code;
    pix.width = choice.size.width;
    pix.height = choice.size.height;
    pix.field = V4L2_FIELD_NONE;
    pix.num_planes = static_cast<std::uint8_t>(planes_of(choice.code));
  } else {
    auto& pix = format.fmt.pix;
    pix.pixelformat = choice.code;
    pix.width = choice.size.width;
    pix.height = choice.size.height;
    pix.field = V4L2_FIELD_NONE;
  }
  return format;
}

double set_rate(const OpenNode& node, std::optional<Interval> interval) {
  auto parm = zeroed<v4l2_streamparm>();
  parm.type = node.capability.buffer_type();
  const auto& capture = parm.parm.capture;
  if (interval) {
    parm.parm.capture.timeperframe = {interval->numerator, interval->denominator};
    if (node.device->ioctl(VIDIOC_S_PARM, &parm) == 0)
      return Interval{capture.timeperframe.numerator, capture.timeperframe.denominator}.rate_hz();
  }
  if (node.device->ioctl(VIDIOC_G_PARM, &parm) != 0) return 0;
  return Interval{capture.timeperframe.numerator, capture.timeperframe.denominator}.rate_hz();
}

}  // namespace

Interval IntervalOffer::nearest(double rate_hz) const noexcept {
  if (fastest == slowest || rate_hz >= fastest.rate_hz()) return fastest;
  if (rate_hz <= slowest.rate_hz()) return slowest;
  return {1000, static_cast<std::uint32_t>(std::lround(rate_hz * 1000))};
}

Size SizeOffer::nearest(Size wanted) const noexcept {
  return {onto_grid(wanted.width, min_width, max_width, width_step),
          onto_grid(wanted.height, min_height, max_height, height_step)};
}

bool is_readable(PixelFormat format) noexcept { return preference_of(format) < kPreference.size(); }

std::string readable_names() {
  std::vector<std::string_view> names;
  for (const auto format : kPreference) names.push_back(to_string(format));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<FormatOffer> list_formats(const OpenNode& node, SizesOf which) {
  std::vector<FormatOffer> found;
  for (std::uint32_t i = 0; i < kMaxFormats; ++i) {
    auto raw = zeroed<v4l2_fmtdesc>();
    raw.index = i;
    raw.type = node.capability.buffer_type();
    if (node.device->ioctl(VIDIOC_ENUM_FMT, &raw) != 0) break;
    // What libv4l would convert is no format of the camera.
    if ((raw.flags & V4L2_FMT_FLAG_EMULATED) != 0) continue;
    FormatOffer offer;
    offer.code = raw.pixelformat;
    offer.description = text_of(raw.description);
    offer.format = readable_format(raw.pixelformat);
    if (offer.format || which == SizesOf::AllFormats)
      offer.sizes = list_sizes(*node.device, raw.pixelformat);
    found.push_back(std::move(offer));
  }
  return found;
}

std::string summary_of(const std::vector<FormatOffer>& offers) {
  Size largest;
  std::size_t unreadable = 0;
  for (const auto& offer : offers) {
    unreadable += offer.format ? 0 : 1;
    for (const auto& size : offer.sizes)
      if (std::uint64_t{size.max_width} * size.max_height >
          std::uint64_t{largest.width} * largest.height)
        largest = {size.max_width, size.max_height};
  }
  auto text = names_of(offers);
  if (largest.width > 0) text += fmt::format(" up to {}x{}", largest.width, largest.height);
  if (unreadable > 0) text += fmt::format(" (and {} more that lenswire does not read)", unreadable);
  return text;
}

Result<FormatChoice> choose_format(const std::string& path, const std::vector<FormatOffer>& offers,
                                   const FormatWish& wish) {
  const auto wanted_size = wish.size.value_or(kDefaultSize);
  const auto wanted_rate = wish.rate_hz.value_or(kDefaultRateHz);
  using Score = std::tuple<std::uint32_t, double, std::size_t, double>;  // smaller is better
  std::optional<std::pair<Score, FormatChoice>> best;
  bool has_format = false;

  for (const auto& offer : offers) {
    if (!offer.format || (wish.format && offer.format != wish.format)) continue;
    has_format = true;
    auto sizes = offer.sizes;
    if (sizes.empty())
      sizes.push_back(
          {wanted_size.width, wanted_size.width, 1, wanted_size.height, wanted_size.height, 1, {}});
    for (const auto& size : sizes) {
      const auto nearest = size.nearest(wanted_size);
      if (wish.size && nearest != *wish.size) continue;
      const auto away = [](std::uint32_t a, std::uint32_t b) { return a > b ? a - b : b - a; };
      const auto distance =
          away(nearest.width, wanted_size.width) + away(nearest.height, wanted_size.height);
      const auto interval = nearest_interval(size.intervals, wanted_rate);
      const double rate = interval ? interval->rate_hz() : wanted_rate;
      // 29.97 is as good as 30.
      const double missing = rate >= 0.9 * wanted_rate ? 0 : wanted_rate - rate;
      const Score score{distance, missing, preference_of(*offer.format),
                        std::abs(rate - wanted_rate)};
      if (!best || score < best->first)
        best = {score, FormatChoice{offer.code, *offer.format, nearest, interval}};
    }
  }
  if (best) return best->second;
  if (wish.format && !has_format)
    return fail(ErrorCode::Unsupported, fmt::format("{} does not offer {}; it offers {}", path,
                                                    to_string(*wish.format), summary_of(offers)));
  if (!has_format)
    return fail(
        ErrorCode::Unsupported,
        fmt::format("{} offers no format that lenswire reads ({} others)", path, offers.size()));
  return fail(ErrorCode::InvalidArgument,
              fmt::format("{} does not offer {}x{}{}; it offers {}", path, wanted_size.width,
                          wanted_size.height,
                          wish.format ? fmt::format(" in {}", to_string(*wish.format)) : "",
                          sizes_of(offers, wish.format)));
}

Result<Negotiated> negotiate(const OpenNode& node, const FormatWish& wish) {
  const auto choice = choose_format(node.path, list_formats(node), wish);
  if (!choice) {
    // A camera that was pulled out meanwhile offers nothing, which is not the user's mistake.
    if (!node.alive()) return fail(node.error("asking for its formats", ENODEV));
    return fail(choice.error());
  }

  auto format = request_for(node.capability.buffer_type(), *choice);
  if (const int number = node.device->ioctl(VIDIOC_S_FMT, &format))
    return fail(node.error(fmt::format("setting {} {}x{}", to_string(choice->format),
                                       choice->size.width, choice->size.height),
                           number));
  const auto got = picture_of(format);
  if (got.code != choice->code || got.planes != planes_of(choice->code))
    return fail(ErrorCode::Unsupported, fmt::format("{} offers {} but does not set it; try another "
                                                    "format=",
                                                    node.path, to_string(choice->format)));
  if (wish.size && (got.width != wish.size->width || got.height != wish.size->height))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} does not offer {}x{}; the nearest is {}x{}", node.path,
                            wish.size->width, wish.size->height, got.width, got.height));

  const bool compressed = is_compressed(choice->format);
  const auto packed = packed_stride(choice->format, got.width);
  // Drivers that leave bytesperline at 0 mean packed rows.
  const auto stride = compressed ? 0 : std::max(got.stride_bytes, packed);
  // Interleaved chroma has as many bytes in a row as luma.
  const auto chroma_stride = got.planes == 1 ? 0 : std::max(got.chroma_stride_bytes, packed);
  const auto bytes = frame_bytes(choice->format, std::max(stride, chroma_stride), got.height);
  if (got.width == 0 || got.height == 0 || got.width > kMaxSide || got.height > kMaxSide ||
      bytes > kMaxFrameBytes)
    return fail(ErrorCode::Unsupported, fmt::format("{} answers an impossible size: {}x{}",
                                                    node.path, got.width, got.height));
  return Negotiated{choice->format,
                    {got.width, got.height},
                    stride,
                    chroma_stride,
                    set_rate(node, choice->interval)};
}

}  // namespace lenswire::source::v4l2
