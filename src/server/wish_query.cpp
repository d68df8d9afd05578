#include "server/wish_query.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace lenswire::server {
namespace {

constexpr double kMaxRateHz = 1000;
constexpr double kMaxDepthM = 100;
constexpr double kMinScale = 1.0 / 64;

Result<hub::DepthPicture> depth_picture(const std::string& name) {
  using hub::DepthPicture;
  for (const auto& [known, picture] : {std::pair{"turbo", DepthPicture::Turbo},
                                       {"heat", DepthPicture::Heat},
                                       {"ocean", DepthPicture::Ocean},
                                       {"gray", DepthPicture::Gray},
                                       {"gray8", DepthPicture::Gray8}})
    if (name == known) return picture;
  return fail(ErrorCode::InvalidArgument,
              fmt::format("colormap={}: expected turbo, heat, ocean, gray or gray8", name));
}

}  // namespace

Result<hub::Region> parse_region(const std::string& text) {
  std::array<std::uint32_t, 4> numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto [next, error] = std::from_chars(at, end, numbers.at(i));
    const bool last = i + 1 == numbers.size();
    if (error != std::errc{} || (last ? next != end : next == end || *next != ','))
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("region={}: expected X,Y,WIDTH,HEIGHT in pixels", text));
    at = next + 1;
  }
  return hub::Region{numbers[0], numbers[1], numbers[2], numbers[3]};
}

Result<StreamQuery> parse_stream_query(base::QueryOptions& options, CodecId codec,
                                       const StreamProfile& profile) {
  StreamQuery query;
  auto& wish = query.wish;
  wish.codec = codec;
  const auto rate = options.number("fps", 0, 0, kMaxRateHz);
  const auto quality = options.integer("quality", 80, 1, 100);
  const auto scale = options.number("scale", 1, kMinScale, 1);
  const auto min_m = options.number("min_m", 0, 0, kMaxDepthM);
  const auto max_m = options.number("max_m", 10, 0.001, kMaxDepthM);
  const auto policy = options.text("policy", "latest");
  const auto colormap = options.text("colormap", "turbo");
  const auto region = options.text("region", "");
  const auto filters = options.text("filter", "");
  const auto range = options.text("range", "fixed");
  if (auto rest = options.finish(
          "fps, quality, scale, region, filter, min_m, max_m, colormap, range, policy, ticket");
      !rest)
    return fail(std::move(rest).error());
  for (const auto* result : {&rate, &scale, &min_m, &max_m})
    if (!*result) return fail(result->error());
  if (!quality) return fail(quality.error());
  query.delivery.rate_hz = *rate;
  if (codec == CodecId::Jpeg) wish.quality = static_cast<int>(*quality);
  wish.scale = *scale;
  if (!region.empty()) {
    const auto parsed = parse_region(region);
    if (!parsed) return fail(parsed.error());
    wish.region = *parsed;
  }
  if (policy == "every")
    query.delivery.policy = hub::DeliveryPolicy::Every;
  else if (policy != "latest")
    return fail(ErrorCode::InvalidArgument,
                fmt::format("policy={}: expected latest or every", policy));
  auto chain = filter::parse_filter_chain(filters);
  if (!chain) return fail(std::move(chain).error());
  wish.filters = std::move(*chain);
  if (profile.kind == StreamKind::Depth) {
    if (codec == CodecId::Jpeg) {
      const auto picture = depth_picture(colormap);
      if (!picture) return fail(picture.error());
      wish.depth_picture = *picture;
      if (range != "fixed" && range != "histogram")
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("range={}: expected fixed or histogram", range));
      if (range == "histogram" && colormap == "gray8")
        return fail(ErrorCode::InvalidArgument,
                    "range=histogram: gray8 is for reading distances; use colormap=gray");
      if (range == "histogram") wish.color_range = filter::ColorRange::Histogram;
    }
    if (*min_m >= *max_m)
      return fail(ErrorCode::InvalidArgument, "min_m must be smaller than max_m");
    // For an exact picture the range is off unless asked for; for eyes it scales the colours.
    const bool for_eyes = wish.depth_picture != hub::DepthPicture::None;
    if (for_eyes || options.contains("min_m")) wish.depth_min_m = *min_m;
    if (for_eyes || options.contains("max_m")) wish.depth_max_m = *max_m;
  }
  return query;
}

}  // namespace lenswire::server
