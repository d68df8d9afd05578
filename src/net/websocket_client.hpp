// websocket_client.hpp - a byte stream inside a WebSocket, for a caller who waits.
#pragma once

#include <memory>
#include <string>

#include "net/tcp_client.hpp"

namespace lenswire::net {

struct WebSocketTarget {
  std::string host;    ///< what the Host header says: "host:port"
  std::string path;    ///< "/ws"
  std::string bearer;  ///< goes into an Authorization header, where not empty
};

/// Upgrades a connected socket. Each send() is one binary message; what is received is the
/// messages' bytes one after the other.
///
/// Errors: InvalidArgument when the peer answers, but not with a WebSocket; PermissionDenied when
/// it wants credentials; Disconnected; Timeout; Closed after a stop.
Result<std::unique_ptr<ClientStream>> make_websocket_stream(base::UniqueFd socket,
                                                            const WebSocketTarget& target,
                                                            MonotonicTime deadline,
                                                            base::StopToken stop);

}  // namespace lenswire::net
