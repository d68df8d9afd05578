// certificate.hpp - who a peer is: a key made for it, and the hash of the certificate.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <memory>

#include <lenswire/result.hpp>

namespace lenswire::webrtc {

using Fingerprint = std::array<std::byte, 32>;

/// The TLS settings with an own self-signed certificate (ECDSA on P-256) in them.
///
/// Threading: thread-safe once made.
class Identity {
 public:
  /// Errors: Unsupported, when OpenSSL cannot do it.
  static Result<std::shared_ptr<const Identity>> make();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;
  ~Identity();

  [[nodiscard]] SSL_CTX* context() const noexcept { return context_; }
  [[nodiscard]] const Fingerprint& fingerprint() const noexcept { return fingerprint_; }

 private:
  explicit Identity(SSL_CTX* context) noexcept : context_(context) {}
  SSL_CTX* context_;
  Fingerprint fingerprint_{};
};

/// SHA-256 of a certificate.
[[nodiscard]] Fingerprint fingerprint_of(const X509* certificate) noexcept;

}  // namespace lenswire::webrtc
