// v4l2_controls.hpp - the camera's controls: listing, reading, setting as a group, events.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/control.hpp>
#include <lenswire/result.hpp>

#include "source/v4l2/v4l2_node.hpp"

namespace lenswire::source::v4l2 {

/// A control as lenswire shows it, with what V4L2 needs to reach it.
struct ControlEntry {
  Control control;
  std::uint32_t id = 0;
  std::uint32_t type = 0;  ///< V4L2_CTRL_TYPE_...
  std::int64_t minimum = 0;
  std::int64_t maximum = 0;
  std::uint32_t element_bytes = 0;
  bool readable = true;
};

/// "White Balance Temperature, Auto" -> "white_balance_temperature_auto".
[[nodiscard]] std::string control_name(std::string_view label);

/// All scalar controls with ranges and menus, without their values. Names are unique: the second
/// "gain" is "gain_2". Arrays and controls that the driver disabled are left out.
[[nodiscard]] std::vector<ControlEntry> list_controls(const OpenNode& node);

/// Reads the present value; leaves the default where it can't be read.
void read_value(const OpenNode& node, ControlEntry& entry);

/// Asks for the control's value anew, and for its range and state, which change along with others'.
void refresh(const OpenNode& node, ControlEntry& entry);

/// list_controls() with their values.
/// Errors: Disconnected.
Result<std::vector<Control>> read_controls(const OpenNode& node);

/// Applies the group in one call, in order, and reads back the controls it names. When one is
/// refused, those before it get their old values again.
/// Errors: those of Source::set_controls(), naming the control and its range.
Result<std::vector<Control>> apply_controls(const OpenNode& node, const ControlSettings& settings);

/// Subscribes to changes of these controls and of the picture itself (a video input that changes
/// its size). Drivers without events are left alone.
void subscribe_events(const OpenNode& node, std::span<const ControlEntry> entries);

/// What the pending events say.
struct Changes {
  std::vector<std::uint32_t> control_ids;
  bool source = false;  ///< the format must be negotiated again
};
[[nodiscard]] Changes take_events(const OpenNode& node);

}  // namespace lenswire::source::v4l2
