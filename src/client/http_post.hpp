// http_post.hpp - one POST to the server's HTTP interface.
#pragma once

#include <string>
#include <string_view>

#include <lenswire/client.hpp>

#include "base/uri.hpp"
#include "net/tcp_client.hpp"

namespace lenswire::client {

/// Posts `body` over a connection that nothing was sent on yet; the answer's body.
/// Errors: as the server's status says, with its message; InvalidArgument when it is no HTTP
/// server; the stream's.
Result<std::string> post(net::ClientStream& stream, const base::LenswireUrl& url,
                         const std::string& target, std::string_view content_type,
                         std::string_view body, const ClientSettings& settings,
                         MonotonicTime deadline);

/// The code that an HTTP status stands for.
[[nodiscard]] ErrorCode code_of_status(int status) noexcept;

}  // namespace lenswire::client
