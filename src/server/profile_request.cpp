#include "server/profile_request.hpp"

#include <fmt/format.h>

#include <lenswire/pixel_format.hpp>
#include <nlohmann/json.hpp>

namespace lenswire::server {
namespace {

using nlohmann::json;

constexpr std::uint32_t kMaxSide = 16384;
constexpr double kMinRateHz = 0.01;
constexpr double kMaxRateHz = 1000;

bool is_size(const std::string& text) {
  if (text.find_first_not_of("0123456789x") != std::string::npos) return false;
  auto query = base::QueryOptions::parse("size=" + text);
  return query && query->size("size", {}, kMaxSide);
}

}  // namespace

Result<base::OptionChanges> parse_profile_request(const json& map) {
  const auto bad = [](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, std::string(why));
  };
  base::OptionChanges changes;
  if (!map.is_object() || map.empty()) return bad("name one or more of size, fps and format");
  for (const auto& [key, value] : map.items()) {
    if (key == "size") {
      const auto* text = value.get_ptr<const std::string*>();
      if (text == nullptr || !is_size(*text)) return bad("size: expected a text such as 1280x720");
      changes.emplace_back(key, *text);
    } else if (key == "fps") {
      const double rate = value.is_number() ? value.get<double>() : 0;
      if (!(rate >= kMinRateHz && rate <= kMaxRateHz))
        return bad(fmt::format("fps: expected a number from {} to {}", kMinRateHz, kMaxRateHz));
      changes.emplace_back(key, fmt::format("{}", rate));
    } else if (key == "format") {
      const auto* text = value.get_ptr<const std::string*>();
      const auto format = text ? pixel_format_from_string(*text) : std::nullopt;
      if (!format) return bad("format: expected a text such as mjpeg, yuyv or z16");
      changes.emplace_back(key, std::string(to_string(*format)));
    } else {
      return bad(
          fmt::format("'{}' can't be changed; there are size, fps and format", key.substr(0, 64)));
    }
  }
  return changes;
}

}  // namespace lenswire::server
