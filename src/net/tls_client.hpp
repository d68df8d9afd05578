// tls_client.hpp - TLS on top of a connected socket.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/tcp_client.hpp"

// OpenSSL's SSL_CTX and SSL.
struct ssl_ctx_st;
struct ssl_st;

namespace lenswire::net {

/// Whom to trust. Without `pin_sha256` the chain and the name are verified.
struct TlsClientSettings {
  std::string ca_file;     ///< PEM; empty = the system's
  std::string pin_sha256;  ///< 64 hexadecimal digits: SHA-256 of the server's certificate (DER)
  bool insecure = false;   ///< accept any certificate
};

struct SslContextDeleter {
  void operator()(ssl_ctx_st* context) const noexcept;
};
using SslContextPtr = std::unique_ptr<ssl_ctx_st, SslContextDeleter>;

/// For others that bring OpenSSL's connections under way themselves: the context, then the name to
/// expect, and after the handshake (`failure`: why there was none) the verdict.
/// Errors: InvalidArgument for a bad pin or an unreadable CA file.
Result<SslContextPtr> make_tls_client_context(const TlsClientSettings& settings);
void expect_tls_host(ssl_st* ssl, const std::string& host);
/// Errors: PermissionDenied for a certificate that is not trusted, saying why; `failure`.
Result<void> check_tls_server(ssl_st* ssl, const std::string& host,
                              const TlsClientSettings& settings,
                              const std::optional<Error>& failure);

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
