#include "wire/calibration/calibration_map.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "wire/maps.hpp"

namespace lenswire::wire {
namespace {

using nlohmann::json;

constexpr const char* kKeys[] = {"intrinsics", "reference_from_stream", "depth_unit_m"};

}  // namespace

json to_map(const StreamCalibration& calibration) {
  StreamProfile profile;
  profile.kind = StreamKind::Depth;
  profile.intrinsics = calibration.intrinsics;
  profile.reference_from_stream = calibration.reference_from_stream;
  profile.depth_unit_m = calibration.depth_unit_m.value_or(0);
  const auto full = to_map(profile, 0);
  auto out = json::object();
  for (const auto* key : kKeys)
    if (full.contains(key)) out[key] = full[key];
  if (!calibration.depth_unit_m) out.erase("depth_unit_m");
  return out;
}

json calibration_map(std::string_view camera, const StreamProfile& profile) {
  auto map = to_map(calibration_of(profile));
  map["camera"] = camera;
  map["stream"] = profile.stream;
  map["width"] = profile.width;
  map["height"] = profile.height;
  map["calibration_version"] = fmt::format("{:016x}", calibration_version(profile));
  return map;
}

Result<StreamCalibration> calibration_from_map(const json& map) {
  if (!map.is_object())
    return fail(ErrorCode::InvalidArgument, "calibration: expected a map with intrinsics");
  // A profile around it, so that there is one reader of these maps.
  json full = {{"version", 0},    {"stream", "calibration"},
               {"kind", "depth"}, {"format", "z16"},
               {"width", 1},      {"height", 1},
               {"rate_hz", 0}};
  for (const auto* key : kKeys)
    if (const auto found = map.find(key); found != map.end() && !found->is_null())
      full[key] = *found;
  const auto parsed = profile_from_map(full);
  if (!parsed) return fail(parsed.error());
  StreamCalibration out;
  out.intrinsics = parsed->profile.intrinsics;
  out.reference_from_stream = parsed->profile.reference_from_stream;
  // 0 is how colour says that it has none.
  if (parsed->profile.depth_unit_m != 0) out.depth_unit_m = parsed->profile.depth_unit_m;
  if (auto ok = check_calibration(out); !ok) return fail(std::move(ok).error());
  return out;
}

StreamCalibration calibration_of(const StreamProfile& profile) {
  StreamCalibration out{profile.intrinsics, profile.reference_from_stream, std::nullopt};
  if (profile.kind == StreamKind::Depth && profile.depth_unit_m > 0)
    out.depth_unit_m = profile.depth_unit_m;
  return out;
}

}  // namespace lenswire::wire
