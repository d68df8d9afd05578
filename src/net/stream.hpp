// stream.hpp - a byte stream that never blocks: TCP, or TLS over TCP.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "net/address.hpp"
#include "net/io_thread.hpp"

namespace lenswire::net {

enum class IoStatus : std::uint8_t {
  Done,        // some bytes went
  WouldBlock,  // none now: wait
  Closed,      // the peer has ended the stream
  Failed,      // reset, timed out, TLS broken
};

struct Transfer {
  IoStatus status = IoStatus::Done;
  std::size_t bytes = 0;
};

/// Who is told that a stream may make progress. Outlives the stream's waits: a stream that is
/// destroyed or closed makes no more calls.
class StreamListener {
 public:
  virtual ~StreamListener() = default;
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
};

/// One connection. Reads and writes do what is possible at once; wait_* ask for one call of the
/// listener when more is.
///
/// Threading: thread-bound to its IoThread.
class Stream {
 public:
  virtual ~Stream() = default;

  virtual Transfer read(std::span<std::byte> into) = 0;
  /// Looks at the first bytes without taking them.
  virtual Transfer peek(std::span<std::byte> into) = 0;
  /// As much of the pieces as fits.
  virtual Transfer write(std::span<const iovec> pieces) = 0;

  virtual void set_listener(StreamListener* listener) noexcept = 0;
  virtual void wait_readable() = 0;
  virtual void wait_writable() = 0;

  /// Ends both directions at once. No call of the listener afterwards.
  virtual void close() noexcept = 0;
  /// Ends the sending direction politely (TLS close_notify, FIN).
  virtual void shut_down_sending() noexcept = 0;

  /// Replaces SocketSettings::unsent_limit_bytes, where the protocol bounds what is under way.
  virtual void set_unsent_limit(std::uint32_t bytes) noexcept = 0;

  [[nodiscard]] virtual const Address& peer() const noexcept = 0;
  [[nodiscard]] virtual const Address& local() const noexcept = 0;
  [[nodiscard]] virtual bool is_encrypted() const noexcept = 0;
  [[nodiscard]] virtual int native_handle() const noexcept = 0;
  [[nodiscard]] virtual IoThread& thread() noexcept = 0;
};

/// How the kernel treats accepted sockets.
struct SocketSettings {
  /// Bytes that may wait in the kernel unsent (TCP_NOTSENT_LOWAT): a slow peer gets the newest
  /// frame next, not the oldest of a long queue.
  std::uint32_t unsent_limit_bytes = 64 << 10;
  /// A peer that acknowledges nothing for this long is gone (TCP_USER_TIMEOUT, keepalive).
  std::uint32_t dead_peer_ms = 30'000;
};

/// Takes over a connected, accepted TCP socket.
[[nodiscard]] std::unique_ptr<Stream> make_tcp_stream(IoThread& thread, int fd,
                                                      const SocketSettings& settings);

}  // namespace lenswire::net
