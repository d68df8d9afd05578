#include "server/subscribe_request.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

#include "codec/codec.hpp"

namespace lenswire::server {
namespace {

using nlohmann::json;

constexpr double kMinScale = 1.0 / 64;

// Optional keys of a request; remembers the first that is wrong.
class Arguments {
 public:
  explicit Arguments(const json& map) : map_(map) {}

  double number(const char* key, double fallback, double low, double high) {
    const auto found = map_.find(key);
    if (found == map_.end()) return fallback;
    const double value = found->is_number() ? found->get<double>() : NAN;
    if (value >= low && value <= high) return value;
    complain(fmt::format("{}: expected a number from {} to {}", key, low, high));
    return fallback;
  }
  std::uint64_t integer(const char* key, std::uint64_t fallback, std::uint64_t low,
                        std::uint64_t high) {
    const auto found = map_.find(key);
    if (found == map_.end()) return fallback;
    if (found->is_number_integer() && found->get<double>() >= 0) {
      const auto value = found->get<std::uint64_t>();
      if (value >= low && value <= high) return value;
    }
    complain(fmt::format("{}: expected a whole number from {} to {}", key, low, high));
    return fallback;
  }
  std::string text(const char* key, std::string fallback) {
    const auto found = map_.find(key);
    if (found == map_.end()) return fallback;
    if (found->is_string()) return found->get<std::string>();
    complain(fmt::format("{}: expected a text", key));
    return fallback;
  }
  std::optional<hub::Region> region(const char* key) {
    const auto found = map_.find(key);
    if (found == map_.end()) return std::nullopt;
    std::array<std::uint32_t, 4> values{};
    bool good = found->is_array() && found->size() == values.size();
    for (std::size_t i = 0; good && i < values.size(); ++i) {
      const auto& item = (*found)[i];
      good = item.is_number_integer() && item.get<double>() >= 0 && item.get<double>() <= 65535;
      if (good) values.at(i) = item.get<std::uint32_t>();
    }
    if (!good) complain(fmt::format("{}: expected [x, y, width, height] in pixels", key));
    return hub::Region{values[0], values[1], values[2], values[3]};
  }
  [[nodiscard]] bool contains(const char* key) const { return map_.contains(key); }
  void complain(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  const json& map_;
  std::string error_;
};

CodecId automatic_codec(const StreamProfile& profile) {
  if (is_compressed(profile.format)) return CodecId::Jpeg;
  const auto* strata = codec::find_codec(CodecId::Strata);
  if (strata && profile.kind == StreamKind::Depth && strata->accepts(profile.format))
    return CodecId::Strata;
  return CodecId::Raw;
}

}  // namespace

Result<SubscribeRequest> parse_subscribe(const json& map, const StreamProfile& profile) {
  Arguments arguments(map);
  SubscribeRequest request;
  auto& wish = request.wish;
  const auto codec = arguments.text("codec", "auto");
  if (codec == "auto") {
    wish.codec = automatic_codec(profile);
  } else if (const auto* entry = codec::find_codec(codec)) {
    wish.codec = entry->id;
  } else {
    std::string names = "auto";
    for (const auto& known : codec::codec_table()) names += fmt::format(", {}", known.name);
    return fail(ErrorCode::Unsupported,
                fmt::format("no codec '{}' here; this server has: {}", codec, names));
  }
  const auto quality = static_cast<int>(arguments.integer("quality", 80, 1, 100));
  if (wish.codec == CodecId::Jpeg) wish.quality = quality;
  wish.scale = arguments.number("scale", 1, kMinScale, 1);
  wish.region = arguments.region("region");
  auto filters = filter::parse_filter_chain(arguments.text("filter", ""));
  if (!filters) return fail(filters.error().code, "subscribe: " + filters.error().message);
  wish.filters = std::move(*filters);
  if (arguments.contains("depth_min_m"))
    wish.depth_min_m = arguments.number("depth_min_m", 0, 0, 1000);
  if (arguments.contains("depth_max_m"))
    wish.depth_max_m = arguments.number("depth_max_m", 1000, 0, 1000);
  if (profile.kind == StreamKind::Depth && wish.codec == CodecId::Jpeg)
    wish.depth_picture = hub::DepthPicture::Turbo;

  auto& delivery = request.delivery;
  delivery.rate_hz = arguments.number("rate_hz", 0, 0, 1000);
  delivery.queue_frames = arguments.integer("queue_frames", 8, 1, hub::kMaxQueueFrames);
  const auto policy = arguments.text("policy", "latest");
  if (policy == "every")
    delivery.policy = hub::DeliveryPolicy::Every;
  else if (policy == "pull")
    delivery.policy = hub::DeliveryPolicy::Pull;
  else if (policy != "latest")
    arguments.complain(fmt::format("policy '{}': expected latest, every or pull", policy));
  request.window.frames =
      static_cast<std::uint32_t>(arguments.integer("window_frames", 2, 1, kMaxWindowFrames));
  request.window.bytes = arguments.integer("window_bytes", 0, 0, UINT64_MAX);
  if (!arguments.error().empty())
    return fail(ErrorCode::InvalidArgument, "subscribe: " + arguments.error());
  return request;
}

}  // namespace lenswire::server
