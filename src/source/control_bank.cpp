#include "source/control_bank.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace lenswire::source {
namespace {

std::string range_text(const Control& control) {
  switch (control.type) {
    case ControlType::Integer:
    case ControlType::Real: {
      auto text = fmt::format("{} from {} to {}",
                              control.type == ControlType::Real ? "a number" : "a whole number",
                              control.minimum, control.maximum);
      if (control.step > 1 || (control.type == ControlType::Real && control.step > 0))
        text += fmt::format(" in steps of {}", control.step);
      return text;
    }
    case ControlType::Boolean:
      return "true or false";
    case ControlType::Menu: {
      std::string items;
      for (const auto& item : control.menu)
        items += fmt::format("{}{} ({})", items.empty() ? "" : ", ", item.index, item.name);
      return "one of " + items;
    }
    case ControlType::Button:
      return "any number";
    case ControlType::Text:
      return "text";
  }
  return "another value";
}

std::optional<ControlValue> integer_value(const Control& control, std::int64_t value) {
  switch (control.type) {
    case ControlType::Integer: {
      const auto low = static_cast<std::int64_t>(control.minimum);
      const auto step = std::max<std::int64_t>(1, static_cast<std::int64_t>(control.step));
      if (value < low || value > static_cast<std::int64_t>(control.maximum)) return std::nullopt;
      if ((value - low) % step != 0) return std::nullopt;
      return value;
    }
    case ControlType::Real: {
      const auto number = static_cast<double>(value);
      if (number < control.minimum || number > control.maximum) return std::nullopt;
      return number;
    }
    case ControlType::Boolean:
      if (value != 0 && value != 1) return std::nullopt;
      return value == 1;
    case ControlType::Menu:
      for (const auto& item : control.menu)
        if (item.index == value) return value;
      return std::nullopt;
    case ControlType::Button:
      return value;
    case ControlType::Text:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<ControlValue> stored_value(const Control& control, const ControlValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return integer_value(control, *whole);
  if (const auto* flag = std::get_if<bool>(&value)) {
    if (control.type == ControlType::Boolean) return *flag;
    return std::nullopt;
  }
  if (const auto* number = std::get_if<double>(&value)) {
    // Not written as "outside": a NaN is on neither side.
    if (control.type == ControlType::Real && *number >= control.minimum &&
        *number <= control.maximum)
      return *number;
    return std::nullopt;
  }
  const auto& text = std::get<std::string>(value);
  if (control.type == ControlType::Text) return text;
  if (control.type == ControlType::Menu)
    for (const auto& item : control.menu)
      if (item.name == text) return item.index;
  return std::nullopt;
}

}  // namespace

Result<ControlValue> checked_value(const Control& control, const ControlValue& value) {
  if (control.read_only)
    return fail(ErrorCode::PermissionDenied,
                fmt::format("control '{}' can only be read", control.name));
  auto stored = stored_value(control, value);
  if (!stored)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("control '{}' takes {}", control.name, range_text(control)));
  return std::move(*stored);
}

Control& ControlBank::at(std::string_view name) {
  const auto found = std::find_if(controls_.begin(), controls_.end(),
                                  [&](const Control& control) { return control.name == name; });
  if (found == controls_.end()) throw std::out_of_range("no such control");
  return *found;
}

const Control& ControlBank::at(std::string_view name) const {
  return const_cast<ControlBank*>(this)->at(name);
}

Result<std::vector<Control>> ControlBank::set(const ControlSettings& settings) {
  std::vector<std::pair<Control*, ControlValue>> checked;
  for (const auto& setting : settings) {
    const auto& [name, value] = setting;
    const auto found =
        std::find_if(controls_.begin(), controls_.end(),
                     [&setting](const Control& control) { return control.name == setting.first; });
    if (found == controls_.end()) {
      std::string known;
      for (const auto& control : controls_) known += (known.empty() ? "" : ", ") + control.name;
      return fail(ErrorCode::NotFound, fmt::format("no control '{}'; there are: {}", name, known));
    }
    auto stored = checked_value(*found, value);
    if (!stored) return fail(std::move(stored.error()));
    checked.emplace_back(&*found, std::move(*stored));
  }
  for (auto& [control, value] : checked)
    if (control->type != ControlType::Button) control->value = std::move(value);
  std::vector<Control> now;
  for (const auto& [control, value] : checked) now.push_back(*control);
  return now;
}

}  // namespace lenswire::source
