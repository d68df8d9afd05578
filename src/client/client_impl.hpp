// client_impl.hpp - the insides of lenswire::Client.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <lenswire/client.hpp>
#include <nlohmann/json.hpp>

#include "base/stop_token.hpp"
#include "base/uri.hpp"
#include "client/clock_estimate.hpp"
#include "client/frame_assembly.hpp"
#include "client/message_stream.hpp"

namespace lenswire {

/// One message at a time is read (pump()), whoever waits for it: next() for a frame, a request for
/// its reply, next_event() for an event. What the others would want is kept for them.
class Client::Impl {
 public:
  Impl(base::LenswireUrl url, ClientSettings settings, base::StopToken stop);

  /// The first connection.
  Result<void> start();

  [[nodiscard]] const ServerInfo& server() const noexcept { return server_; }
  [[nodiscard]] bool connected() const noexcept { return stream_ != nullptr; }
  [[nodiscard]] ClockOffset clock_offset() const noexcept;

  /// Sends a request and waits for its reply.
  Result<nlohmann::json> request(nlohmann::json arguments);

  Result<Subscription> subscribe(const SubscribeSettings& settings);
  Result<void> unsubscribe(std::uint32_t id);
  Result<ReceivedFrame> next(MonotonicTime deadline);
  Result<ClientEvent> next_event(MonotonicTime deadline);
  Result<void> pull(std::uint32_t id, std::uint32_t frames);
  Result<void> watch(bool wanted);
  Result<ClockOffset> ping(int count);
  void close() noexcept;

  // For Client::interrupt(); empty where the stop belongs to somebody else.
  std::optional<base::StopSource> own_stop;

 private:
  enum class Taken { Nothing, Message };  // Nothing: the deadline came

  // Connection.
  Result<void> connect_once();
  Result<void> shake_hands(MonotonicTime deadline);
  Result<nlohmann::json> read_greeting(MonotonicTime deadline);
  void measure_clock();
  Result<ClockOffset> exchange_times(MonotonicTime deadline);
  Result<void> send_time_request();
  Result<void> restore_subscriptions();
  Result<void> restore(client::SubscriptionState& subscription);
  Result<void> accept(client::SubscriptionState& subscription, const nlohmann::json& reply);
  [[nodiscard]] MonotonicTime next_restore() const noexcept;
  Result<void> ensure_connected();
  /// Mends the connection if it is due; waits at most until `deadline`.
  Result<void> reconnect_until(MonotonicTime deadline);
  void lost(const Error& why);
  /// After an error of the connection: nothing if mending it is the answer, else the error.
  Result<void> survive(const Error& error);
  /// What has to be sent before waiting.
  Result<void> serve_connection();
  /// Mends, sends, reads one message; false at the deadline.
  Result<bool> step(MonotonicTime deadline);
  [[nodiscard]] Nanoseconds with_jitter(Nanoseconds wait);

  // Reading.
  Result<Taken> pump(MonotonicTime deadline);
  Result<void> begin_message(const client::MessageHead& head);
  Result<void> finish_message();
  Result<void> on_event(const nlohmann::json& map);
  void on_time_reply(const wire::lwp::Extensions& extensions);
  Result<void> on_frame();
  static Result<StreamProfilePtr> profile_of(const nlohmann::json& map);
  Result<ReceivedFrame> take_waiting_frame();

  // Writing.
  Result<void> send(std::span<const std::byte> bytes);
  Result<void> send_acks();
  Result<void> keep_clock();

  Result<nlohmann::json> request_on_connection(nlohmann::json arguments);
  void push_event(ClientEvent event);
  [[nodiscard]] client::SubscriptionState* by_id(std::uint32_t id) noexcept;
  [[nodiscard]] client::SubscriptionState* by_server_id(std::uint32_t id) noexcept;
  [[nodiscard]] Result<void> usable() const;
  [[nodiscard]] std::string where() const;
  [[nodiscard]] Error nothing_came() const;
  /// Why an established connection ended, with the server's name and what to do.
  [[nodiscard]] Error lost_error(const Error& why) const;

  const base::LenswireUrl url_;
  const ClientSettings settings_;
  const base::StopToken stop_;
  ServerInfo server_;
  bool closed_ = false;

  std::unique_ptr<client::MessageStream> stream_;  // null while disconnected
  std::string disconnect_reason_;
  MonotonicTime retry_at_{};
  Nanoseconds retry_wait_{};
  std::optional<MonotonicTime> connected_at_;
  std::uint32_t connection_number_ = 0;
  std::minstd_rand random_;

  // The message being read.
  bool in_message_ = false;
  client::MessageHead head_;
  client::GrowingBuffer incoming_;
  std::shared_ptr<Frame> incoming_frame_;  // null unless it is a frame somebody wants
  std::vector<std::byte> control_payload_;
  MonotonicTime last_progress_{};

  client::ClockEstimate clock_;
  std::optional<ClockOffset> last_exchange_;
  std::int64_t time_request_t0_ = 0;
  std::uint32_t time_request_tag_ = 0;
  bool time_request_open_ = false;
  MonotonicTime time_request_at_{};

  std::uint32_t next_tag_ = 0;
  std::uint32_t awaited_tag_ = 0;
  std::optional<nlohmann::json> reply_;

  bool watching_ = false;
  std::uint32_t next_subscription_ = 0;
  std::vector<std::unique_ptr<client::SubscriptionState>> subscriptions_;
  std::string ended_reason_;  // of the last subscription that ended
  client::FrameAssembly assembly_;
  std::vector<client::ArrivedFrame> waiting_frames_;
  std::size_t waiting_bytes_ = 0;
  std::deque<ClientEvent> events_;
  std::vector<std::byte> outgoing_;  // scratch
};

namespace client {

/// Like Client::connect(), but stopped by `stop`, also while it connects; Client::interrupt() then
/// does nothing.
Result<std::unique_ptr<Client>> connect(std::string_view url, ClientSettings settings,
                                        const base::StopToken& stop);

}  // namespace client
}  // namespace lenswire
