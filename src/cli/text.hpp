// text.hpp - text that came from elsewhere, made fit for a terminal; numbers for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <lenswire/control.hpp>
#include <lenswire/time.hpp>
#include <nlohmann/json_fwd.hpp>

namespace lenswire::cli {

/// Control characters become `?`, so that no server can steer the terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// One line of JSON; text that is no UTF-8 is mended.
[[nodiscard]] std::string json_line(const nlohmann::json& value);

[[nodiscard]] std::string bytes_text(double bytes);
[[nodiscard]] std::string milliseconds_text(Nanoseconds duration);
[[nodiscard]] std::string control_value_text(const ControlValue& value);

}  // namespace lenswire::cli
