// transport.hpp - the byte stream below the native protocol: TCP, TLS or WebSocket.
#pragma once

#include <memory>

#include <lenswire/client.hpp>

#include "base/stop_token.hpp"
#include "base/uri.hpp"
#include "net/tcp_client.hpp"

namespace lenswire::client {

/// Connects as the URL's scheme says.
/// Errors: those of connect_tcp(), make_tls_stream() and make_websocket_stream().
Result<std::unique_ptr<net::ClientStream>> open_transport(const base::LenswireUrl& url,
                                                          const ClientSettings& settings,
                                                          MonotonicTime deadline,
                                                          const base::StopToken& stop);

}  // namespace lenswire::client
