// http_api.hpp - every URL of the server in one table: method, path, role, what it does.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <lenswire/result.hpp>

#include "net/http.hpp"
#include "server/services.hpp"
#include "server/wish_query.hpp"

namespace lenswire::server {

/// A complete answer.
struct HttpAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// The connection becomes a multipart stream.
struct OpenStream {
  hub::StreamHub* stream = nullptr;
  StreamQuery query;
};

/// The answer is the next frame.
struct OpenSnapshot {
  hub::StreamHub* stream = nullptr;
  StreamQuery query;
  std::string content_type;
};

/// The connection becomes a WebSocket that carries the native protocol.
struct OpenWebSocket {};

/// The connection's client is to be met over a data channel: the answer is our description.
struct OpenRtc {
  std::string camera;
  std::string offer;
};

/// The answer comes later, from another thread: `start` is called once with where to put it.
struct Deferred {
  std::function<void(std::function<void(HttpAnswer)> answer)> start;
};

using HttpOutcome =
    std::variant<HttpAnswer, OpenStream, OpenSnapshot, OpenWebSocket, OpenRtc, Deferred>;

/// A request with its place in the table.
struct RouteContext {
  Services& services;
  const net::HttpRequest& request;
  std::vector<std::string> names;  ///< what stood for {camera}, {stream}
  base::QueryOptions options;
};

struct Route {
  std::string_view method;
  std::string_view pattern;  ///< "/cameras/{camera}/{stream}.mjpeg"
  Role role;
  std::string_view summary;
  HttpOutcome (*handle)(RouteContext& context);
};

/// All of them; docs and tests walk it.
[[nodiscard]] std::span<const Route> http_routes() noexcept;

/// Checks Host, Origin, credentials and role, finds the route and calls it.
[[nodiscard]] HttpOutcome route_request(Services& services, const net::HttpRequest& request,
                                        const net::Address& peer, bool encrypted);

/// `{"error": ..., "message": ...}` with the status that fits the code.
[[nodiscard]] HttpAnswer error_answer(const Error& error);
[[nodiscard]] HttpAnswer status_answer(int status, std::string_view message);

}  // namespace lenswire::server
