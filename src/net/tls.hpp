// tls.hpp - TLS on accepted connections.
#pragma once

#include <memory>
#include <string>

#include <lenswire/result.hpp>

#include "net/stream.hpp"

namespace lenswire::net {

/// A certificate with its key, ready to serve: TLS 1.2 and 1.3, AEAD suites only.
///
/// Threading: thread-safe after construction.
class TlsServerContext {
 public:
  /// Errors: NotFound, PermissionDenied or InvalidArgument, naming the file and the remedy; an
  /// expired certificate is InvalidArgument.
  static Result<std::shared_ptr<TlsServerContext>> load(const std::string& certificate_file,
                                                        const std::string& key_file);

  /// Loads both files, or makes a self-signed pair (P-256, ten years) at that place first. The key
  /// gets mode 0600.
  static Result<std::shared_ptr<TlsServerContext>> load_or_create(
      const std::string& certificate_file, const std::string& key_file);

  /// A self-signed pair that is kept nowhere: for peers that do not verify.
  static Result<std::shared_ptr<TlsServerContext>> self_signed();

  ~TlsServerContext();

  /// SHA-256 of the certificate in hexadecimal: what a client pins.
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }

  class Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  explicit TlsServerContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
  std::string fingerprint_;
};

/// Wraps an accepted TCP socket; the handshake happens inside the first reads.
[[nodiscard]] std::unique_ptr<Stream> make_tls_stream(std::unique_ptr<Stream> tcp,
                                                      std::shared_ptr<TlsServerContext> context);

}  // namespace lenswire::net
