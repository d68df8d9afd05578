#include "net/tls_client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>

namespace lenswire::net {
namespace {

struct Free {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using SslPtr = std::unique_ptr<SSL, Free>;

std::string openssl_reason() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text ? text : "connection closed";
}

bool is_sha256_hex(const std::string& text) noexcept {
  if (text.size() != 64) return false;
  for (const char c : text)
    if (!std::isxdigit(static_cast<unsigned char>(c))) return false;
  return true;
}

std::string fingerprint(SSL* ssl) {
  const std::unique_ptr<X509, Free> certificate(SSL_get1_peer_certificate(ssl));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1)
    return {};
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest.at(i));
  return hex;
}

bool same_hex(const std::string& a, const std::string& b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(a[i])) !=
        std::tolower(static_cast<unsigned char>(b[i])))
      return false;
  return true;
}

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a server that goes away would end a program
// that did not ask for SIGPIPE to be ignored.
int bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* done) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  const auto sent = ::send(fd, data, size, MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  *done = sent > 0 ? static_cast<std::size_t>(sent) : 0;
  return sent > 0 ? 1 : 0;
}

int bio_read(BIO* bio, char* data, std::size_t size, std::size_t* done) {
  const int fd = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  const auto got = ::recv(fd, data, size, 0);
  BIO_clear_retry_flags(bio);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  *done = got > 0 ? static_cast<std::size_t>(got) : 0;
  return got > 0 ? 1 : 0;
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

const BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "quiet socket");
    if (!made) return made;
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

// Borrows the socket.
bool attach(SSL* ssl, int fd) {
  BIO* bio = BIO_new(socket_method());
  if (!bio) return false;
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);  // takes it over
  return true;
}

class TlsStream final : public ClientStream {
 public:
  TlsStream(base::UniqueFd socket, SslContextPtr context, SslPtr ssl, base::StopToken stop)
      : socket_(std::move(socket)),
        context_(std::move(context)),
        ssl_(std::move(ssl)),
        stop_(std::move(stop)) {}

  Result<bool> handshake(MonotonicTime deadline) {
    return run(deadline, [&] { return SSL_connect(ssl_.get()); });
  }
  [[nodiscard]] SSL* ssl() const noexcept { return ssl_.get(); }

  Result<std::size_t> receive(std::span<std::byte> into, std::size_t at_least,
                              MonotonicTime deadline) override {
    std::size_t filled = 0;
    while (filled < at_least) {
      std::size_t got = 0;
      const auto rest = into.subspan(filled);
      const auto done =
          run(deadline, [&] { return SSL_read_ex(ssl_.get(), rest.data(), rest.size(), &got); });
      if (!done) return fail(done.error());
      if (!*done) return filled;
      filled += got;
    }
    return filled;
  }

  Result<void> send(std::span<const std::byte> bytes, MonotonicTime deadline) override {
    while (!bytes.empty()) {
      std::size_t sent = 0;
      const auto done = run(
          deadline, [&] { return SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent); });
      if (!done) return fail(done.error());
      if (!*done) return fail(ErrorCode::Timeout, "the server does not take what is sent to it");
      bytes = bytes.subspan(sent);
    }
    return {};
  }

 private:
  // Repeats an OpenSSL call until it is done; false at the deadline.
  template <typename Call>
  Result<bool> run(MonotonicTime deadline, Call call) {
    while (true) {
      ERR_clear_error();
      const int result = call();
      if (result > 0) return true;
      const int error = SSL_get_error(ssl_.get(), result);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        if (error == SSL_ERROR_ZERO_RETURN)
          return fail(ErrorCode::Disconnected, "the server closed the connection");
        return fail(ErrorCode::Disconnected,
                    fmt::format("the TLS connection broke ({})", openssl_reason()));
      }
      const short events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      auto ready = wait_for_socket(socket_.get(), events, deadline, stop_);
      if (!ready || !*ready) return ready;
    }
  }

  base::UniqueFd socket_;
  SslContextPtr context_;
  SslPtr ssl_;
  base::StopToken stop_;
};

}  // namespace

void SslContextDeleter::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

Result<SslContextPtr> make_tls_client_context(const TlsClientSettings& settings) {
  if (!settings.pin_sha256.empty() && !is_sha256_hex(settings.pin_sha256))
    return fail(ErrorCode::InvalidArgument,
                "the certificate pin must be 64 hexadecimal digits (SHA-256 of the certificate)");
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(ErrorCode::Unsupported, "OpenSSL does not start");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE);
  const bool verify = !settings.insecure && settings.pin_sha256.empty();
  SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!settings.ca_file.empty()) {
    if (SSL_CTX_load_verify_file(context.get(), settings.ca_file.c_str()) != 1)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{}: no readable PEM certificates in it ({})", settings.ca_file,
                              openssl_reason()));
  } else {
    SSL_CTX_set_default_verify_paths(context.get());
  }
  return context;
}

// The name in the certificate, and SNI where the host is a name.
void expect_tls_host(SSL* ssl, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  const bool literal = ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
                       ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
  if (literal) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
}

Result<void> check_tls_server(SSL* ssl, const std::string& host, const TlsClientSettings& settings,
                              const std::optional<Error>& failure) {
  const auto verdict = SSL_get_verify_result(ssl);
  if (failure && verdict != X509_V_OK)
    return fail(ErrorCode::PermissionDenied,
                fmt::format("the certificate of {} is not trusted ({}); give its issuer with "
                            "--ca-file, or pin the certificate with --pin-sha256",
                            host, X509_verify_cert_error_string(verdict)));
  if (failure) return fail(failure->code, fmt::format("TLS with {}: {}", host, failure->message));
  if (const auto seen = fingerprint(ssl);
      !settings.pin_sha256.empty() && !same_hex(seen, settings.pin_sha256))
    return fail(ErrorCode::PermissionDenied,
                fmt::format("the certificate of {} is not the pinned one (its SHA-256 is {}); if "
                            "the server got a new one on purpose, change the pin",
                            host, seen));
  return {};
}

Result<std::unique_ptr<ClientStream>> make_tls_stream(base::UniqueFd socket,
                                                      const std::string& host,
                                                      const TlsClientSettings& settings,
                                                      MonotonicTime deadline,
                                                      base::StopToken stop) {
  auto context = make_tls_client_context(settings);
  if (!context) return fail(std::move(context).error());
  SslPtr ssl(SSL_new(context->get()));
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (!ssl || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      !attach(ssl.get(), socket.get()))
    return fail(ErrorCode::Unsupported, "OpenSSL does not start");
  expect_tls_host(ssl.get(), host);

  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(*context), std::move(ssl),
                                            std::move(stop));
  const auto done = stream->handshake(deadline);
  if (done && !*done)
    return fail(ErrorCode::Timeout, fmt::format("{} does not answer the TLS hello", host));
  const auto failure = done ? std::nullopt : std::optional(done.error());
  if (auto ok = check_tls_server(stream->ssl(), host, settings, failure); !ok)
    return fail(std::move(ok).error());
  return stream;
}

}  // namespace lenswire::net
