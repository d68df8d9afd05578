#include "filter/colorize.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace lenswire::filter {
namespace {

using Color = std::array<std::uint8_t, 3>;

using Anchors = std::array<Color, 9>;
constexpr int kAnchorDistance = 32;

constexpr std::array<Anchors, 4> kAnchors = {{
    {{{130, 10, 15},
      {200, 45, 10},
      {245, 110, 30},
      {250, 180, 50},
      {200, 235, 60},
      {110, 245, 110},
      {35, 210, 200},
      {60, 130, 245},
      {70, 40, 140}}},
    {{{255, 250, 220},
      {255, 225, 130},
      {255, 180, 60},
      {250, 125, 30},
      {225, 70, 30},
      {180, 30, 45},
      {125, 15, 60},
      {75, 10, 60},
      {35, 5, 40}}},
    {{{235, 250, 240},
      {190, 235, 215},
      {130, 215, 200},
      {75, 185, 195},
      {40, 150, 190},
      {30, 110, 175},
      {35, 75, 150},
      {40, 45, 115},
      {30, 20, 70}}},
    {{{255, 255, 255},
      {226, 226, 226},
      {198, 198, 198},
      {170, 170, 170},
      {142, 142, 142},
      {114, 114, 114},
      {86, 86, 86},
      {58, 58, 58},
      {30, 30, 30}}},
}};

using Colors = std::array<Color, 256>;
constexpr std::array<Colors, 4> kColors = [] {
  std::array<Colors, 4> maps{};
  for (std::size_t map = 0; map < maps.size(); ++map)
    for (int i = 0; i < 256; ++i) {
      const Color& from = kAnchors[map][static_cast<std::size_t>(i / kAnchorDistance)];
      const Color& to = kAnchors[map][static_cast<std::size_t>(i / kAnchorDistance + 1)];
      const int part = i % kAnchorDistance;
      for (std::size_t c = 0; c < 3; ++c)
        maps[map][static_cast<std::size_t>(i)][c] = static_cast<std::uint8_t>(
            (from[c] * (kAnchorDistance - part) + to[c] * part + kAnchorDistance / 2) /
            kAnchorDistance);
    }
  return maps;
}();

constexpr double kMostCodes = 4'000'000;

// Depth code -> 0..255 over a range of codes, exactly rounded without a division a pixel.
class Ramp {
 public:
  static Result<Ramp> over(double depth_unit_m, double min_m, double max_m) {
    const double lo = std::floor(min_m / depth_unit_m + 0.5);
    const double hi = std::floor(max_m / depth_unit_m + 0.5);
    if (!(depth_unit_m > 0) || !(lo >= 0) || !(hi - lo >= 1) || !(hi <= kMostCodes))
      return fail(ErrorCode::InvalidArgument,
                  "depth colours: the unit must be positive and the range between 1 and 4,000,000 "
                  "depth steps, not below 0");
    return Ramp(static_cast<std::uint32_t>(lo), static_cast<std::uint32_t>(hi));
  }

  [[nodiscard]] std::uint32_t lo() const { return lo_; }
  [[nodiscard]] std::uint32_t hi() const { return hi_; }

  [[nodiscard]] std::uint8_t operator()(std::uint16_t code) const {
    const std::uint64_t above = std::clamp<std::uint32_t>(code, lo_, hi_) - lo_;
    return static_cast<std::uint8_t>(((510 * above + (hi_ - lo_)) * factor_) >> kShift);
  }

 private:
  // The quotient is exact while numerator * divisor < 2^kShift, and the numerator is at most 256
  // divisors: true up to kMostCodes, and the product stays below 2^63.
  static constexpr int kShift = 54;

  Ramp(std::uint32_t lo, std::uint32_t hi)
      : lo_(lo), hi_(hi), factor_((std::uint64_t{1} << kShift) / (2 * (hi - lo)) + 1) {}

  std::uint32_t lo_, hi_;
  std::uint64_t factor_;
};

template <std::size_t OutBytes, typename Paint>
void paint_pixels(const frame::ImageView& in, frame::Image& out, const Paint& paint) {
  for (std::size_t y = 0; y < in.height; ++y) {
    const std::byte* from = in.data.data() + y * in.stride_bytes;
    auto* to = reinterpret_cast<std::uint8_t*>(out.data.data()) + y * out.stride_bytes;
    for (std::size_t x = 0; x < in.width; ++x) {
      std::uint16_t code;
      std::memcpy(&code, from + 2 * x, 2);
      paint(code, to + OutBytes * x);
    }
  }
}

// The colour of every code. The tables are kept per thread so that no frame allocates.
const std::vector<std::uint8_t>& histogram_shares(const frame::ImageView& in, std::uint32_t lo,
                                                  std::uint32_t hi) {
  constexpr std::size_t kCodes = 65536;
  thread_local std::vector<std::uint32_t> counts;
  thread_local std::vector<std::uint8_t> shares;
  counts.assign(kCodes, 0);
  shares.resize(kCodes);
  for (std::size_t y = 0; y < in.height; ++y) {
    const std::byte* row = in.data.data() + y * in.stride_bytes;
    for (std::size_t x = 0; x < in.width; ++x) {
      std::uint16_t code;
      std::memcpy(&code, row + 2 * x, 2);
      ++counts[code];
    }
  }
  const std::size_t first = std::max<std::uint32_t>(lo, 1);
  const std::size_t last = std::min<std::size_t>(hi, kCodes - 1);
  std::uint64_t total = 0, below = 0;
  for (std::size_t code = first; code <= last; ++code) total += counts[code];
  const std::uint64_t divisor = total > 1 ? total - 1 : 1;
  for (std::size_t code = 0; code < kCodes; ++code) {
    const bool inside = code >= first && code <= last;
    shares[code] =
        code > last
            ? std::uint8_t{255}
            : static_cast<std::uint8_t>(std::min<std::uint64_t>(255 * below / divisor, 255));
    if (inside) below += counts[code];
  }
  return shares;
}

Result<void> check(const frame::ImageView& in) {
  if (in.format != PixelFormat::Z16)
    return fail(ErrorCode::Unsupported, "depth colours: only z16 can be coloured");
  if (!in.complete())
    return fail(ErrorCode::InvalidArgument,
                "depth colours: the picture has less data than its size needs");
  return {};
}

}  // namespace

std::span<const Color, 256> depth_colors(ColorMap map) noexcept {
  return kColors[static_cast<std::size_t>(map)];
}

Result<void> colorize(const frame::ImageView& in, double depth_unit_m, double min_m, double max_m,
                      frame::Image& out, ColorMap map, ColorRange range) {
  if (auto checked = check(in); !checked) return checked;
  const auto ramp = Ramp::over(depth_unit_m, min_m, max_m);
  if (!ramp) return fail(ramp.error());
  const auto colors = depth_colors(map);
  out.reshape(PixelFormat::RGB8, in.width, in.height);
  if (range == ColorRange::Histogram) {
    const auto& shares = histogram_shares(in, ramp->lo(), ramp->hi());
    paint_pixels<3>(in, out, [&](std::uint16_t code, std::uint8_t* to) {
      const Color color = code == kNoDepth ? Color{} : colors[shares[code]];
      std::memcpy(to, color.data(), 3);
    });
    return {};
  }
  paint_pixels<3>(in, out, [&](std::uint16_t code, std::uint8_t* to) {
    const Color color = code == kNoDepth ? Color{} : colors[(*ramp)(code)];
    std::memcpy(to, color.data(), 3);
  });
  return {};
}

Result<void> gray8(const frame::ImageView& in, double depth_unit_m, double max_m,
                   frame::Image& out) {
  if (auto checked = check(in); !checked) return checked;
  const auto ramp = Ramp::over(depth_unit_m, 0, max_m);
  if (!ramp) return fail(ramp.error());
  out.reshape(PixelFormat::Y8, in.width, in.height);
  paint_pixels<1>(in, out, [&](std::uint16_t code, std::uint8_t* to) { *to = (*ramp)(code); });
  return {};
}

}  // namespace lenswire::filter
