#include "wire/gps/reading.hpp"

#include <fmt/format.h>

namespace lenswire::wire::gps {
namespace {

std::string object(std::string_view latitude, std::string_view longitude, std::string_view speed,
                   JsonStyle style) {
  return style == JsonStyle::Compact
             ? fmt::format(R"({{"latitude":"{}","longitude":"{}","speed":"{}"}})", latitude,
                           longitude, speed)
             : fmt::format(R"({{"latitude": "{}", "longitude": "{}", "speed": "{}"}})", latitude,
                           longitude, speed);
}

// As Python writes a float: the shortest text that reads back the same, and always with a point.
std::string float_text(double value) {
  auto text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::optional<std::string> location_json(const Reading& reading, JsonStyle style) {
  switch (reading.state) {
    case FixState::Waiting:
      return std::nullopt;
    case FixState::NoDevice:
      return error_json(style);
    case FixState::NoFix:
      return object("err", "err", "err", style);
    case FixState::Fix:
      break;
  }
  return object(fmt::format("{:.6f}", reading.latitude_deg),
                fmt::format("{:.6f}", reading.longitude_deg),
                reading.speed_knots ? float_text(*reading.speed_knots) : "None", style);
}

std::string error_json(JsonStyle style) {
  return style == JsonStyle::Compact
             ? R"({"error":"An error occured when accessing GPS device."})"
             : R"({"error": "An error occured when accessing GPS device."})";
}

}  // namespace lenswire::wire::gps
