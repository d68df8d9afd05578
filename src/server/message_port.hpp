// message_port.hpp - how native messages travel: on a bare stream, in WebSocket messages, or over a
// data channel (rtc_port.hpp).
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "net/http.hpp"
#include "net/stream.hpp"
#include "server/outgoing.hpp"

namespace lenswire::server {

class MessagePortListener {
 public:
  virtual ~MessagePortListener() = default;
  virtual void on_bytes(std::span<const std::byte> bytes) = 0;
  /// The message in the Outgoing has gone; the next may start.
  virtual void on_sent() = 0;
  /// The client can speak from now on; told by ports that were not established().
  virtual void on_established() {}
  /// A part of it has gone.
  virtual void on_progress() = 0;
  virtual void on_port_closed() = 0;
};

/// Sends one message at a time, out of an Outgoing that its owner fills.
///
/// Threading: thread-bound.
class MessagePort {
 public:
  virtual ~MessagePort() = default;
  virtual void begin() = 0;
  /// Sends what `outgoing` holds. True when it has gone at once; otherwise on_sent() or
  /// on_port_closed() follows.
  virtual bool send() = 0;
  [[nodiscard]] virtual bool ready() const noexcept = 0;
  /// Whether the client can speak already; the time for its Hello starts then.
  [[nodiscard]] virtual bool established() const noexcept { return true; }
  /// Whether it is the client that keeps ready() from being true.
  [[nodiscard]] virtual bool blocked() const noexcept = 0;
  [[nodiscard]] virtual const net::Address& peer() const noexcept = 0;
  [[nodiscard]] virtual bool is_encrypted() const noexcept = 0;
  virtual void close(bool politely) noexcept = 0;
};

[[nodiscard]] std::unique_ptr<MessagePort> make_stream_port(std::unique_ptr<net::Stream> stream,
                                                            Outgoing& outgoing,
                                                            MessagePortListener& listener);
[[nodiscard]] std::unique_ptr<MessagePort> make_websocket_port(std::unique_ptr<net::Stream> stream,
                                                               const net::HttpRequest& upgrade,
                                                               Outgoing& outgoing,
                                                               MessagePortListener& listener);

}  // namespace lenswire::server
