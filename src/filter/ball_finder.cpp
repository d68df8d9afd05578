#include "filter/ball_finder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lenswire::filter {
namespace {

// Below is ground, and what compression makes of it.
constexpr int kGround = 64;
constexpr int kBall = 192;

std::uint32_t channels_of(PixelFormat format) noexcept {
  if (format == PixelFormat::Y8) return 1;
  return format == PixelFormat::RGB8 || format == PixelFormat::BGR8 ? 3 : 0;
}

class LightFinder final : public BallFinder {
 public:
  explicit LightFinder(const BallSearch& search) noexcept : search_(search) {}

  Result<std::optional<FoundBall>> find(const frame::ImageView& picture) override {
    const auto channels = channels_of(picture.format);
    if (channels == 0)
      return fail(ErrorCode::Unsupported,
                  fmt::format("a ball is not looked for in {}", to_string(picture.format)));
    if (!picture.complete()) return fail(ErrorCode::InvalidArgument, "a picture without its end");
    const auto* pixels = reinterpret_cast<const std::uint8_t*>(picture.data.data());
    std::uint64_t light = 0;
    std::uint64_t sum_x = 0;
    std::uint64_t sum_y = 0;
    for (std::uint32_t y = 0; y < picture.height; ++y) {
      const auto* row = pixels + std::size_t{y} * picture.stride_bytes;
      std::uint64_t row_light = 0;
      for (std::uint32_t x = 0; x < picture.width; ++x) {
        int value = row[std::size_t{x} * channels];
        if (channels == 3)
          value =
              std::max({value, int{row[3 * std::size_t{x} + 1]}, int{row[3 * std::size_t{x} + 2]}});
        if (value <= kGround) continue;
        const auto weight = static_cast<std::uint64_t>(std::min(value, kBall) - kGround);
        row_light += weight;
        sum_x += weight * x;
      }
      light += row_light;
      sum_y += row_light * y;
    }
    const double area = static_cast<double>(light) / (kBall - kGround);
    const double radius = std::sqrt(area / std::numbers::pi);
    if (radius < search_.min_radius_px || radius > search_.max_radius_px)
      return std::optional<FoundBall>();
    const auto total = static_cast<double>(light);
    return std::optional(
        FoundBall{static_cast<double>(sum_x) / total, static_cast<double>(sum_y) / total, radius});
  }

 private:
  const BallSearch search_;
};

}  // namespace

std::unique_ptr<BallFinder> make_light_finder(const BallSearch& search) {
  return std::make_unique<LightFinder>(search);
}

}  // namespace lenswire::filter
