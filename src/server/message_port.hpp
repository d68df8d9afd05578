// message_port.hpp - how native messages travel: on a bare stream or in WebSocket messages.
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
  [[nodiscard]] virtual net::Stream& stream() noexcept = 0;
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
