#include "source/v4l2/v4l2_controls.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/videodev2.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <map>
#include <optional>

namespace lenswire::source::v4l2 {
namespace {

// A driver that never ends an enumeration must not hang us.
constexpr std::size_t kMaxControls = 1024;
constexpr std::int64_t kMaxMenuItems = 1024;
constexpr std::uint32_t kMaxTextBytes = 4096;
constexpr int kMaxEventsAtOnce = 256;

std::optional<ControlType> type_of(std::uint32_t type) noexcept {
  switch (type) {
    case V4L2_CTRL_TYPE_INTEGER:
    case V4L2_CTRL_TYPE_INTEGER64:
    case V4L2_CTRL_TYPE_BITMASK:
      return ControlType::Integer;
    case V4L2_CTRL_TYPE_BOOLEAN:
      return ControlType::Boolean;
    case V4L2_CTRL_TYPE_MENU:
    case V4L2_CTRL_TYPE_INTEGER_MENU:
      return ControlType::Menu;
    case V4L2_CTRL_TYPE_BUTTON:
      return ControlType::Button;
    case V4L2_CTRL_TYPE_STRING:
      return ControlType::Text;
    default:
      return std::nullopt;
  }
}

ControlValue value_from(ControlType type, std::int64_t raw) {
  if (type == ControlType::Boolean) return raw != 0;
  if (type == ControlType::Text) return std::string();
  return raw;
}

std::vector<MenuItem> list_menu(const OpenNode& node, const ControlEntry& entry) {
  std::vector<MenuItem> items;
  const auto last = std::min(entry.maximum, entry.minimum + kMaxMenuItems - 1);
  for (auto index = std::max<std::int64_t>(entry.minimum, 0); index <= last; ++index) {
    auto raw = zeroed<v4l2_querymenu>();
    raw.id = entry.id;
    raw.index = static_cast<std::uint32_t>(index);
    if (node.device->ioctl(VIDIOC_QUERYMENU, &raw) != 0) continue;  // menus have holes
    // The packed struct's members can't be bound to a reference.
    const std::int64_t number = raw.value;
    items.push_back(
        {index, entry.type == V4L2_CTRL_TYPE_MENU ? text_of(raw.name) : std::to_string(number)});
  }
  return items;
}

ControlEntry entry_from(const OpenNode& node, const v4l2_query_ext_ctrl& raw, ControlType type) {
  ControlEntry entry;
  entry.id = raw.id;
  entry.type = raw.type;
  entry.minimum = raw.minimum;
  entry.maximum = raw.maximum;
  // A bit mask is unsigned, whatever the 64-bit field made of it.
  if (raw.type == V4L2_CTRL_TYPE_BITMASK) {
    entry.minimum = 0;
    entry.maximum = static_cast<std::uint32_t>(raw.maximum);
  }
  entry.element_bytes = std::min(raw.elem_size, kMaxTextBytes);
  entry.readable = (raw.flags & V4L2_CTRL_FLAG_WRITE_ONLY) == 0 && type != ControlType::Button;

  auto& control = entry.control;
  control.label = text_of(raw.name);
  control.type = type;
  const auto fallback = raw.type == V4L2_CTRL_TYPE_BITMASK
                            ? std::int64_t{static_cast<std::uint32_t>(raw.default_value)}
                            : raw.default_value;
  control.default_value = value_from(type, fallback);
  control.value = control.default_value;
  control.minimum = static_cast<double>(entry.minimum);
  control.maximum = static_cast<double>(entry.maximum);
  control.step = static_cast<double>(raw.step);
  control.read_only = (raw.flags & V4L2_CTRL_FLAG_READ_ONLY) != 0;
  control.inactive = (raw.flags & (V4L2_CTRL_FLAG_INACTIVE | V4L2_CTRL_FLAG_GRABBED)) != 0;
  control.volatile_value = (raw.flags & V4L2_CTRL_FLAG_VOLATILE) != 0;
  if (type == ControlType::Menu) control.menu = list_menu(node, entry);
  return entry;
}

std::string range_of(const ControlEntry& entry) {
  switch (entry.control.type) {
    case ControlType::Boolean:
      return "0 or 1";
    case ControlType::Menu: {
      std::vector<std::string> items;
      for (const auto& item : entry.control.menu)
        items.push_back(fmt::format("{} ({})", item.index, item.name));
      return fmt::format("one of {}", fmt::join(items, ", "));
    }
    case ControlType::Text:
      return fmt::format("a text of {} to {} bytes", entry.minimum, entry.maximum);
    default:
      return fmt::format("a whole number from {} to {}", entry.minimum, entry.maximum);
  }
}

std::string text_of_value(const ControlValue& value) {
  return std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
}

// Whole numbers however they were written: JSON has only one kind of number.
std::optional<std::int64_t> whole(const ControlEntry& entry, const ControlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  if (const auto* real = std::get_if<double>(&value)) {
    if (std::trunc(*real) != *real || std::abs(*real) > 9e15) return std::nullopt;
    return static_cast<std::int64_t>(*real);
  }
  if (entry.control.type == ControlType::Menu)
    for (const auto& item : entry.control.menu)
      if (item.name == std::get<std::string>(value)) return item.index;
  return std::nullopt;
}

bool within_range(const ControlEntry& entry, std::int64_t value) {
  switch (entry.control.type) {
    case ControlType::Button:
      return true;
    case ControlType::Boolean:
      return value == 0 || value == 1;
    case ControlType::Menu:
      return std::any_of(entry.control.menu.begin(), entry.control.menu.end(),
                         [&](const MenuItem& item) { return item.index == value; });
    default:
      return value >= entry.minimum && value <= entry.maximum;
  }
}

auto find_named(auto& entries, const std::string& name) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const ControlEntry& entry) { return entry.control.name == name; });
}

// One member of a group on its way to the driver; owns the text it points to.
struct Setting {
  ControlEntry entry;
  std::int64_t number = 0;
  std::string text;

  [[nodiscard]] v4l2_ext_control raw() noexcept {
    auto out = zeroed<v4l2_ext_control>();
    out.id = entry.id;
    if (entry.control.type == ControlType::Text) {
      out.size = static_cast<std::uint32_t>(text.size() + 1);
      out.string = text.data();
    } else if (entry.type == V4L2_CTRL_TYPE_INTEGER64) {
      out.value64 = number;
    } else {
      // Bit masks fill all 32 bits.
      out.value = static_cast<std::int32_t>(static_cast<std::uint32_t>(number));
    }
    return out;
  }
};

Result<Setting> setting_from(const ControlEntry& entry, const ControlValue& value) {
  const auto& name = entry.control.name;
  if (entry.control.read_only)
    return fail(ErrorCode::PermissionDenied,
                fmt::format("control '{}' is read-only: it can't be set", name));
  const auto refused = [&] {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("control '{}' can't be {}: it takes {}", name, text_of_value(value),
                            range_of(entry)));
  };
  Setting setting{entry, 0, {}};
  if (entry.control.type == ControlType::Text) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || text->find('\0') != std::string::npos) return refused();
    const auto length = static_cast<std::int64_t>(text->size());
    if (length < entry.minimum || length > entry.maximum || text->size() >= entry.element_bytes)
      return refused();
    setting.text = *text;
    return setting;
  }
  const auto number = whole(entry, value);
  if (!number || !within_range(entry, *number)) return refused();
  setting.number = *number;
  return setting;
}

Setting setting_to_present(const ControlEntry& entry) {
  Setting setting{entry, 0, {}};
  if (const auto* text = std::get_if<std::string>(&entry.control.value))
    setting.text = *text;
  else
    setting.number = whole(entry, entry.control.value).value_or(0);
  return setting;
}

struct SetOutcome {
  int error = 0;
  std::uint32_t failed = 0;  // which one; the count when none was tried
};

SetOutcome set_together(const OpenNode& node, std::span<Setting> settings) {
  std::vector<v4l2_ext_control> raw;
  for (auto& setting : settings) raw.push_back(setting.raw());
  auto group = zeroed<v4l2_ext_controls>();
  group.which = V4L2_CTRL_WHICH_CUR_VAL;
  group.count = static_cast<std::uint32_t>(raw.size());
  group.controls = raw.data();
  const int error = node.device->ioctl(VIDIOC_S_EXT_CTRLS, &group);
  return {error, error == 0 ? group.count : std::min(group.error_idx, group.count)};
}

SetOutcome set_in_turn(const OpenNode& node, std::span<Setting> settings) {
  for (std::size_t i = 0; i < settings.size(); ++i)
    if (const auto outcome = set_together(node, settings.subspan(i, 1)); outcome.error != 0)
      return {outcome.error, static_cast<std::uint32_t>(i)};
  return {0, static_cast<std::uint32_t>(settings.size())};
}

Error refusal(const OpenNode& node, const std::string& name, int number) {
  switch (number) {
    case ENODEV:
      return node.error("setting its controls", number);
    case EBUSY:
      return {ErrorCode::Busy, fmt::format("control '{}' can't be changed now: the stream or "
                                           "another program holds it",
                                           name)};
    case EACCES:
    case EPERM:
      return {ErrorCode::PermissionDenied,
              fmt::format("control '{}' can't be set now: an automatic mode may rule it", name)};
    default:
      return {ErrorCode::InvalidArgument,
              fmt::format("{} refused control '{}' (errno {}); set it alone to see whether another "
                          "member of the group is in the way",
                          node.path, name, number)};
  }
}

}  // namespace

std::string control_name(std::string_view label) {
  std::string name;
  for (const char c : label) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter || (c >= '0' && c <= '9'))
      name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    else if (!name.empty() && name.back() != '_')
      name.push_back('_');
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name.empty() ? "control" : name;
}

std::vector<ControlEntry> list_controls(const OpenNode& node) {
  std::vector<ControlEntry> entries;
  std::map<std::string, int> uses;
  auto raw = zeroed<v4l2_query_ext_ctrl>();
  std::uint32_t last = 0;
  for (std::size_t asked = 0; asked < kMaxControls; ++asked) {
    raw = zeroed<v4l2_query_ext_ctrl>();
    raw.id = last | V4L2_CTRL_FLAG_NEXT_CTRL;
    if (node.device->ioctl(VIDIOC_QUERY_EXT_CTRL, &raw) != 0 || raw.id <= last) break;
    last = raw.id;
    const auto type = type_of(raw.type);
    if (!type || raw.nr_of_dims > 0 || (raw.flags & V4L2_CTRL_FLAG_DISABLED) != 0) continue;
    auto entry = entry_from(node, raw, *type);
    entry.control.name = control_name(entry.control.label);
    if (const int use = ++uses[entry.control.name]; use > 1)
      entry.control.name += fmt::format("_{}", use);
    entries.push_back(std::move(entry));
  }
  return entries;
}

void read_value(const OpenNode& node, ControlEntry& entry) {
  if (!entry.readable) return;
  std::string text;
  auto raw = zeroed<v4l2_ext_control>();
  raw.id = entry.id;
  if (entry.control.type == ControlType::Text) {
    text.resize(entry.element_bytes);
    raw.size = entry.element_bytes;
    raw.string = text.data();
  }
  auto group = zeroed<v4l2_ext_controls>();
  group.which = V4L2_CTRL_WHICH_CUR_VAL;
  group.count = 1;
  group.controls = &raw;
  if (node.device->ioctl(VIDIOC_G_EXT_CTRLS, &group) != 0) return;
  if (entry.control.type == ControlType::Text)
    entry.control.value = text.substr(0, text.find('\0'));
  else if (entry.type == V4L2_CTRL_TYPE_INTEGER64)
    entry.control.value = static_cast<std::int64_t>(raw.value64);
  else if (entry.type == V4L2_CTRL_TYPE_BITMASK)
    entry.control.value = std::int64_t{static_cast<std::uint32_t>(raw.value)};
  else
    entry.control.value = value_from(entry.control.type, raw.value);
}

void refresh(const OpenNode& node, ControlEntry& entry) {
  auto raw = zeroed<v4l2_query_ext_ctrl>();
  raw.id = entry.id;
  if (node.device->ioctl(VIDIOC_QUERY_EXT_CTRL, &raw) != 0) return;
  auto name = std::move(entry.control.name);
  entry = entry_from(node, raw, entry.control.type);
  entry.control.name = std::move(name);
  read_value(node, entry);
}

Result<std::vector<Control>> read_controls(const OpenNode& node) {
  std::vector<Control> controls;
  for (auto& entry : list_controls(node)) {
    read_value(node, entry);
    controls.push_back(std::move(entry.control));
  }
  if (controls.empty() && !node.alive()) return fail(node.error("reading its controls", ENODEV));
  return controls;
}

Result<std::vector<Control>> apply_controls(const OpenNode& node, const ControlSettings& settings) {
  const auto entries = list_controls(node);
  if (entries.empty() && !node.alive()) return fail(node.error("setting its controls", ENODEV));
  std::vector<Setting> group;
  std::vector<Setting> before;
  for (const auto& [name, value] : settings) {
    const auto found = find_named(entries, name);
    if (found == entries.end())
      return fail(ErrorCode::NotFound,
                  fmt::format("{} has no control '{}'; `lenswire get` lists those it has",
                              node.path, name));
    auto setting = setting_from(*found, value);
    if (!setting) return fail(setting.error());
    group.push_back(std::move(*setting));
    auto entry = *found;
    read_value(node, entry);
    before.push_back(setting_to_present(entry));
  }
  if (group.empty()) return std::vector<Control>{};

  auto outcome = set_together(node, group);
  // Refused as a whole: the driver takes no groups, or does not say which member it minds.
  if (outcome.error != 0 && outcome.error != ENODEV && outcome.failed == group.size() &&
      group.size() > 1)
    outcome = set_in_turn(node, group);
  if (outcome.error != 0) {
    const auto applied = outcome.failed == group.size() ? 0 : outcome.failed;
    for (std::uint32_t i = applied; i-- > 0;)
      if (before[i].entry.readable) [[maybe_unused]]
        const auto undone = set_together(node, std::span(&before[i], 1));
    const auto& culprit = group[outcome.failed == group.size() ? 0 : outcome.failed];
    return fail(refusal(node, culprit.entry.control.name, outcome.error));
  }

  std::vector<Control> answer;
  // Listed anew: setting one control may have changed the range or the state of another.
  auto present = list_controls(node);
  for (const auto& [name, value] : settings) {
    const auto found = find_named(present, name);
    if (found == present.end()) continue;
    read_value(node, *found);
    answer.push_back(std::move(found->control));
    present.erase(found);
  }
  return answer;
}

void subscribe_events(const OpenNode& node, std::span<const ControlEntry> entries) {
  auto subscription = zeroed<v4l2_event_subscription>();
  subscription.type = V4L2_EVENT_SOURCE_CHANGE;
  [[maybe_unused]] int ignored = node.device->ioctl(VIDIOC_SUBSCRIBE_EVENT, &subscription);
  for (const auto& entry : entries) {
    subscription = zeroed<v4l2_event_subscription>();
    subscription.type = V4L2_EVENT_CTRL;
    subscription.id = entry.id;
    // Our own settings come through the same descriptor and are news to everybody else.
    subscription.flags = V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK;
    ignored = node.device->ioctl(VIDIOC_SUBSCRIBE_EVENT, &subscription);
  }
}

Changes take_events(const OpenNode& node) {
  Changes changes;
  for (int i = 0; i < kMaxEventsAtOnce; ++i) {
    auto event = zeroed<v4l2_event>();
    if (node.device->ioctl(VIDIOC_DQEVENT, &event) != 0) break;
    if (event.type == V4L2_EVENT_SOURCE_CHANGE) changes.source = true;
    if (event.type != V4L2_EVENT_CTRL) continue;
    if (std::find(changes.control_ids.begin(), changes.control_ids.end(), event.id) ==
        changes.control_ids.end())
      changes.control_ids.push_back(event.id);
  }
  return changes;
}

}  // namespace lenswire::source::v4l2
