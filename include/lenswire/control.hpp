// control.hpp - what can be set on a camera: exposure, gain, laser power, ...
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lenswire {

enum class ControlType : std::uint8_t { Integer, Boolean, Menu, Button, Real, Text };

[[nodiscard]] std::string_view to_string(ControlType type) noexcept;

/// Integer, Menu (the item's index) and Button use int64; the others the type of their name.
using ControlValue = std::variant<std::int64_t, bool, double, std::string>;

struct MenuItem {
  std::int64_t index = 0;
  std::string name;
};

/// One control with its range and present value.
struct Control {
  std::string name;   ///< stable, lower_snake_case: "exposure_time_absolute"
  std::string label;  ///< as the device calls it
  ControlType type = ControlType::Integer;
  ControlValue value{};
  ControlValue default_value{};
  double minimum = 0;
  double maximum = 0;
  double step = 0;
  std::vector<MenuItem> menu;
  bool read_only = false;
  bool inactive = false;        ///< has no effect now because another control overrides it
  bool volatile_value = false;  ///< the device changes it by itself
};

/// A group of settings that is applied together, in order.
using ControlSettings = std::vector<std::pair<std::string, ControlValue>>;

}  // namespace lenswire
