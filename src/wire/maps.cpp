#include "wire/maps.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

namespace lenswire::wire {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxSettings = 64;
constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::uint32_t kMaxSide = 65535;

constexpr std::array kKinds = {StreamKind::Color,  StreamKind::Depth,    StreamKind::Infrared,
                               StreamKind::Points, StreamKind::Skeleton, StreamKind::Motion};
constexpr std::array kModels = {DistortionModel::None, DistortionModel::BrownConrady,
                                DistortionModel::InverseBrownConrady,
                                DistortionModel::KannalaBrandt4};
constexpr std::array kTypes = {ControlType::Integer, ControlType::Boolean, ControlType::Menu,
                               ControlType::Button,  ControlType::Real,    ControlType::Text};

// Reads keys of a map; remembers the first that is missing or wrong.
class MapReader {
 public:
  explicit MapReader(const json& map) : map_(map) {
    if (!map.is_object()) bad_ = "map";
  }

  [[nodiscard]] bool has(const char* key) const { return map_.is_object() && map_.contains(key); }

  std::string text(const char* key) {
    const auto* value = find(key);
    if (!value || !value->is_string()) return wrong<std::string>(key);
    auto text = value->get<std::string>();
    return text.size() <= kMaxTextBytes ? text : wrong<std::string>(key);
  }
  std::uint32_t u32(const char* key, std::uint32_t low, std::uint32_t high) {
    const auto* value = find(key);
    if (!value || !value->is_number_integer()) return wrong<std::uint32_t>(key);
    const auto number = value->is_number_unsigned()
                            ? value->get<std::uint64_t>()
                            : static_cast<std::uint64_t>(value->get<std::int64_t>());
    return number >= low && number <= high ? static_cast<std::uint32_t>(number)
                                           : wrong<std::uint32_t>(key);
  }
  double number(const char* key) {
    const auto* value = find(key);
    if (!value || !value->is_number()) return wrong<double>(key);
    const auto number = value->get<double>();
    return std::isfinite(number) ? number : wrong<double>(key);
  }
  bool flag(const char* key) {
    const auto* value = find(key);
    return value && value->is_boolean() ? value->get<bool>() : false;
  }
  template <std::size_t N>
  std::array<double, N> numbers(const char* key) {
    std::array<double, N> out{};
    const auto* list = find(key);
    if (!list || !list->is_array() || list->size() != N) return wrong<std::array<double, N>>(key);
    for (std::size_t i = 0; i < N; ++i) {
      const auto& item = (*list)[i];
      if (!item.is_number() || !std::isfinite(item.get<double>()))
        return wrong<std::array<double, N>>(key);
      out.at(i) = item.get<double>();
    }
    return out;
  }
  template <typename Enum, std::size_t N>
  Enum named(const char* key, const std::array<Enum, N>& values) {
    const auto name = text(key);
    for (const auto value : values)
      if (to_string(value) == name) return value;
    return wrong<Enum>(key);
  }
  const json& child(const char* key) {
    const auto* value = find(key);
    static const json null;
    return value ? *value : null;
  }
  void wrong_key(const std::string& key) {
    if (bad_.empty()) bad_ = key;
  }

  [[nodiscard]] bool ok() const { return bad_.empty(); }
  [[nodiscard]] Error error(const char* what) const {
    return {ErrorCode::InvalidArgument,
            fmt::format("{}: key '{}' is missing or has a wrong value", what, bad_)};
  }

 private:
  const json* find(const char* key) const {
    if (!map_.is_object()) return nullptr;
    const auto found = map_.find(key);
    return found == map_.end() ? nullptr : &*found;
  }
  template <typename T>
  T wrong(const char* key) {
    wrong_key(key);
    return T{};
  }

  const json& map_;
  std::string bad_;
};

}  // namespace

json to_map(const StreamProfile& profile, std::uint32_t version) {
  json map = {{"version", version},
              {"stream", profile.stream},
              {"kind", to_string(profile.kind)},
              {"format", to_string(profile.format)},
              {"width", profile.width},
              {"height", profile.height},
              {"rate_hz", profile.rate_hz},
              {"calibration_version", fmt::format("{:016x}", calibration_version(profile))}};
  if (profile.kind == StreamKind::Depth) map["depth_unit_m"] = profile.depth_unit_m;
  if (const auto& camera = profile.intrinsics)
    map["intrinsics"] = {{"width", camera->width},
                         {"height", camera->height},
                         {"fx", camera->fx},
                         {"fy", camera->fy},
                         {"cx", camera->cx},
                         {"cy", camera->cy},
                         {"model", to_string(camera->model)},
                         {"distortion", camera->distortion}};
  if (const auto& pose = profile.reference_from_stream)
    map["reference_from_stream"] = {{"rotation", pose->rotation},
                                    {"translation_m", pose->translation_m}};
  return map;
}

Result<VersionedProfile> profile_from_map(const json& map) {
  MapReader reader(map);
  VersionedProfile out;
  auto& profile = out.profile;
  out.version = reader.u32("version", 0, UINT32_MAX);
  profile.stream = reader.text("stream");
  profile.kind = reader.named("kind", kKinds);
  const auto format = pixel_format_from_string(reader.text("format"));
  if (!format) reader.wrong_key("format");
  profile.format = format.value_or(PixelFormat::Z16);
  profile.width = reader.u32("width", 1, kMaxSide);
  profile.height = reader.u32("height", 1, kMaxSide);
  profile.rate_hz = reader.number("rate_hz");
  if (reader.has("depth_unit_m")) profile.depth_unit_m = reader.number("depth_unit_m");
  if (reader.has("intrinsics")) {
    MapReader inner(reader.child("intrinsics"));
    Intrinsics camera;
    camera.width = inner.u32("width", 1, kMaxSide);
    camera.height = inner.u32("height", 1, kMaxSide);
    camera.fx = inner.number("fx");
    camera.fy = inner.number("fy");
    camera.cx = inner.number("cx");
    camera.cy = inner.number("cy");
    camera.model = inner.named("model", kModels);
    camera.distortion = inner.numbers<8>("distortion");
    if (!inner.ok()) return fail(inner.error("profile, intrinsics"));
    profile.intrinsics = camera;
  }
  if (reader.has("reference_from_stream")) {
    MapReader inner(reader.child("reference_from_stream"));
    Extrinsics pose;
    pose.rotation = inner.numbers<9>("rotation");
    pose.translation_m = inner.numbers<3>("translation_m");
    if (!inner.ok()) return fail(inner.error("profile, reference_from_stream"));
    profile.reference_from_stream = pose;
  }
  if (!reader.ok()) return fail(reader.error("profile"));
  return out;
}

json to_map(const ControlValue& value) {
  return std::visit([](const auto& v) { return json(v); }, value);
}

Result<ControlValue> control_value_from_map(const json& value) {
  if (value.is_boolean()) return ControlValue(value.get<bool>());
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > static_cast<std::uint64_t>(INT64_MAX))
      return fail(ErrorCode::InvalidArgument, "a control value is larger than 2^63 - 1");
    return ControlValue(static_cast<std::int64_t>(number));
  }
  if (value.is_number_integer()) return ControlValue(value.get<std::int64_t>());
  if (value.is_number_float() && std::isfinite(value.get<double>()))
    return ControlValue(value.get<double>());
  if (value.is_string() && value.get_ref<const std::string&>().size() <= kMaxTextBytes)
    return ControlValue(value.get<std::string>());
  return fail(ErrorCode::InvalidArgument,
              "a control value is a number, true, false or a text of at most 4096 bytes");
}

json to_map(const Control& control) {
  json map = {{"name", control.name},
              {"label", control.label},
              {"type", to_string(control.type)},
              {"value", to_map(control.value)},
              {"default", to_map(control.default_value)},
              {"minimum", control.minimum},
              {"maximum", control.maximum},
              {"step", control.step},
              {"read_only", control.read_only},
              {"inactive", control.inactive},
              {"volatile", control.volatile_value}};
  if (!control.menu.empty()) {
    auto& menu = map["menu"] = json::array();
    for (const auto& item : control.menu)
      menu.push_back({{"index", item.index}, {"name", item.name}});
  }
  return map;
}

json to_map(const std::vector<Control>& controls) {
  auto list = json::array();
  for (const auto& control : controls) list.push_back(to_map(control));
  return list;
}

Result<Control> control_from_map(const json& map) {
  MapReader reader(map);
  Control control;
  control.name = reader.text("name");
  control.label = reader.text("label");
  control.type = reader.named("type", kTypes);
  control.minimum = reader.number("minimum");
  control.maximum = reader.number("maximum");
  control.step = reader.number("step");
  control.read_only = reader.flag("read_only");
  control.inactive = reader.flag("inactive");
  control.volatile_value = reader.flag("volatile");
  if (!reader.ok()) return fail(reader.error("control"));
  auto value = control_value_from_map(reader.child("value"));
  if (!value) return fail(std::move(value).error());
  control.value = std::move(*value);
  auto default_value = control_value_from_map(reader.child("default"));
  if (!default_value) return fail(std::move(default_value).error());
  control.default_value = std::move(*default_value);
  if (reader.has("menu")) {
    const auto& menu = reader.child("menu");
    if (!menu.is_array()) return fail(ErrorCode::InvalidArgument, "control: menu is no list");
    for (const auto& entry : menu) {
      MapReader inner(entry);
      MenuItem item;
      item.name = inner.text("name");
      const auto& index = inner.child("index");
      if (!index.is_number_integer()) inner.wrong_key("index");
      if (!inner.ok()) return fail(inner.error("control menu"));
      item.index = index.get<std::int64_t>();
      control.menu.push_back(std::move(item));
    }
  }
  return control;
}

Result<std::vector<Control>> controls_from_map(const json& list) {
  if (!list.is_array()) return fail(ErrorCode::InvalidArgument, "controls: not a list");
  std::vector<Control> out;
  for (const auto& map : list) {
    auto control = control_from_map(map);
    if (!control) return fail(std::move(control).error());
    out.push_back(std::move(*control));
  }
  return out;
}

Result<ControlSettings> settings_from_map(const json& map) {
  if (!map.is_object() || map.empty() || map.size() > kMaxSettings)
    return fail(ErrorCode::InvalidArgument,
                "settings: expected a map of 1 to 64 control names and values");
  ControlSettings settings;
  for (const auto& [name, value] : map.items()) {
    auto parsed = control_value_from_map(value);
    if (!parsed)
      return fail(parsed.error().code, fmt::format("{}: {}", name, parsed.error().message));
    settings.emplace_back(name, std::move(*parsed));
  }
  return settings;
}

}  // namespace lenswire::wire
