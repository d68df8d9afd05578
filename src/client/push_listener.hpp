// push_listener.hpp - one port on which pushed pictures arrive, for all who want some.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <lenswire/result.hpp>

#include "base/mutex.hpp"
#include "client/picture_mailbox.hpp"
#include "net/address.hpp"

namespace lenswire::client {

/// Which connections a port takes.
enum class PushTransport : std::uint8_t { Either, Plain, Tls };

struct PushListenerSettings {
  net::Address address;
  PushTransport transport = PushTransport::Either;
  std::string certificate_file;  ///< empty: a self-signed one, made for the life of the listener
  std::string key_file;
};

/// Who wants the pictures of one Stream-ID.
///
/// Threading: the mailbox is thread-safe; connected() and why_not() too.
class PushReceiver {
 public:
  explicit PushReceiver(std::string stream_id) : stream_id_(std::move(stream_id)) {}

  /// Empty: any that nobody else on the port asked for by name.
  [[nodiscard]] const std::string& stream_id() const noexcept { return stream_id_; }
  [[nodiscard]] PictureMailbox& pictures() noexcept { return pictures_; }

  /// Whether a sender is connected, and which.
  struct Sender {
    std::string peer;
    std::string stream_id;
  };
  [[nodiscard]] std::optional<Sender> sender() const;
  void set_sender(std::optional<Sender> sender);

  /// Pictures that came and were none; and why the newest was not.
  struct Damage {
    std::uint64_t count = 0;
    std::string reason;
  };
  [[nodiscard]] Damage damage() const;
  void note_damage(std::string reason);

 private:
  const std::string stream_id_;
  PictureMailbox pictures_;
  mutable base::Mutex mutex_;
  std::optional<Sender> sender_ LENSWIRE_GUARDED_BY(mutex_);
  Damage damage_ LENSWIRE_GUARDED_BY(mutex_);
};

/// Takes endless POSTs of JPEG parts (wire/mjpeg_push) over HTTP and HTTPS, told apart by the first
/// byte, and gives each picture to the receiver of its Stream-ID. A newer sender of the same ID
/// takes the place of the older. It answers 200 only when it stops, and 404 where nobody wants the
/// ID. All receivers of one address share one listener, which lives as long as the last of them.
///
/// Threading: thread-safe. Its own event loop (`lw-push-PORT`) serves all connections.
class PushListener {
 public:
  /// The listener of this address, opened when it is the first; `receiver` is known to it before
  /// any sender can come.
  /// Errors: those of net::TcpListener and net::TlsServerContext; InvalidArgument when the address
  /// is open with other settings; Busy when another receiver has this Stream-ID.
  static Result<std::shared_ptr<PushListener>> share(const PushListenerSettings& settings,
                                                     std::shared_ptr<PushReceiver> receiver);
  ~PushListener();

  void remove(const PushReceiver& receiver);

  /// With the port that was really bound.
  [[nodiscard]] net::Address address() const;

 private:
  class Impl;
  explicit PushListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace lenswire::client
