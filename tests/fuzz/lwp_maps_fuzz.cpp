// Profiles, controls, cameras and settings from CBOR, and from JSON as PATCH brings it. What was
// understood must survive being written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "client/reply_maps.hpp"
#include "wire/depth_limit.hpp"
#include "wire/lwp/decode.hpp"
#include "wire/maps.hpp"

namespace wire = lenswire::wire;

namespace {

void read(const nlohmann::json& map) {
  if (const auto profile = wire::profile_from_map(map)) {
    const auto again = wire::profile_from_map(wire::to_map(profile->profile, profile->version));
    if (!again || again->profile != profile->profile) std::abort();
  }
  if (const auto control = wire::control_from_map(map)) {
    const auto again = wire::control_from_map(wire::to_map(*control));
    if (!again || again->value != control->value) std::abort();
  }
  (void)wire::settings_from_map(map);
  (void)lenswire::client::camera_from_map(map);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto map = wire::lwp::decode_map(bytes)) read(*map);
  if (const auto map = wire::parse_json_object({reinterpret_cast<const char*>(data), size}))
    read(*map);
  return 0;
}
