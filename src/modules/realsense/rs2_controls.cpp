#include "modules/realsense/rs2_controls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "source/control_bank.hpp"

namespace lenswire::realsense {
namespace {

constexpr int kMaxMenuItems = 64;

const rs2_options* options_of(const rs2_sensor* sensor) {
  return reinterpret_cast<const rs2_options*>(sensor);
}

bool is_whole(float value) noexcept { return std::floor(value) == value; }

struct Range {
  float low = 0;
  float high = 0;
  float step = 0;
  float standard = 0;
};

std::vector<MenuItem> menu_of(const Library& library, const rs2_options* options, Option option,
                              const Range& range) {
  std::vector<MenuItem> items;
  if (range.step != 1 || !is_whole(range.low) || range.high - range.low >= kMaxMenuItems) return {};
  for (float value = range.low; value <= range.high; ++value) {
    const auto name = library.call(&Api::get_option_value_description, options, option, value);
    if (name && *name != nullptr) items.push_back({static_cast<std::int64_t>(value), *name});
  }
  return items;
}

ControlValue value_of(ControlType type, float value) {
  switch (type) {
    case ControlType::Boolean:
      return value != 0;
    case ControlType::Real:
      return static_cast<double>(value);
    default:
      return static_cast<std::int64_t>(std::lround(value));
  }
}

float raw_of(const ControlValue& value) {
  return std::visit(
      [](const auto& v) -> float {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
          return 0;
        else
          return static_cast<float>(v);
      },
      value);
}

std::optional<OptionControl> read_option(const Library& library, const OptionOwner& owner,
                                         Option option) {
  const auto* options = options_of(owner.sensor);
  if (library.call(&Api::supports_option, options, option).value_or(0) == 0) return std::nullopt;
  const auto label = library.call(&Api::get_option_name, options, option);
  Range range;
  const auto ranged = library.call(&Api::get_option_range, options, option, &range.low, &range.high,
                                   &range.step, &range.standard);
  if (!label || *label == nullptr || !ranged) return std::nullopt;

  OptionControl out{.control = {}, .sensor = owner.sensor, .option = option};
  auto& control = out.control;
  control.label = *label;
  control.name = fmt::format("{}_{}", owner.prefix, snake_case(*label));
  control.minimum = static_cast<double>(range.low);
  control.maximum = static_cast<double>(range.high);
  control.step = static_cast<double>(range.step);
  control.menu = menu_of(library, options, option, range);
  if (control.menu.empty() || (range.low == 0 && range.high == 1)) control.menu.clear();
  if (range.low == 0 && range.high == 1 && range.step == 1)
    control.type = ControlType::Boolean;
  else if (!control.menu.empty())
    control.type = ControlType::Menu;
  else
    control.type = is_whole(range.low) && is_whole(range.step) && range.step >= 1
                       ? ControlType::Integer
                       : ControlType::Real;
  control.default_value = value_of(control.type, range.standard);
  control.read_only = library.call(&Api::is_option_read_only, options, option).value_or(0) != 0;
  // Temperatures and the like.
  control.volatile_value = control.read_only;
  const auto value = library.call(&Api::get_option, options, option);
  control.inactive = !value;
  control.value = value ? value_of(control.type, *value) : control.default_value;
  return out;
}

}  // namespace

std::string snake_case(std::string_view label) {
  std::string out;
  for (const char c : label) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool is_capital = c >= 'A' && c <= 'Z';
    if (is_letter || is_capital)
      out += is_capital ? static_cast<char>(c - 'A' + 'a') : c;
    else if (!out.empty() && out.back() != '_')
      out += '_';
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

std::vector<OptionControl> read_options(const Library& library,
                                        const std::vector<OptionOwner>& owners) {
  std::vector<OptionControl> out;
  for (const auto& owner : owners) {
    const auto list =
        library.make(&Api::get_options_list, &Api::delete_options_list, options_of(owner.sensor));
    if (!list) continue;
    const int count = library.call(&Api::get_options_list_size, list->get()).value_or(0);
    for (int i = 0; i < count; ++i) {
      const auto option = library.call(&Api::get_option_from_list, list->get(), i);
      if (!option) continue;
      if (auto entry = read_option(library, owner, *option)) out.push_back(std::move(*entry));
    }
  }
  return out;
}

Result<std::vector<Control>> set_options(const Library& library,
                                         const std::vector<OptionOwner>& owners,
                                         const ControlSettings& settings) {
  const auto entries = read_options(library, owners);
  std::vector<Control> controls;
  for (const auto& entry : entries) controls.push_back(entry.control);
  // Finds the mistakes of the group before the camera sees any of it.
  source::ControlBank bank(std::move(controls));
  if (const auto checked = bank.set(settings); !checked) return fail(checked.error());

  const auto entry_of = [&](const std::string& name) -> const OptionControl& {
    return *std::find_if(entries.begin(), entries.end(),
                         [&](const auto& entry) { return entry.control.name == name; });
  };
  for (const auto& [name, wanted] : settings) {
    const auto& entry = entry_of(name);
    const auto value = source::checked_value(entry.control, wanted);
    if (!value) return fail(value.error());
    const auto set =
        library.call(&Api::set_option, options_of(entry.sensor), entry.option, raw_of(*value));
    if (!set) return fail(set.error().code, fmt::format("{}: {}", name, set.error().message));
  }
  std::vector<Control> out;
  for (const auto& [name, wanted] : settings) {
    const auto& entry = entry_of(name);
    const auto* owner = &*std::find_if(owners.begin(), owners.end(),
                                       [&](const auto& o) { return o.sensor == entry.sensor; });
    if (auto now = read_option(library, *owner, entry.option))
      out.push_back(std::move(now->control));
  }
  return out;
}

}  // namespace lenswire::realsense
