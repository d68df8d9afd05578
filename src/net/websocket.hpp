// websocket.hpp - the server's side of one WebSocket, over any Stream.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "net/http.hpp"
#include "net/stream.hpp"

namespace lenswire::net {

inline constexpr std::size_t kMaxWebSocketMessageBytes = 1 << 20;

/// Who hears of a WebSocket. Calls come on the IoThread.
class WebSocketListener {
 public:
  virtual ~WebSocketListener() = default;
  virtual void on_open() = 0;
  /// One whole message, borrowed for the call.
  virtual void on_message(std::span<const std::byte> message) = 0;
  /// The connection has taken some of what is being sent.
  virtual void on_progress() {}
  /// The last send() is done; its pieces may go.
  virtual void on_sent() = 0;
  /// The connection is over. The last call.
  virtual void on_closed() = 0;
};

struct WebSocketSettings {
  /// Text messages come to on_message() too, instead of ending the connection.
  bool accept_text = false;
  /// Pings a silent client and closes when it does not answer. Not for clients that only read while
  /// they wait for an answer; a dead peer is noticed by TCP even so.
  bool ping_when_silent = true;
};

/// Threading: thread-bound.
class WebSocket {
 public:
  /// Answers the upgrade request and begins to read. `listener` outlives the WebSocket.
  WebSocket(std::unique_ptr<Stream> stream, const HttpRequest& upgrade, WebSocketListener& listener,
            const WebSocketSettings& settings = {});
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  /// Sends one binary message made of two pieces, which must stay until on_sent(). Only one at a
  /// time.
  void send(std::span<const std::byte> head, std::span<const std::byte> body);

  /// Whether a send() is under way.
  [[nodiscard]] bool sending() const noexcept;

  /// Ends it at once, without a closing handshake. No call of the listener afterwards.
  void abort() noexcept;

  [[nodiscard]] Stream& stream() noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lenswire::net
