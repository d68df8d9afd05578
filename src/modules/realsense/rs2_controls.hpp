// rs2_controls.hpp - the options of a camera's parts as controls.
#pragma once

#include <string>
#include <vector>

#include <lenswire/control.hpp>

#include "modules/realsense/rs2_library.hpp"

namespace lenswire::realsense {

/// "Enable Auto Exposure" -> "enable_auto_exposure".
[[nodiscard]] std::string snake_case(std::string_view label);

/// One part of a camera ("Stereo Module") and what its controls begin with ("depth").
struct OptionOwner {
  rs2_sensor* sensor = nullptr;
  std::string prefix;
};

/// An option and who has it.
struct OptionControl {
  Control control;
  rs2_sensor* sensor = nullptr;
  Option option = 0;
};

/// All options of all parts with their present values. An option that can't be read at the moment
/// is inactive and has its default value.
[[nodiscard]] std::vector<OptionControl> read_options(const Library& library,
                                                      const std::vector<OptionOwner>& owners);

/// Checks the whole group, then sets it in order, and reads the named ones back.
/// Errors: as source::ControlBank::set(); those of the library, with the option's name.
Result<std::vector<Control>> set_options(const Library& library,
                                         const std::vector<OptionOwner>& owners,
                                         const ControlSettings& settings);

}  // namespace lenswire::realsense
