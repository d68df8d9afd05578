// reading.hpp - a position, and how the RealSense streaming applications write it as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lenswire::wire::gps {

enum class FixState : std::uint8_t {
  Waiting,   // nothing has been heard yet
  NoDevice,  // the receiver is not there, or gone
  NoFix,     // it does not know where it is
  Fix,
};

struct Reading {
  FixState state = FixState::Waiting;
  double latitude_deg = 0;   ///< north is positive; of a Fix
  double longitude_deg = 0;  ///< east is positive
  std::optional<double> speed_knots;

  bool operator==(const Reading&) const = default;
};

enum class JsonStyle : std::uint8_t {
  Compact,  // `{"latitude":"60.169857",...}`: the pull route
  Spaced,   // `{"latitude": "60.169857", ...}`: what is pushed
};

/// All values are texts: six decimals, and a speed in knots or "None". NoFix: "err" three times.
/// NoDevice: the originals' error object, spelled as they do. Waiting: nothing, for which the pull
/// route sends the error object and the push sends `null`.
[[nodiscard]] std::optional<std::string> location_json(const Reading& reading, JsonStyle style);

/// What is sent for NoDevice.
[[nodiscard]] std::string error_json(JsonStyle style);

}  // namespace lenswire::wire::gps
