// maps.hpp - profiles, controls and cameras as the maps of docs/protocol.md, section 5: CBOR in the
// native protocol, JSON over HTTP.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <lenswire/control.hpp>
#include <lenswire/result.hpp>
#include <lenswire/stream_profile.hpp>
#include <nlohmann/json_fwd.hpp>

namespace lenswire::wire {

[[nodiscard]] nlohmann::json to_map(const StreamProfile& profile, std::uint32_t version);

struct VersionedProfile {
  StreamProfile profile;
  std::uint32_t version = 0;
};
/// Errors: InvalidArgument, naming the key that is missing or wrong.
Result<VersionedProfile> profile_from_map(const nlohmann::json& map);

[[nodiscard]] nlohmann::json to_map(const Control& control);
[[nodiscard]] nlohmann::json to_map(const std::vector<Control>& controls);
Result<Control> control_from_map(const nlohmann::json& map);
Result<std::vector<Control>> controls_from_map(const nlohmann::json& list);

[[nodiscard]] nlohmann::json to_map(const ControlValue& value);
Result<ControlValue> control_value_from_map(const nlohmann::json& value);

/// A map name -> value, at most 64 of them.
Result<ControlSettings> settings_from_map(const nlohmann::json& map);

}  // namespace lenswire::wire
