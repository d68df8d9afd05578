#include "modules/webrtc/dtls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace lenswire::webrtc {
namespace {

// Of handshake datagrams; SCTP cuts the rest.
constexpr long kLinkMtu = 1280;

std::string openssl_error() {
  std::array<char, 256> text{};
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

}  // namespace

// OpenSSL 3.0 has no memory BIO that keeps datagrams apart, so this one hands each on as it comes.
struct DtlsTransport::Bio {
  static DtlsTransport& self(BIO* bio) { return *static_cast<DtlsTransport*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* data, int size) {
    self(bio).listener_.on_dtls_send(
        {reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size)});
    return size;
  }
  static int read(BIO* bio, char* out, int size) {
    auto& incoming = self(bio).incoming_;
    BIO_clear_retry_flags(bio);
    if (incoming.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const auto count = std::min(incoming.size(), static_cast<std::size_t>(size));
    std::memcpy(out, incoming.data(), count);
    incoming = {};
    return static_cast<int>(count);
  }
  static long control(BIO*, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH:
      case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
        return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU:
      case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return kLinkMtu;
      default:
        return 0;
    }
  }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }
  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* m =
          BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lenswire datagrams");
      BIO_meth_set_write(m, write);
      BIO_meth_set_read(m, read);
      BIO_meth_set_ctrl(m, control);
      BIO_meth_set_create(m, create);
      return m;
    }();
    return made;
  }
};

DtlsTransport::DtlsTransport(std::shared_ptr<const Identity> identity, DtlsRole role,
                             const Fingerprint& peer_fingerprint, DtlsListener& listener)
    : identity_(std::move(identity)),
      role_(role),
      peer_fingerprint_(peer_fingerprint),
      listener_(listener),
      ssl_(SSL_new(identity_->context())) {
  BIO* bio = BIO_new(Bio::method());
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  DTLS_set_link_mtu(ssl_, kLinkMtu);
  if (role_ == DtlsRole::Client)
    SSL_set_connect_state(ssl_);
  else
    SSL_set_accept_state(ssl_);
}

DtlsTransport::~DtlsTransport() { SSL_free(ssl_); }

void DtlsTransport::start() {
  if (role_ == DtlsRole::Client) handshake();
}

void DtlsTransport::handshake() {
  if (ended_ || connected_) return;
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_);
  if (done != 1) {
    const int error = SSL_get_error(ssl_, done);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
      end("the DTLS handshake failed: " + openssl_error());
    return;
  }
  const X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || fingerprint_of(certificate) != peer_fingerprint_)
    return end("the peer's certificate is not the one of its description");
  connected_ = true;
  listener_.on_dtls_connected();
}

void DtlsTransport::receive(std::span<const std::byte> datagram) {
  if (ended_) return;
  incoming_ = datagram;
  if (!connected_) handshake();
  while (connected_ && !ended_) {
    std::array<std::byte, 1 << 14> plain;
    ERR_clear_error();
    const int got = SSL_read(ssl_, plain.data(), static_cast<int>(plain.size()));
    if (got > 0) {
      listener_.on_dtls_data(std::span(plain).first(static_cast<std::size_t>(got)));
      continue;
    }
    const int error = SSL_get_error(ssl_, got);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
    end(error == SSL_ERROR_ZERO_RETURN ? "the peer ended the connection"
                                       : "DTLS broke: " + openssl_error());
  }
  incoming_ = {};
}

bool DtlsTransport::send(std::span<const std::byte> bytes) {
  if (!connected_ || ended_) return false;
  ERR_clear_error();
  return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

void DtlsTransport::tick() {
  if (ended_ || connected_) return;
  ERR_clear_error();
  if (DTLSv1_handle_timeout(ssl_) < 0) end("the DTLS handshake got no answer");
}

void DtlsTransport::close() {
  if (std::exchange(ended_, true) || !connected_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

void DtlsTransport::end(const std::string& why) {
  if (std::exchange(ended_, true)) return;
  listener_.on_dtls_ended(why);
}

}  // namespace lenswire::webrtc
