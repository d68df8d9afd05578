// http_post.hpp - one JSON request to the server's HTTP interface.
#pragma once

#include <string>

#include <lenswire/client.hpp>
#include <nlohmann/json.hpp>

#include "base/uri.hpp"
#include "net/tcp_client.hpp"

namespace lenswire::client {

/// Posts `body` over a connection that nothing was sent on yet; the answer's JSON object.
/// Errors: as the server's status says, with its message; InvalidArgument when it is no HTTP
/// server; the stream's.
Result<nlohmann::json> post_json(net::ClientStream& stream, const base::LenswireUrl& url,
                                 const std::string& target, const nlohmann::json& body,
                                 const ClientSettings& settings, MonotonicTime deadline);

/// The code that an HTTP status stands for.
[[nodiscard]] ErrorCode code_of_status(int status) noexcept;

}  // namespace lenswire::client
