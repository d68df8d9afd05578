#include "wire/gps/gpsd_report.hpp"

#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "wire/depth_limit.hpp"

namespace lenswire::wire::gps {
namespace {

constexpr double kKnotsPerMetreASecond = 3600.0 / 1852.0;
constexpr int kModeTwoDimensional = 2;

std::optional<double> number(const nlohmann::json& map, const char* key) {
  const auto found = map.find(key);
  if (found == map.end() || !found->is_number()) return std::nullopt;
  const auto value = found->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<Reading> on_report(std::string_view line) {
  const auto map = parse_json_object(line);
  if (!map) return std::nullopt;
  const auto kind = map->find("class");
  if (kind == map->end()) return std::nullopt;
  if (*kind == "DEVICES") {
    const auto devices = map->find("devices");
    const bool none = devices != map->end() && devices->is_array() && devices->empty();
    return none ? std::optional(Reading{FixState::NoDevice, 0, 0, std::nullopt}) : std::nullopt;
  }
  if (*kind == "DEVICE" && number(*map, "activated") == 0.0)
    return Reading{FixState::NoDevice, 0, 0, std::nullopt};
  if (*kind != "TPV") return std::nullopt;
  const auto latitude = number(*map, "lat");
  const auto longitude = number(*map, "lon");
  if (number(*map, "mode").value_or(0) < kModeTwoDimensional || !latitude || !longitude ||
      std::abs(*latitude) > 90 || std::abs(*longitude) > 180)
    return Reading{FixState::NoFix, 0, 0, std::nullopt};
  Reading reading{FixState::Fix, *latitude, *longitude, std::nullopt};
  // gpsd gives whole millimetres a second, which are 0.002 knots: no more digits than it has.
  if (const auto speed = number(*map, "speed"); speed && *speed >= 0 && *speed < 1e6)
    reading.speed_knots = std::round(*speed * kKnotsPerMetreASecond * 100) / 100;
  return reading;
}

}  // namespace

std::optional<Reading> GpsdReader::read(std::span<const std::byte>& bytes) {
  while (!bytes.empty()) {
    const char c = static_cast<char>(bytes.front());
    bytes = bytes.subspan(1);
    if (c != '\n') {
      too_long_ = too_long_ || line_.size() >= kMaxReportBytes;
      if (!too_long_) line_.push_back(c);
      continue;
    }
    const auto line = std::exchange(line_, {});
    if (std::exchange(too_long_, false)) continue;
    if (auto reading = on_report(line)) return reading;
  }
  return std::nullopt;
}

}  // namespace lenswire::wire::gps
