// rpiasgige_session.hpp - one connection of an rpiasgige client: plain TCP or WebSocket.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "net/http.hpp"
#include "net/websocket.hpp"
#include "server/connection_table.hpp"
#include "server/doors/rpiasgige/conversation.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace lenswire::server::rpiasgige {

/// A TCP client that says nothing for so long is shown out, as the original did.
inline constexpr auto kSilence = std::chrono::seconds(3);
/// Requests that a WebSocket client may have waiting.
inline constexpr std::size_t kMaxWaitingRequests = 64;

/// Finds out by the first bytes what the client speaks ("GET " begins an HTTP upgrade, "GET0" a
/// packet), and carries its requests to a Conversation.
class RpiasgigeSession final : public Session,
                               private net::StreamListener,
                               private net::WebSocketListener {
 public:
  RpiasgigeSession(Worker& worker, DoorShared& door, std::unique_ptr<net::Stream> stream,
                   ConnectionTable::Admission admission);
  ~RpiasgigeSession() override;

  void begin(SessionId id) override;
  void tick(MonotonicTime now) override;
  [[nodiscard]] const ConnectionTable::Admission* idle() const noexcept override {
    return busy_ ? nullptr : &admission_;
  }

 private:
  enum class Speaks : std::uint8_t { Unknown, Tcp, Http, WebSocket };

  void on_readable() override;
  void on_writable() override;
  void on_open() override { opened_ = true; }
  void on_message(std::span<const std::byte> message) override;
  void on_sent() override;
  void on_progress() override;
  void on_closed() override;

  void serve_tcp();
  bool read_more();
  void take(std::span<const std::byte> bytes);
  void take_http(std::span<const std::byte> bytes);
  void upgrade(const net::HttpRequest& request);
  void refuse(int status, const std::string& reason);
  void serve_messages();
  void answered();
  void flush();
  void linger();
  void end();

  Worker& worker_;
  DoorShared& door_;
  std::unique_ptr<net::Stream> stream_;  // null once the WebSocket has it
  ConnectionTable::Admission admission_;
  SessionId id_ = 0;
  Speaks speaks_ = Speaks::Unknown;
  std::vector<std::byte> first_;  // bytes that do not yet tell
  wire::RequestAssembler assembler_;
  net::HttpRequestParser http_;
  std::unique_ptr<net::WebSocket> socket_;
  std::deque<wire::Request> waiting_;
  Outgoing outgoing_;
  std::optional<Conversation> talk_;
  bool busy_ = false;     // with a request or its answer
  bool serving_ = false;  // serve_tcp() or serve_messages() runs
  bool peer_done_ = false;
  bool lingering_ = false;
  bool opened_ = false;
  bool ended_ = false;
  std::size_t lingered_bytes_ = 0;
  const MonotonicTime began_;
  MonotonicTime last_progress_;
};

}  // namespace lenswire::server::rpiasgige
