#include "server/http_api.hpp"

#include <fmt/format.h>

#include <array>

#include <nlohmann/json.hpp>

#include "server/door.hpp"
#include "server/embedded_files.hpp"
#include "server/metrics.hpp"
#include "server/openapi.hpp"
#include "server/profile_request.hpp"
#include "server/version.hpp"
#include "wire/depth_limit.hpp"
#include "wire/maps.hpp"

namespace lenswire::server {
namespace {

using nlohmann::json;

HttpAnswer json_answer(const json& body) {
  // Names from devices may hold broken UTF-8; it is replaced, never thrown on.
  return {
      200, "application/json", body.dump(2, ' ', false, json::error_handler_t::replace) + "\n", {}};
}

int status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return 400;
    case ErrorCode::NotFound:
      return 404;
    case ErrorCode::Unsupported:
      return 422;
    case ErrorCode::Busy:
      return 503;
    case ErrorCode::PermissionDenied:
      return 403;
    case ErrorCode::Disconnected:
      return 503;
    case ErrorCode::Timeout:
      return 504;
    case ErrorCode::Closed:
      return 503;
    case ErrorCode::Truncated:
      return 400;
    case ErrorCode::VersionMismatch:
      return 400;
  }
  return 500;
}

HttpOutcome get_health(RouteContext& context) {
  for (const auto& camera : context.services.cameras) {
    const auto state = camera->status().state;
    if (state == source::SourceState::Absent || state == source::SourceState::Stalled ||
        state == source::SourceState::Failed)
      return HttpAnswer{503, "text/plain", "degraded\n", {}};
  }
  return HttpAnswer{200, "text/plain", "ok\n", {}};
}

HttpOutcome get_metrics(RouteContext& context) {
  return HttpAnswer{
      200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(context.services), {}};
}

HttpOutcome get_server(RouteContext& context) {
  return json_answer(describe_server(context.services));
}

HttpOutcome get_cameras(RouteContext& context) {
  auto list = json::array();
  for (const auto& camera : context.services.cameras) list.push_back(camera->describe());
  return json_answer({{"cameras", std::move(list)}});
}

HttpOutcome get_camera(RouteContext& context) {
  const auto camera = context.services.camera(context.names.at(0));
  if (!camera) return error_answer(camera.error());
  return json_answer((*camera)->describe());
}

HttpOutcome patch_camera(RouteContext& context) {
  const auto camera = context.services.camera(context.names.at(0));
  if (!camera) return error_answer(camera.error());
  const auto body = wire::parse_json_object(context.request.body);
  if (!body) return error_answer(body.error());
  const auto changes = parse_profile_request(*body);
  if (!changes) return error_answer(changes.error());
  return Deferred{[camera = *camera, changes = *changes](auto answer) {
    camera->reconfigure(changes, [camera, answer = std::move(answer)](const Result<void>& done) {
      if (done) return answer(json_answer(camera->describe()));
      auto refused = error_answer(done.error());
      if (done.error().code == ErrorCode::Busy) refused.status = 429;
      answer(std::move(refused));
    });
  }};
}

HttpOutcome get_doors(RouteContext& context) {
  auto list = json::array();
  for (const auto& door : context.services.doors) {
    auto map = door.door->describe();
    map["name"] = door.name;
    map["camera"] = door.camera;
    map["addresses"] = door.addresses;
    list.push_back(std::move(map));
  }
  return json_answer({{"doors", std::move(list)}});
}

HttpOutcome get_openapi(RouteContext&) { return json_answer(openapi_document()); }

Camera::ControlsDone answer_with_controls(std::function<void(HttpAnswer)> answer) {
  return [answer = std::move(answer)](const Result<std::vector<Control>>& controls) {
    if (controls) return answer(json_answer({{"controls", wire::to_map(*controls)}}));
    auto refused = error_answer(controls.error());
    if (controls.error().code == ErrorCode::Busy) refused.status = 429;
    answer(std::move(refused));
  };
}

HttpOutcome get_controls(RouteContext& context) {
  const auto camera = context.services.camera(context.names.at(0));
  if (!camera) return error_answer(camera.error());
  return Deferred{[camera = *camera](auto answer) {
    camera->read_controls(answer_with_controls(std::move(answer)));
  }};
}

HttpOutcome patch_controls(RouteContext& context) {
  const auto camera = context.services.camera(context.names.at(0));
  if (!camera) return error_answer(camera.error());
  const auto body = wire::parse_json_object(context.request.body);
  if (!body) return error_answer(body.error());
  const auto settings = wire::settings_from_map(body->value("settings", json()));
  if (!settings) return error_answer(settings.error());
  return Deferred{[camera = *camera, settings = *settings](auto answer) {
    camera->apply_controls(settings, answer_with_controls(std::move(answer)));
  }};
}

HttpOutcome post_ticket(RouteContext& context) {
  const auto body = wire::parse_json_object(context.request.body);
  if (!body) return error_answer(body.error());
  const auto text = [&](const char* key) {
    const auto found = body->find(key);
    return found != body->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto camera = context.services.camera(text("camera"));
  if (!camera) return error_answer(camera.error());
  const auto stream = (*camera)->stream(text("stream"));
  if (!stream) return error_answer(stream.error());
  return json_answer(
      {{"ticket", context.services.access.issue_ticket(text("camera"), text("stream"))},
       {"expires_s", std::chrono::seconds(kTicketLifetime).count()}});
}

struct Target {
  hub::StreamHub* stream;
  StreamQuery query;
};

Result<Target> stream_target(RouteContext& context, CodecId codec) {
  const auto camera = context.services.camera(context.names.at(0));
  if (!camera) return fail(camera.error());
  const auto stream = (*camera)->stream(context.names.at(1));
  if (!stream) return fail(stream.error());
  auto query = parse_stream_query(context.options, codec, *(*stream)->profile());
  if (!query) return fail(query.error());
  // Found out here, an impossible wish is an answer; later it would be a cut connection.
  const auto delivered = hub::delivered_profile(*(*stream)->profile(), query->wish);
  if (!delivered) return fail(delivered.error());
  return Target{*stream, std::move(*query)};
}

HttpOutcome get_mjpeg(RouteContext& context) {
  const auto target = stream_target(context, CodecId::Jpeg);
  if (!target) return error_answer(target.error());
  return OpenStream{target->stream, target->query};
}

HttpOutcome get_jpg(RouteContext& context) {
  const auto target = stream_target(context, CodecId::Jpeg);
  if (!target) return error_answer(target.error());
  return OpenSnapshot{target->stream, target->query, "image/jpeg"};
}

HttpOutcome get_png(RouteContext& context) {
  const auto target = stream_target(context, CodecId::Png);
  if (!target) return error_answer(target.error());
  return OpenSnapshot{target->stream, target->query, "image/png"};
}

HttpOutcome get_json(RouteContext& context) {
  const auto target = stream_target(context, CodecId::Json);
  if (!target) return error_answer(target.error());
  return OpenSnapshot{target->stream, target->query, "application/json"};
}

HttpOutcome get_websocket(RouteContext& context) {
  if (!context.request.websocket_upgrade)
    return status_answer(426, "this URL speaks WebSocket; see docs/protocol.md");
  return OpenWebSocket{};
}

HttpOutcome post_rtc(RouteContext& context) {
  const auto camera = context.services.camera(context.names.at(0));
  if (!camera) return error_answer(camera.error());
  if (!context.request.header("Content-Type").starts_with("application/sdp"))
    return status_answer(415, "send an SDP offer with Content-Type: application/sdp");
  return OpenRtc{(*camera)->name(), context.request.body};
}

HttpOutcome delete_rtc(RouteContext& context) {
  if (!context.services.rtc.end(context.names.at(1)))
    return status_answer(404, "there is no such session, or no more");
  return HttpAnswer{204, "application/json", "", {}};
}

HttpOutcome get_file(RouteContext& context) {
  const auto& path = context.request.path;
  for (const auto& file : embedded_files())
    if (file.path == path)
      return HttpAnswer{
          200,
          std::string(file.content_type),
          std::string(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()),
          {}};
  return status_answer(404, fmt::format("nothing at {}; the page is at /, the API at "
                                        "/api/v1/openapi.json",
                                        path.size() <= 200 ? path : "this path"));
}

constexpr std::array kRoutes = {
    Route{"GET", "/healthz", Role::None, "ok or degraded", get_health},
    Route{"GET", "/metrics", Role::View, "Prometheus metrics", get_metrics},
    Route{"GET", "/api/v1/server", Role::View, "the server", get_server},
    Route{"GET", "/api/v1/doors", Role::View, "the older protocols' ports, and what they know",
          get_doors},
    Route{"GET", "/api/v1/openapi.json", Role::View, "this description", get_openapi},
    Route{"GET", "/api/v1/cameras", Role::View, "all cameras", get_cameras},
    Route{"GET", "/api/v1/cameras/{camera}", Role::View, "one camera", get_camera},
    Route{"PATCH", "/api/v1/cameras/{camera}", Role::Control,
          "opens it with {\"size\": \"1280x720\", \"fps\": 30, \"format\": \"mjpeg\"}, some or all "
          "of them; answers the camera",
          patch_camera},
    Route{"GET", "/api/v1/cameras/{camera}/controls", Role::View, "controls, read now",
          get_controls},
    Route{"PATCH", "/api/v1/cameras/{camera}/controls", Role::Control,
          "applies {\"settings\": {NAME: VALUE}} as a group, answers what was read back",
          patch_controls},
    Route{"POST", "/api/v1/tickets", Role::View,
          "a view-only ticket for {\"camera\", \"stream\"}, 60 s, as ?ticket= in a URL",
          post_ticket},
    Route{"GET", "/cameras/{camera}/{stream}.mjpeg", Role::View, "multipart/x-mixed-replace",
          get_mjpeg},
    Route{"GET", "/cameras/{camera}/{stream}.jpg", Role::View, "the newest frame as JPEG", get_jpg},
    Route{"GET", "/cameras/{camera}/{stream}.png", Role::View,
          "the newest frame as PNG; depth with its exact 16 bits", get_png},
    Route{"GET", "/cameras/{camera}/{stream}.json", Role::View,
          "the newest skeleton; only for streams of that kind", get_json},
    Route{"GET", "/ws", Role::View, "the native protocol in WebSocket messages", get_websocket},
    Route{"POST", "/rtc/{camera}", Role::View,
          "an SDP offer (application/sdp) in, the answer out: a data channel with the native "
          "protocol",
          post_rtc},
    Route{"DELETE", "/rtc/{camera}/{session}", Role::View,
          "ends a data channel session; its URL is the Location of the answer", delete_rtc},
    Route{"GET", "/", Role::View, "the page", get_file},
    Route{"GET", "/{file}", Role::View, "files of the page", get_file},
};

std::string_view take_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

// The names for the pattern's braces, or nothing where path and pattern differ.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> names;
  while (!pattern.empty() && !path.empty()) {
    const auto want = take_segment(pattern);
    const auto have = take_segment(path);
    const auto open = want.find('{');
    if (open == std::string_view::npos) {
      if (want != have) return std::nullopt;
      continue;
    }
    const auto suffix = want.substr(want.find('}') + 1);
    if (have.size() <= suffix.size() || !have.ends_with(suffix)) return std::nullopt;
    const auto name = have.substr(0, have.size() - suffix.size());
    if (!base::is_valid_name(name)) return std::nullopt;
    names.emplace_back(name);
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return names;
}

// "Bearer TOKEN", or "Basic base64(anything:TOKEN)" as browsers send after they asked the user.
std::string token_of(const net::HttpRequest& request) {
  const auto header = request.header("Authorization");
  if (header.starts_with("Bearer ")) return std::string(header.substr(7));
  if (!header.starts_with("Basic ")) return {};
  const auto decoded = decode_base64(header.substr(6));
  const auto colon = decoded.find(':');
  return colon == std::string::npos ? std::string() : decoded.substr(colon + 1);
}

bool is_forwarded(const net::HttpRequest& request) {
  return !request.header("X-Forwarded-For").empty() ||
         !request.header("X-Forwarded-Host").empty() ||
         !request.header("X-Forwarded-Proto").empty() || !request.header("Forwarded").empty();
}

bool changes_state(std::string_view method) noexcept { return method != "GET" && method != "HEAD"; }

// Null where the request may go on.
std::optional<HttpAnswer> refuse(Services& services, const net::HttpRequest& request,
                                 const net::Address& peer, bool encrypted, const Route& route,
                                 RouteContext& context) {
  if (route.role == Role::None) return std::nullopt;
  const auto host = request.header("Host");
  if (!host.empty() && !services.access.host_known(host))
    return status_answer(
        421, "this server does not know the name in the Host header; start it with --host-name");
  const auto origin = request.header("Origin");
  const bool guarded = changes_state(request.method) || route.pattern == "/ws";
  if (guarded && !Access::same_origin(origin, host))
    return status_answer(403, "the page that sent this request comes from another place");
  // A page of elsewhere can send neither DELETE nor application/sdp without being asked first.
  if (changes_state(request.method) && !route.pattern.starts_with("/rtc/") &&
      !request.header("Content-Type").starts_with("application/json"))
    return status_answer(415, "send Content-Type: application/json");
  if (context.names.size() == 2 && !changes_state(request.method) &&
      services.access.ticket_allows(context.options.text("ticket", ""), context.names[0],
                                    context.names[1]))
    return std::nullopt;
  const auto role =
      services.access.authorize({peer, encrypted, is_forwarded(request)}, token_of(request));
  if (!role) {
    auto answer = error_answer(role.error());
    if (role.error().code == ErrorCode::Busy) answer.status = 429;
    if (role.error().code == ErrorCode::PermissionDenied && (encrypted || peer.is_loopback())) {
      answer.status = 401;
      answer.headers.emplace_back("WWW-Authenticate",
                                  "Basic realm=\"lenswire: token as password\"");
    }
    return answer;
  }
  if (*role < route.role)
    return status_answer(403, fmt::format("this needs the role '{}'", to_string(route.role)));
  return std::nullopt;
}

}  // namespace

std::span<const Route> http_routes() noexcept { return kRoutes; }

HttpAnswer status_answer(int status, std::string_view message) {
  return {status,
          "application/json",
          json({{"error", net::status_text(status)}, {"message", message}})
                  .dump(-1, ' ', false, json::error_handler_t::replace) +
              "\n",
          {}};
}

HttpAnswer error_answer(const Error& error) {
  auto answer = status_answer(status_of(error.code), error.message);
  answer.body = json({{"error", to_string(error.code)}, {"message", error.message}})
                    .dump(-1, ' ', false, json::error_handler_t::replace) +
                "\n";
  if (answer.status == 503) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

HttpOutcome route_request(Services& services, const net::HttpRequest& request,
                          const net::Address& peer, bool encrypted) {
  const std::string_view method =
      request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
  if (request.minor_version == 1 && request.header("Host").empty())
    return status_answer(400, "HTTP/1.1 needs a Host header");
  bool path_known = false;
  for (const auto& route : kRoutes) {
    auto names = match(route.pattern, request.path);
    if (!names) continue;
    path_known = true;
    if (route.method != method) continue;
    auto options = base::QueryOptions::parse(request.query);
    if (!options) return error_answer(options.error());
    RouteContext context{services, request, std::move(*names), std::move(*options)};
    if (auto refused = refuse(services, request, peer, encrypted, route, context))
      return std::move(*refused);
    return route.handle(context);
  }
  if (path_known) return status_answer(405, "this URL does not take this method");
  // Nothing about what exists is told to those who may not know.
  const Route unknown{"GET", "", Role::View, "", get_file};
  RouteContext context{services, request, {}, {}};
  if (auto refused = refuse(services, request, peer, encrypted, unknown, context))
    return std::move(*refused);
  return get_file(context);
}

}  // namespace lenswire::server
