// dtls.hpp - DTLS 1.2 by OpenSSL over datagrams that somebody else carries.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "modules/webrtc/certificate.hpp"

namespace lenswire::webrtc {

class DtlsListener {
 public:
  virtual ~DtlsListener() = default;
  virtual void on_dtls_send(std::span<const std::byte> datagram) = 0;
  /// The handshake is through and the peer's certificate is the one described.
  virtual void on_dtls_connected() = 0;
  virtual void on_dtls_data(std::span<const std::byte> bytes) = 0;
  /// Broken, refused, or ended by the peer; the last call.
  virtual void on_dtls_ended(const std::string& why) = 0;
};

enum class DtlsRole : std::uint8_t { Client, Server };

/// Threading: thread-bound. The listener outlives it and must not destroy it inside a call.
class DtlsTransport {
 public:
  DtlsTransport(std::shared_ptr<const Identity> identity, DtlsRole role,
                const Fingerprint& peer_fingerprint, DtlsListener& listener);
  ~DtlsTransport();
  DtlsTransport(const DtlsTransport&) = delete;
  DtlsTransport& operator=(const DtlsTransport&) = delete;

  /// A client sends its first flight.
  void start();
  void receive(std::span<const std::byte> datagram);
  /// False before the handshake or after the end.
  bool send(std::span<const std::byte> bytes);
  /// Repeats a lost flight when it is time; call it a few times a second.
  void tick();
  /// Says goodbye. No call of the listener but on_dtls_send(), and that only during it.
  void close();

 private:
  struct Bio;
  void handshake();
  void end(const std::string& why);

  std::shared_ptr<const Identity> identity_;
  const DtlsRole role_;
  const Fingerprint peer_fingerprint_;
  DtlsListener& listener_;
  SSL* ssl_ = nullptr;
  std::span<const std::byte> incoming_;  // the datagram that OpenSSL has not taken yet
  bool connected_ = false;
  bool ended_ = false;
};

}  // namespace lenswire::webrtc
