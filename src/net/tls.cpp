#include "net/tls.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.hpp"

namespace lenswire::net {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;
using FilePtr = std::unique_ptr<std::FILE, Deleter<std::fclose>>;

constexpr long kSelfSignedSeconds = 10L * 365 * 24 * 3600;
constexpr const char* kTls12Suites = "ECDHE+AESGCM:ECDHE+CHACHA20";

std::string openssl_reason() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

Result<void> readable(const std::string& file, const char* what) {
  if (::access(file.c_str(), R_OK) == 0) return {};
  if (errno == EACCES)
    return fail(
        ErrorCode::PermissionDenied,
        fmt::format("no permission to read the {} {}; check its owner and mode", what, file));
  return fail(ErrorCode::NotFound,
              fmt::format("the {} {} does not exist; name it with --cert and --key", what, file));
}

FilePtr create_file(const std::string& file, mode_t mode) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  return FilePtr(fd < 0 ? nullptr : ::fdopen(fd, "w"));
}

struct Identity {
  KeyPtr key;
  CertificatePtr certificate;
};

Result<Identity> make_self_signed() {
  KeyPtr key(EVP_EC_gen("P-256"));
  CertificatePtr certificate(X509_new());
  if (!key || !certificate)
    return fail(ErrorCode::Unsupported, "OpenSSL cannot make a key: " + openssl_reason());
  X509_set_version(certificate.get(), 2);
  std::uint64_t serial = 0;
  if (::getentropy(&serial, sizeof serial) != 0) serial = 1;
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1 | 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kSelfSignedSeconds);
  X509_set_pubkey(certificate.get(), key.get());
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  auto* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(host.data()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const auto names = fmt::format("DNS:{},DNS:localhost,IP:127.0.0.1,IP:::1", host.data());
  if (auto* extension =
          X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str())) {
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
    return fail(ErrorCode::Unsupported, "OpenSSL cannot sign: " + openssl_reason());
  return Identity{std::move(key), std::move(certificate)};
}

Result<void> create_self_signed(const std::string& certificate_file, const std::string& key_file) {
  const auto identity = make_self_signed();
  if (!identity) return fail(identity.error());
  auto* const key = identity->key.get();
  auto* const certificate = identity->certificate.get();
  const auto key_out = create_file(key_file, 0600);
  const auto certificate_out = create_file(certificate_file, 0644);
  if (!key_out || !certificate_out ||
      PEM_write_PrivateKey(key_out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_X509(certificate_out.get(), certificate) != 1)
    return fail(ErrorCode::PermissionDenied,
                fmt::format("cannot write {} and {}: {}", certificate_file, key_file,
                            std::strerror(errno)));
  return {};
}

}  // namespace

class TlsServerContext::Impl {
 public:
  Impl() {
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context.get(), kTls12Suites);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    // A key with a password is an error, not a question to whoever sits at the terminal.
    SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return 0; });
  }

  ContextPtr context{SSL_CTX_new(TLS_server_method())};
};

TlsServerContext::TlsServerContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  X509_digest(SSL_CTX_get0_certificate(impl_->context.get()), EVP_sha256(), digest.data(), &length);
  for (unsigned int i = 0; i < length; ++i) fingerprint_ += fmt::format("{:02x}", digest.at(i));
}
TlsServerContext::~TlsServerContext() = default;

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::load(
    const std::string& certificate_file, const std::string& key_file) {
  if (auto ok = readable(certificate_file, "certificate"); !ok) return fail(ok.error());
  if (auto ok = readable(key_file, "key"); !ok) return fail(ok.error());
  auto impl = std::make_unique<Impl>();
  auto* context = impl->context.get();
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is not a PEM certificate: {}", certificate_file, openssl_reason()));
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is not the PEM key of {}: {}", key_file,
                                                        certificate_file, openssl_reason()));
  auto* certificate = SSL_CTX_get0_certificate(context);
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("the certificate {} has expired; renew it", certificate_file));
  return std::shared_ptr<TlsServerContext>(new TlsServerContext(std::move(impl)));
}

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::self_signed() {
  const auto identity = make_self_signed();
  if (!identity) return fail(identity.error());
  auto impl = std::make_unique<Impl>();
  auto* context = impl->context.get();
  if (SSL_CTX_use_certificate(context, identity->certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, identity->key.get()) != 1)
    return fail(ErrorCode::Unsupported,
                "OpenSSL does not take its own certificate: " + openssl_reason());
  return std::shared_ptr<TlsServerContext>(new TlsServerContext(std::move(impl)));
}

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::load_or_create(
    const std::string& certificate_file, const std::string& key_file) {
  if (::access(certificate_file.c_str(), F_OK) != 0 && ::access(key_file.c_str(), F_OK) != 0) {
    if (auto made = create_self_signed(certificate_file, key_file); !made)
      return fail(made.error());
  }
  return load(certificate_file, key_file);
}

namespace {

/// OpenSSL does the socket calls itself; the TCP stream below is asked for readiness and the rest.
class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> tcp, std::shared_ptr<TlsServerContext> context)
      : tcp_(std::move(tcp)),
        context_(std::move(context)),
        ssl_(SSL_new(context_->impl().context.get())) {
    SSL_set_fd(ssl_.get(), tcp_->native_handle());
    SSL_set_accept_state(ssl_.get());
  }

  // After close() OpenSSL must not be asked: its descriptor may be another connection's by then.
  Transfer read(std::span<std::byte> into) override {
    if (native_handle() < 0) return {IoStatus::Failed, 0};
    std::size_t got = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
    return outcome(result, got);
  }
  Transfer peek(std::span<std::byte> into) override {
    if (native_handle() < 0) return {IoStatus::Failed, 0};
    std::size_t got = 0;
    ERR_clear_error();
    const int result = SSL_peek_ex(ssl_.get(), into.data(), into.size(), &got);
    return outcome(result, got);
  }
  Transfer write(std::span<const iovec> pieces) override {
    if (native_handle() < 0) return {IoStatus::Failed, 0};
    Transfer total{IoStatus::Done, 0};
    for (const auto& piece : pieces) {
      std::size_t done = 0;
      while (done < piece.iov_len) {
        std::size_t sent = 0;
        ERR_clear_error();
        const int result = SSL_write_ex(ssl_.get(), static_cast<const char*>(piece.iov_base) + done,
                                        piece.iov_len - done, &sent);
        const auto step = outcome(result, sent);
        done += step.bytes;
        total.bytes += step.bytes;
        if (step.status != IoStatus::Done) {
          if (total.bytes == 0) total.status = step.status;
          return total;
        }
      }
    }
    return total;
  }

  void set_listener(StreamListener* listener) noexcept override { tcp_->set_listener(listener); }
  void wait_readable() override {
    // A handshake may have to write before it can read.
    if (wants_write_) tcp_->wait_writable();
    tcp_->wait_readable();
  }
  void wait_writable() override { tcp_->wait_writable(); }
  void close() noexcept override { tcp_->close(); }
  void shut_down_sending() noexcept override {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get()) && tcp_->native_handle() >= 0) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    tcp_->shut_down_sending();
  }
  void set_unsent_limit(std::uint32_t bytes) noexcept override { tcp_->set_unsent_limit(bytes); }
  [[nodiscard]] const Address& peer() const noexcept override { return tcp_->peer(); }
  [[nodiscard]] const Address& local() const noexcept override { return tcp_->local(); }
  [[nodiscard]] bool is_encrypted() const noexcept override { return true; }
  [[nodiscard]] int native_handle() const noexcept override { return tcp_->native_handle(); }
  [[nodiscard]] IoThread& thread() noexcept override { return tcp_->thread(); }

 private:
  Transfer outcome(int result, std::size_t bytes) {
    wants_write_ = false;
    if (result == 1) return {IoStatus::Done, bytes};
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {IoStatus::WouldBlock, 0};
      case SSL_ERROR_WANT_WRITE:
        wants_write_ = true;
        return {IoStatus::WouldBlock, 0};
      case SSL_ERROR_ZERO_RETURN:
        return {IoStatus::Closed, 0};
      default:
        ERR_clear_error();
        return {IoStatus::Failed, 0};
    }
  }

  std::unique_ptr<Stream> tcp_;
  std::shared_ptr<TlsServerContext> context_;
  SslPtr ssl_;
  bool wants_write_ = false;
};

}  // namespace

std::unique_ptr<Stream> make_tls_stream(std::unique_ptr<Stream> tcp,
                                        std::shared_ptr<TlsServerContext> context) {
  return std::make_unique<TlsStream>(std::move(tcp), std::move(context));
}

}  // namespace lenswire::net
