// lwp_session.hpp - one client of the native protocol, over TCP, TLS, WebSocket or a data channel.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "server/access.hpp"
#include "server/connection_table.hpp"
#include "server/lwp_subscription.hpp"
#include "server/message_port.hpp"
#include "server/outgoing.hpp"
#include "server/rate_limit.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"
#include "wire/lwp/decode.hpp"

namespace lenswire::server {

class RtcPort;

inline constexpr auto kHelloDeadline = std::chrono::seconds(10);
/// From an offer to an open data channel.
inline constexpr auto kEstablishDeadline = std::chrono::seconds(30);
inline constexpr std::size_t kMaxSubscriptions = 64;
/// Replies and events that may wait for a client; past it the client is cut.
inline constexpr std::size_t kMaxWaitingControlMessages = 256;
inline constexpr std::size_t kMaxWaitingControlBytes = 1 << 20;

/// Speaks docs/protocol.md: hello, requests, subscriptions with windows, events, time.
class LwpSession final : public Session, private MessagePortListener, private SubscriptionOwner {
 public:
  LwpSession(Worker& worker, std::unique_ptr<net::Stream> stream,
             ConnectionTable::Admission admission);
  /// Over WebSocket: the role was decided by the HTTP request.
  LwpSession(Worker& worker, std::unique_ptr<net::Stream> stream, const net::HttpRequest& upgrade,
             ConnectionTable::Admission admission);
  /// Over a data channel: the role was decided by the HTTP request with the offer.
  LwpSession(Worker& worker, std::unique_ptr<RtcPort> port, ConnectionTable::Admission admission);
  ~LwpSession() override;

  void begin(SessionId id) override;
  void tick(MonotonicTime now) override;
  void farewell() override;

  /// Ends it without a word.
  void cut() { end(); }

  /// An event of a camera, for those that watch.
  void event(const nlohmann::json& map);

 private:
  void on_bytes(std::span<const std::byte> bytes) override;
  void on_sent() override;
  void on_established() override;
  void on_progress() override;
  void on_port_closed() override { end(); }
  void subscription_ready() override;
  void subscription_ended(std::uint32_t id, const Error& reason) override;

  void handle(const wire::lwp::MessageView& message);
  void handle_hello(const wire::lwp::MessageView& message);
  void handle_request(std::uint32_t id, const nlohmann::json& request);
  void handle_flow(const wire::lwp::MessageView& message);
  void handle_time(const wire::lwp::MessageView& message);

  void subscribe(std::uint32_t id, const nlohmann::json& request);
  void unsubscribe(std::uint32_t id, const nlohmann::json& request);
  void controls(std::uint32_t id, const nlohmann::json& request, bool apply);
  void set_profile(std::uint32_t id, const nlohmann::json& request);
  void set_calibration(std::uint32_t id, const nlohmann::json& request);
  void reply_controls(std::uint32_t id, const Result<std::vector<Control>>& result);

  void reply(std::uint32_t id, nlohmann::json result);
  void reply_error(std::uint32_t id, const Error& error);
  void queue_profile(const LwpSubscription& subscription);
  void queue_control(std::vector<std::byte> message);
  void bye(const Error& error);
  void pump();
  void end();

  Worker& worker_;
  ConnectionTable::Admission admission_;
  Outgoing outgoing_;
  std::unique_ptr<MessagePort> port_;
  wire::lwp::MessageAssembler assembler_{wire::lwp::Receiver::Server};
  Role role_ = Role::None;
  bool hello_done_ = false;
  bool watching_ = false;
  bool closing_ = false;  // Bye is under way, nothing more is read
  bool pumping_ = false;
  bool ended_ = false;
  std::deque<std::vector<std::byte>> control_queue_;
  std::size_t control_bytes_ = 0;
  std::vector<std::unique_ptr<LwpSubscription>> subscriptions_;
  std::size_t next_subscription_ = 0;  // whose turn it is
  std::uint32_t last_subscription_id_ = 0;
  MonotonicTime began_;
  MonotonicTime last_progress_;
  std::optional<MonotonicTime> hello_awaited_;
  SessionId id_ = 0;
};

}  // namespace lenswire::server
