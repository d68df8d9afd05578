// websocket_client.hpp - a byte stream inside a WebSocket, for a caller who waits.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/tcp_client.hpp"
#include "net/tls_client.hpp"

namespace lenswire::net {

struct WebSocketTarget {
  std::string host;                      ///< what the Host header says: "host:port"
  std::string path;                      ///< "/ws"
  std::string bearer;                    ///< goes into an Authorization header, where not empty
  std::optional<TlsClientSettings> tls;  ///< wss://
  std::string tls_host;                  ///< the name that the certificate must be for
};

/// Upgrades a connected socket, with TLS below where the target says so. Each send() is one binary
/// message; what is received is the messages' bytes one after the other.
///
/// Errors: InvalidArgument when the peer answers, but not with a WebSocket; PermissionDenied when
/// it wants credentials; Disconnected; Timeout; Closed after a stop; with TLS those of
/// make_tls_stream().
Result<std::unique_ptr<ClientStream>> make_websocket_stream(base::UniqueFd socket,
                                                            const WebSocketTarget& target,
                                                            MonotonicTime deadline,
                                                            base::StopToken stop);

}  // namespace lenswire::net
