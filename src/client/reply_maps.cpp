#include "client/reply_maps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "wire/maps.hpp"

namespace lenswire::client {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxCounters = 64;

auto broken(std::string what) { return fail(ErrorCode::InvalidArgument, std::move(what)); }

const json* find(const json& map, const char* key) noexcept {
  if (!map.is_object()) return nullptr;
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &*found;
}

std::uint64_t count_of(const json& map, const char* key) noexcept {
  const auto* value = find(map, key);
  return value && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

std::string_view policy_name(DeliveryPolicy policy) noexcept {
  switch (policy) {
    case DeliveryPolicy::Latest:
      return "latest";
    case DeliveryPolicy::Every:
      return "every";
    case DeliveryPolicy::Pull:
      return "pull";
  }
  return "latest";
}

Result<StreamInfo> stream_from_map(const json& map) {
  auto profile = wire::profile_from_map(map);
  if (!profile) return fail(std::move(profile).error());
  StreamInfo stream;
  stream.profile = std::make_shared<const StreamProfile>(std::move(profile->profile));
  stream.profile_version = profile->version;
  stream.measured_hz = number_of(map, "measured_hz");
  stream.sequence = count_of(map, "sequence");
  stream.clients = count_of(map, "clients");
  stream.encodes = count_of(map, "encodes");
  if (const auto* derived = find(map, "derived"))
    stream.derived = derived->is_boolean() && derived->get<bool>();
  return stream;
}

}  // namespace

std::int64_t integer_of(const json& map, const char* key, std::int64_t fallback) noexcept {
  const auto* value = find(map, key);
  if (!value || !value->is_number_integer()) return fallback;
  if (value->is_number_unsigned() &&
      value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return fallback;
  return value->get<std::int64_t>();
}

std::string text_of(const json& map, const char* key) {
  const auto* value = find(map, key);
  if (!value || !value->is_string()) return {};
  const auto& text = value->get_ref<const std::string&>();
  return text.substr(0, kMaxTextBytes);
}

double number_of(const json& map, const char* key) noexcept {
  const auto* value = find(map, key);
  const double number = value && value->is_number() ? value->get<double>() : 0;
  return std::isfinite(number) ? number : 0;
}

Error error_of(const json& map, ErrorCode fallback) {
  const auto code = text_of(map, "error");
  auto message = text_of(map, "message");
  if (message.empty()) message = "the server gave no reason";
  return {code.empty() ? fallback : error_code_from_string(code), std::move(message)};
}

Result<CameraInfo> camera_from_map(const json& map) {
  if (!map.is_object()) return broken("a camera of the server's list is no map");
  CameraInfo camera;
  camera.name = text_of(map, "name");
  if (camera.name.empty()) return broken("a camera of the server's list has no name");
  camera.uri = text_of(map, "uri");
  camera.model = text_of(map, "model");
  camera.serial = text_of(map, "serial");
  camera.bus = text_of(map, "bus");
  camera.state = text_of(map, "state");
  camera.reason = text_of(map, "reason");
  camera.since_s = number_of(map, "since_s");
  if (const auto* streams = find(map, "streams")) {
    if (!streams->is_array())
      return broken(fmt::format("camera '{}': streams is no list", camera.name));
    for (const auto& entry : *streams) {
      auto stream = stream_from_map(entry);
      if (!stream)
        return broken(fmt::format("camera '{}': {}", camera.name, stream.error().message));
      camera.streams.push_back(std::move(*stream));
    }
  }
  if (const auto* counters = find(map, "counters"); counters && counters->is_object()) {
    for (const auto& [name, value] : counters->items())
      if (value.is_number_unsigned() && camera.counters.size() < kMaxCounters)
        camera.counters.emplace_back(name, value.get<std::uint64_t>());
  }
  return camera;
}

Result<std::vector<CameraInfo>> cameras_from_map(const json& list) {
  if (!list.is_array()) return broken("the server's list of cameras is no list");
  std::vector<CameraInfo> out;
  for (const auto& entry : list) {
    auto camera = camera_from_map(entry);
    if (!camera) return fail(std::move(camera).error());
    out.push_back(std::move(*camera));
  }
  return out;
}

json to_map(const CameraInfo& camera) {
  auto streams = json::array();
  for (const auto& stream : camera.streams) {
    auto map = wire::to_map(*stream.profile, stream.profile_version);
    map["measured_hz"] = stream.measured_hz;
    map["sequence"] = stream.sequence;
    map["clients"] = stream.clients;
    map["encodes"] = stream.encodes;
    if (stream.derived) map["derived"] = true;
    streams.push_back(std::move(map));
  }
  auto counters = json::object();
  for (const auto& [name, value] : camera.counters) counters[name] = value;
  return {{"name", camera.name},
          {"uri", camera.uri},
          {"model", camera.model},
          {"serial", camera.serial},
          {"bus", camera.bus},
          {"state", camera.state},
          {"reason", camera.reason},
          {"since_s", camera.since_s},
          {"streams", std::move(streams)},
          {"counters", std::move(counters)}};
}

json subscribe_request(const SubscribeSettings& settings) {
  json map = {{"op", "subscribe"},
              {"camera", settings.camera},
              {"stream", settings.stream},
              {"codec", settings.codec},
              {"policy", policy_name(settings.policy)},
              {"queue_frames", settings.queue_frames},
              {"window_frames", settings.window_frames},
              {"quality", settings.quality}};
  if (settings.rate_hz > 0) map["rate_hz"] = settings.rate_hz;
  if (settings.scale < 1) map["scale"] = settings.scale;
  if (!settings.filter.empty()) map["filter"] = settings.filter;
  if (const auto& r = settings.region) map["region"] = {r->x, r->y, r->width, r->height};
  if (settings.depth_min_m) map["depth_min_m"] = *settings.depth_min_m;
  if (settings.depth_max_m) map["depth_max_m"] = *settings.depth_max_m;
  if (settings.window_bytes) map["window_bytes"] = *settings.window_bytes;
  return map;
}

Result<void> check(const SubscribeSettings& s) {
  const auto bad = [](std::string_view name, std::string_view range) {
    return broken(fmt::format("{} must be {}", name, range));
  };
  if (s.camera.empty() || s.stream.empty()) return bad("camera and stream", "given");
  if (s.quality < 1 || s.quality > 100) return bad("quality", "from 1 to 100");
  if (!(s.rate_hz >= 0) || !std::isfinite(s.rate_hz))
    return bad("rate", "0 or more frames a second");
  if (!(s.scale > 0 && s.scale <= 1)) return bad("scale", "above 0 and at most 1");
  if (s.region && (s.region->width == 0 || s.region->height == 0))
    return bad("the region", "at least one pixel wide and high");
  if (s.queue_frames < 1 || s.queue_frames > 64) return bad("queue_frames", "from 1 to 64");
  if (s.window_frames < 1 || s.window_frames > 64) return bad("window_frames", "from 1 to 64");
  for (const auto& limit : {s.depth_min_m, s.depth_max_m})
    if (limit && !(*limit >= 0 && std::isfinite(*limit)))
      return bad("a depth limit", "0 or more metres");
  return {};
}

Result<std::optional<ClientEvent>> camera_event_from_map(const json& map) {
  ClientEvent event;
  const auto kind = text_of(map, "event");
  event.camera = text_of(map, "camera");
  if (kind == "camera_state") {
    event.kind = ClientEvent::Kind::CameraState;
    event.state = text_of(map, "state");
    event.reason = text_of(map, "reason");
    return event;
  }
  if (kind == "camera_opened") {
    event.kind = ClientEvent::Kind::CameraOpened;
    const auto* camera = find(map, "camera");
    auto parsed = camera_from_map(camera ? *camera : json());
    if (!parsed) return fail(std::move(parsed).error());
    event.camera = parsed->name;
    event.camera_info = std::move(*parsed);
    return event;
  }
  if (kind == "controls") {
    event.kind = ClientEvent::Kind::Controls;
    const auto* controls = find(map, "controls");
    auto parsed = wire::controls_from_map(controls ? *controls : json());
    if (!parsed) return fail(std::move(parsed).error());
    event.controls = std::move(*parsed);
    return event;
  }
  return std::nullopt;
}

}  // namespace lenswire::client
