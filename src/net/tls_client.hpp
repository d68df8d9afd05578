// tls_client.hpp - TLS on top of a connected socket.
#pragma once

#include <memory>
#include <string>

#include "net/tcp_client.hpp"

namespace lenswire::net {

/// Whom to trust. Without `pin_sha256` the chain and the name are verified.
struct TlsClientSettings {
  std::string ca_file;     ///< PEM; empty = the system's
  std::string pin_sha256;  ///< 64 hexadecimal digits: SHA-256 of the server's certificate (DER)
  bool insecure = false;   ///< accept any certificate
};

/// Shakes hands (TLS 1.2 at least) and checks the certificate.
///
/// Errors: PermissionDenied for a certificate that is not trusted, saying why; InvalidArgument for
/// a bad pin or an unreadable CA file; Disconnected when the peer does not speak TLS; Timeout;
/// Closed after a stop.
Result<std::unique_ptr<ClientStream>> make_tls_stream(base::UniqueFd socket,
                                                      const std::string& host,
                                                      const TlsClientSettings& settings,
                                                      MonotonicTime deadline, base::StopToken stop);

}  // namespace lenswire::net
