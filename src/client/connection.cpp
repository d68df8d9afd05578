// connection.cpp - Client::Impl: making, losing and mending the connection.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "client/client_impl.hpp"
#include "client/credentials.hpp"
#include "client/reply_maps.hpp"
#include "client/transport.hpp"
#include "wire/lwp/decode.hpp"
#include "wire/lwp/encode.hpp"

namespace lenswire {

using namespace std::chrono_literals;
using nlohmann::json;
namespace lwp = wire::lwp;

namespace {

constexpr int kClockExchanges = 3;
constexpr auto kClockBudget = 200ms;
constexpr auto kClockExchangeTimeout = 1s;
// A connection that lasted so long was a good one: the next wait is the first one again.
constexpr auto kGoodConnection = 10s;
constexpr auto kRestoreFirst = 250ms;
constexpr auto kRestoreMax = 5s;

MonotonicTime now() noexcept { return base::system_clock().now(); }

// Trying again does not mend these.
bool is_final(ErrorCode code) noexcept {
  return code == ErrorCode::PermissionDenied || code == ErrorCode::VersionMismatch ||
         code == ErrorCode::InvalidArgument || code == ErrorCode::Closed;
}

}  // namespace

Client::Impl::Impl(base::LenswireUrl url, ClientSettings settings, base::StopToken stop)
    : url_(std::move(url)),
      settings_(std::move(settings)),
      stop_(std::move(stop)),
      random_(std::random_device{}()) {}

std::string Client::Impl::where() const { return net::host_and_port(url_.host, url_.port); }

Result<void> Client::Impl::start() {
  while (true) {
    auto connected = connect_once();
    if (connected) return {};
    if (!settings_.reconnect.wait_for_server || is_final(connected.error().code)) return connected;
    lost(connected.error());
    if (stop_.wait_until(retry_at_)) return fail(ErrorCode::Closed, "interrupted");
  }
}

Result<void> Client::Impl::connect_once() {
  const auto deadline = now() + settings_.connect_timeout;
  auto stream = client::open_transport(url_, settings_, deadline, stop_);
  if (!stream) return fail(std::move(stream).error());
  stream_ = std::make_unique<client::MessageStream>(std::move(*stream));
  in_message_ = false;
  auto greeted = shake_hands(deadline);
  if (!greeted) {
    stream_.reset();
    return greeted;
  }
  measure_clock();
  if (!stream_) return fail(ErrorCode::Disconnected, disconnect_reason_);
  connected_at_ = now();
  ++connection_number_;
  return {};
}

Result<void> Client::Impl::shake_hands(MonotonicTime deadline) {
  auto token = client::read_token(settings_);
  if (!token) return fail(std::move(token).error());
  json hello = {{"versions", {lwp::kVersion, lwp::kVersion}}, {"client", settings_.client_name}};
  if (!token->empty()) hello["token"] = *token;
  const auto hello_at = to_ns(now());
  if (auto sent = stream_->send(lwp::encode_map(lwp::MessageType::Hello, 0, hello), deadline);
      !sent)
    return sent;
  const auto welcome = read_greeting(deadline);
  if (!welcome) return fail(welcome.error());

  server_.protocol_version = static_cast<int>(
      std::clamp<std::int64_t>(client::integer_of(*welcome, "version", 0), 0, 255));
  if (server_.protocol_version != lwp::kVersion)
    return fail(ErrorCode::VersionMismatch,
                fmt::format("{} speaks protocol version {}, this program {}; update the older of "
                            "the two",
                            where(), server_.protocol_version, lwp::kVersion));
  server_.software = client::text_of(*welcome, "server");
  server_.name = client::text_of(*welcome, "name");
  server_.role = client::text_of(*welcome, "role");
  clock_.reset();
  const auto server_ns = client::integer_of(*welcome, "monotonic_ns", 0);
  if (const auto first =
          client::offset_from_exchange({hello_at, server_ns, server_ns}, to_ns(now())))
    clock_.add(*first, now());
  return {};
}

Result<json> Client::Impl::read_greeting(MonotonicTime deadline) {
  const auto silent = [&] {
    return fail(ErrorCode::Timeout,
                fmt::format("{} accepts connections but does not answer; is it a lenswire server?",
                            where()));
  };
  const auto head = stream_->next_head(deadline);
  if (!head && head.error().code == ErrorCode::Disconnected)
    return fail(ErrorCode::Disconnected,
                fmt::format("{} closed the connection instead of greeting; check that a lenswire "
                            "server listens there",
                            where()));
  if (!head && head.error().code == ErrorCode::InvalidArgument)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} does not speak the lenswire protocol ({}); check host and port",
                            where(), head.error().message));
  if (!head) return fail(head.error());
  if (!*head) return silent();
  const auto type = (*head)->prefix.type;
  if (type != lwp::MessageType::Welcome && type != lwp::MessageType::Bye)
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("{} does not greet as a lenswire server does; check host and port", where()));
  client::GrowingBuffer incoming;
  incoming.start(control_payload_, (*head)->prefix.payload_bytes);
  while (!incoming.complete()) {
    const auto room = incoming.room();
    const auto got = stream_->payload(room, deadline);
    if (!got) return fail(got.error());
    if (*got < room.size()) return silent();
    incoming.advance(*got);
  }
  auto map = lwp::decode_map(control_payload_);
  if (!map) return fail(std::move(map).error());
  if (type == lwp::MessageType::Bye) {
    auto error = client::error_of(*map, ErrorCode::Disconnected);
    error.message = fmt::format("{} refused: {}", where(), error.message);
    return fail(std::move(error));
  }
  return map;
}

void Client::Impl::measure_clock() {
  const auto begun = now();
  for (int i = 0; i < kClockExchanges && stream_ && now() - begun < kClockBudget; ++i)
    if (const auto sample = exchange_times(now() + kClockExchangeTimeout); !sample) return;
}

void Client::Impl::lost(const Error& why) {
  const bool was_connected = stream_ != nullptr;
  stream_.reset();
  in_message_ = false;
  incoming_frame_.reset();
  time_request_open_ = false;
  disconnect_reason_ = why.message;
  for (auto& subscription : subscriptions_) {
    subscription->server_id = 0;
    subscription->frames_acknowledged = 0;
    subscription->ack_due = false;
    subscription->retry_at = {};
    subscription->retry_wait = {};
  }
  const auto& policy = settings_.reconnect;
  if (was_connected && connected_at_ && now() - *connected_at_ > kGoodConnection) retry_wait_ = {};
  connected_at_.reset();
  retry_wait_ = std::clamp(retry_wait_ * 2, policy.first, std::max(policy.first, policy.max));
  retry_at_ = now() + with_jitter(retry_wait_);
  if (was_connected) {
    ClientEvent event;
    event.kind = ClientEvent::Kind::Disconnected;
    event.reason = why.message;
    push_event(std::move(event));
  }
}

Nanoseconds Client::Impl::with_jitter(Nanoseconds wait) {
  // Half to all of it, so that many clients of one server do not come back at one moment.
  std::uniform_int_distribution<std::int64_t> spread(wait.count() / 2, wait.count());
  return Nanoseconds(spread(random_));
}

Result<void> Client::Impl::ensure_connected() {
  if (auto ok = usable(); !ok) return ok;
  if (stream_) return {};
  if (!settings_.reconnect.enabled || now() < retry_at_)
    return fail(ErrorCode::Disconnected,
                fmt::format("not connected to {} now: {}", where(), disconnect_reason_));
  return reconnect_until(now());
}

Result<void> Client::Impl::reconnect_until(MonotonicTime deadline) {
  while (!stream_) {
    if (!settings_.reconnect.enabled) return fail(ErrorCode::Disconnected, disconnect_reason_);
    if (stop_.wait_until(std::min(retry_at_, deadline)))
      return fail(ErrorCode::Closed, "interrupted");
    if (now() < retry_at_) return fail(nothing_came());
    if (auto connected = connect_once(); !connected) {
      lost(connected.error());
      if (is_final(connected.error().code)) return connected;
      continue;
    }
    if (watching_) {
      auto watched = request_on_connection({{"op", "watch"}, {"events", true}});
      if (!watched && !stream_) continue;
    }
    if (auto restored = restore_subscriptions(); !restored) {
      if (is_final(restored.error().code)) return restored;
      continue;
    }
    ClientEvent event;
    event.kind = ClientEvent::Kind::Reconnected;
    push_event(std::move(event));
  }
  return {};
}

Result<void> Client::Impl::restore_subscriptions() {
  for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
    auto& subscription = *subscriptions_[i];
    if (subscription.server_id != 0 || subscription.ended || subscription.retry_at > now())
      continue;
    if (auto restored = restore(subscription); !restored) return restored;
  }
  return {};
}

// A server that has just started may not know the camera's streams yet, so a refusal is not final.
Result<void> Client::Impl::restore(client::SubscriptionState& subscription) {
  auto reply = request_on_connection(client::subscribe_request(subscription.settings));
  if (!stream_) return fail(ErrorCode::Disconnected, disconnect_reason_);
  auto accepted = reply ? accept(subscription, *reply) : Result<void>(fail(reply.error()));
  if (!accepted) {
    if (accepted.error().code == ErrorCode::Closed) return accepted;
    subscription.trouble = accepted.error().message;
    subscription.retry_wait =
        std::clamp<Nanoseconds>(subscription.retry_wait * 2, kRestoreFirst, kRestoreMax);
    subscription.retry_at = now() + with_jitter(subscription.retry_wait);
    return {};
  }
  if (subscription.frames_pulled > 0) {
    lwp::Extensions extensions;
    extensions.pull_frames = static_cast<std::uint32_t>(subscription.frames_pulled);
    return send(lwp::encode_plain(lwp::MessageType::Pull, subscription.server_id, extensions));
  }
  return {};
}

Result<void> Client::Impl::accept(client::SubscriptionState& subscription, const json& reply) {
  const auto server_id = client::integer_of(reply, "subscription", 0);
  if (server_id < 1 || server_id > UINT32_MAX)
    return fail(ErrorCode::InvalidArgument, "the server gave no subscription number");
  auto profile = profile_of(reply);
  if (!profile) return fail(std::move(profile).error());
  const bool changed = subscription.profile && *subscription.profile != **profile;
  subscription.profile = std::move(*profile);
  subscription.codec = client::text_of(reply, "codec");
  subscription.server_id = static_cast<std::uint32_t>(server_id);
  subscription.trouble.clear();
  subscription.retry_wait = {};
  if (changed) {
    ClientEvent event;
    event.kind = ClientEvent::Kind::ProfileChanged;
    event.subscription = subscription.id;
    event.profile = subscription.profile;
    push_event(std::move(event));
  }
  return {};
}

}  // namespace lenswire
