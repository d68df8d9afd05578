// client_impl.cpp - Client::Impl: reading messages, and what the public calls do.
#include "client/client_impl.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "client/reply_maps.hpp"
#include "wire/lwp/decode.hpp"
#include "wire/lwp/encode.hpp"
#include "wire/maps.hpp"

namespace lenswire {

using namespace std::chrono_literals;
using nlohmann::json;
namespace lwp = wire::lwp;

namespace {

constexpr auto kSendTimeout = 10s;
constexpr auto kStalledMessage = 10s;
constexpr auto kClockInterval = 5s;
constexpr auto kClockReplyLost = 30s;
constexpr std::size_t kMaxEvents = 256;
constexpr std::size_t kMaxWaitingFrames = 1024;
constexpr std::size_t kMaxWaitingBytes = std::size_t{512} << 20;

MonotonicTime now() noexcept { return base::system_clock().now(); }

auto broken(std::string what) { return fail(ErrorCode::InvalidArgument, std::move(what)); }

// What Bye says, as the code of a connection that is no more: `closed` there is the server's end,
// not ours.
Error end_of(const json& bye) {
  auto error = client::error_of(bye, ErrorCode::Disconnected);
  if (error.code != ErrorCode::PermissionDenied && error.code != ErrorCode::VersionMismatch &&
      error.code != ErrorCode::InvalidArgument)
    error.code = ErrorCode::Disconnected;
  error.message = fmt::format("the server ended the connection: {}", error.message);
  return error;
}

}  // namespace

Result<void> Client::Impl::usable() const {
  if (closed_) return fail(ErrorCode::Closed, "this client was closed");
  if (stop_.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
  return {};
}

ClockOffset Client::Impl::clock_offset() const noexcept { return clock_.at(now()); }

client::SubscriptionState* Client::Impl::by_id(std::uint32_t id) noexcept {
  for (auto& subscription : subscriptions_)
    if (subscription->id == id) return subscription.get();
  return nullptr;
}

client::SubscriptionState* Client::Impl::by_server_id(std::uint32_t id) noexcept {
  for (auto& subscription : subscriptions_)
    if (id != 0 && subscription->server_id == id) return subscription.get();
  return nullptr;
}

void Client::Impl::push_event(ClientEvent event) {
  if (events_.size() >= kMaxEvents) events_.pop_front();
  events_.push_back(std::move(event));
}

// --- reading -------------------------------------------------------------------------------------

Result<Client::Impl::Taken> Client::Impl::pump(MonotonicTime deadline) {
  if (!in_message_) {
    const auto head = stream_->next_head(deadline);
    if (!head) return fail(head.error());
    if (!*head) return Taken::Nothing;
    if (auto begun = begin_message(**head); !begun) return fail(std::move(begun).error());
  }
  while (!incoming_.complete()) {
    const auto room = incoming_.room();
    const auto got = stream_->payload(room, std::min(deadline, last_progress_ + kStalledMessage));
    if (!got) return fail(got.error());
    incoming_.advance(*got);
    if (*got > 0) last_progress_ = now();
    if (*got == room.size()) continue;
    if (now() >= last_progress_ + kStalledMessage)
      return fail(ErrorCode::Disconnected, "the server stopped in the middle of a message");
    if (now() >= deadline) return Taken::Nothing;
  }
  in_message_ = false;
  if (auto finished = finish_message(); !finished) return fail(std::move(finished).error());
  return Taken::Message;
}

Result<void> Client::Impl::begin_message(const client::MessageHead& head) {
  head_ = head;
  incoming_frame_.reset();
  if (head.prefix.type == lwp::MessageType::Frame) {
    if (auto good = client::FrameAssembly::check(head); !good) return good;
    incoming_frame_ = assembly_.acquire();
    incoming_.start(incoming_frame_->data, head.prefix.payload_bytes);
  } else {
    incoming_.start(control_payload_, head.prefix.payload_bytes);
  }
  in_message_ = true;
  last_progress_ = now();
  return {};
}

Result<void> Client::Impl::finish_message() {
  const auto type = head_.prefix.type;
  if (type == lwp::MessageType::Frame) return on_frame();
  if (type == lwp::MessageType::TimeReply) {
    on_time_reply(head_.extensions);
    return {};
  }
  if (type != lwp::MessageType::Reply && type != lwp::MessageType::Event &&
      type != lwp::MessageType::Bye)
    return broken("the server sent a message that only clients send");
  auto map = lwp::decode_map(control_payload_);
  if (!map) return fail(std::move(map).error());
  if (type == lwp::MessageType::Event) return on_event(*map);
  if (type == lwp::MessageType::Bye) return fail(end_of(*map));
  if (head_.prefix.tag == awaited_tag_) reply_ = std::move(*map);
  return {};
}

Result<void> Client::Impl::on_frame() {
  auto* subscription = by_server_id(head_.prefix.tag);
  if (!subscription) return {};  // unsubscribed while it was on its way
  if (subscription->frames_pulled > 0) --subscription->frames_pulled;
  retry_wait_ = {};
  if (waiting_frames_.size() >= kMaxWaitingFrames || waiting_bytes_ >= kMaxWaitingBytes) {
    // Only a server that ignores the windows gets here.
    waiting_bytes_ -= waiting_frames_.front().frame->data.size();
    waiting_frames_.erase(waiting_frames_.begin());
  }
  waiting_frames_.push_back(client::FrameAssembly::arrived(std::move(incoming_frame_), head_,
                                                           *subscription, clock_, now()));
  waiting_frames_.back().connection = connection_number_;
  waiting_bytes_ += waiting_frames_.back().frame->data.size();
  return {};
}

void Client::Impl::on_time_reply(const lwp::Extensions& extensions) {
  const auto arrived = now();
  if (!extensions.time || !time_request_open_ || head_.prefix.tag != time_request_tag_ ||
      extensions.time->t0 != time_request_t0_)
    return;
  time_request_open_ = false;
  last_exchange_ = client::offset_from_exchange(*extensions.time, to_ns(arrived));
  if (last_exchange_) clock_.add(*last_exchange_, arrived);
}

Result<StreamProfilePtr> Client::Impl::profile_of(const json& map) {
  const auto found = map.find("profile");
  auto profile = wire::profile_from_map(found == map.end() ? json() : *found);
  if (!profile) return fail(std::move(profile).error());
  return std::make_shared<const StreamProfile>(std::move(profile->profile));
}

Result<void> Client::Impl::on_event(const json& map) {
  const auto kind = client::text_of(map, "event");
  if (kind != "profile" && kind != "ended") {
    auto event = client::camera_event_from_map(map);
    if (!event) return fail(std::move(event).error());
    if (*event) push_event(std::move(**event));
    return {};
  }
  const auto number = client::integer_of(map, "subscription", 0);
  auto* subscription = number > 0 && number <= UINT32_MAX
                           ? by_server_id(static_cast<std::uint32_t>(number))
                           : nullptr;
  if (!subscription) return {};
  ClientEvent event;
  event.subscription = subscription->id;
  if (kind == "profile") {
    auto profile = profile_of(map);
    if (!profile) return fail(std::move(profile).error());
    subscription->profile = *profile;
    event.kind = ClientEvent::Kind::ProfileChanged;
    event.profile = std::move(*profile);
  } else {
    event.kind = ClientEvent::Kind::StreamEnded;
    event.reason = client::text_of(map, "message");
    ended_reason_ = fmt::format("{}/{} has ended: {}", subscription->settings.camera,
                                subscription->settings.stream, event.reason);
    subscription->ended = true;
  }
  push_event(std::move(event));
  return {};
}

// --- writing -------------------------------------------------------------------------------------

Result<void> Client::Impl::send(std::span<const std::byte> bytes) {
  return stream_->send(bytes, now() + kSendTimeout);
}

Result<void> Client::Impl::send_acks() {
  for (auto& subscription : subscriptions_) {
    if (!subscription->ack_due) continue;
    subscription->ack_due = false;
    lwp::Extensions extensions;
    extensions.ack_frames = subscription->frames_acknowledged;
    lwp::encode_head(lwp::MessageType::Ack, subscription->server_id, extensions, 0, outgoing_);
    if (auto sent = send(outgoing_); !sent) return sent;
  }
  return {};
}

Result<void> Client::Impl::send_time_request() {
  time_request_at_ = now();
  time_request_t0_ = to_ns(time_request_at_);
  time_request_tag_ = ++next_tag_;
  time_request_open_ = true;
  last_exchange_.reset();
  lwp::Extensions extensions;
  extensions.time = lwp::TimeExtension{time_request_t0_, 0, 0};
  lwp::encode_head(lwp::MessageType::TimeRequest, time_request_tag_, extensions, 0, outgoing_);
  return send(outgoing_);
}

Result<void> Client::Impl::keep_clock() {
  const auto age = now() - time_request_at_;
  if (age < kClockInterval || (time_request_open_ && age < kClockReplyLost)) return {};
  return send_time_request();
}

Result<ClockOffset> Client::Impl::exchange_times(MonotonicTime deadline) {
  if (auto sent = send_time_request(); !sent) {
    lost(sent.error());
    return fail(lost_error(sent.error()));
  }
  while (time_request_open_) {
    const auto taken = pump(deadline);
    if (!taken) {
      if (taken.error().code != ErrorCode::Closed) lost(taken.error());
      return fail(lost_error(taken.error()));
    }
    if (*taken == Taken::Nothing)
      return fail(ErrorCode::Timeout, fmt::format("{} does not answer a ping", where()));
  }
  if (!last_exchange_)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} answers pings with impossible times", where()));
  return *last_exchange_;
}

Result<json> Client::Impl::request_on_connection(json arguments) {
  const auto tag = ++next_tag_;
  awaited_tag_ = tag;
  reply_.reset();
  const auto deadline = now() + settings_.request_timeout;
  const auto give_up = [&](const Error& why) {
    if (why.code != ErrorCode::Closed) lost(why);
    return fail(lost_error(why));
  };
  if (auto sent = send(lwp::encode_map(lwp::MessageType::Request, tag, arguments)); !sent)
    return give_up(sent.error());
  while (!reply_) {
    const auto taken = pump(deadline);
    if (!taken) return give_up(taken.error());
    if (*taken == Taken::Nothing)
      return fail(ErrorCode::Timeout, fmt::format("{} did not answer '{}' in time", where(),
                                                  client::text_of(arguments, "op")));
  }
  awaited_tag_ = 0;
  auto reply = std::move(*reply_);
  reply_.reset();
  const auto ok = reply.find("ok");
  if (ok != reply.end() && ok->is_boolean() && ok->get<bool>()) return reply;
  return fail(client::error_of(reply, ErrorCode::InvalidArgument));
}

// --- what the public calls do --------------------------------------------------------------------

Result<json> Client::Impl::request(json arguments) {
  if (auto ready = ensure_connected(); !ready) return fail(std::move(ready).error());
  return request_on_connection(std::move(arguments));
}

Result<Subscription> Client::Impl::subscribe(const SubscribeSettings& settings) {
  if (auto good = client::check(settings); !good) return fail(std::move(good).error());
  auto reply = request(client::subscribe_request(settings));
  if (!reply) return fail(std::move(reply).error());
  auto subscription = std::make_unique<client::SubscriptionState>();
  subscription->id = ++next_subscription_;
  subscription->settings = settings;
  if (auto accepted = accept(*subscription, *reply); !accepted)
    return fail(std::move(accepted).error());
  const Subscription out{subscription->id, subscription->profile, subscription->codec};
  subscriptions_.push_back(std::move(subscription));
  ended_reason_.clear();
  return out;
}

Result<void> Client::Impl::unsubscribe(std::uint32_t id) {
  const auto* subscription = by_id(id);
  if (!subscription)
    return fail(ErrorCode::NotFound, fmt::format("there is no subscription {}", id));
  const auto server_id = subscription->server_id;
  std::erase_if(subscriptions_, [&](const auto& s) { return s->id == id; });
  for (const auto& frame : waiting_frames_)
    if (frame.out.subscription == id) waiting_bytes_ -= frame.frame->data.size();
  std::erase_if(waiting_frames_, [&](const auto& frame) { return frame.out.subscription == id; });
  if (!stream_ || server_id == 0) return {};
  auto reply = request_on_connection({{"op", "unsubscribe"}, {"subscription", server_id}});
  if (!reply) return fail(std::move(reply).error());
  return {};
}

Result<void> Client::Impl::survive(const Error& error) {
  if (error.code == ErrorCode::Closed) return fail(error);
  if (stream_) lost(error);
  const bool passing = error.code == ErrorCode::Disconnected || error.code == ErrorCode::Timeout;
  if (passing && settings_.reconnect.enabled) return {};
  return fail(lost_error(error));
}

Result<void> Client::Impl::serve_connection() {
  if (auto sent = send_acks(); !sent) return sent;
  if (auto sent = keep_clock(); !sent) return sent;
  return restore_subscriptions();
}

MonotonicTime Client::Impl::next_restore() const noexcept {
  auto at = MonotonicTime::max();
  for (const auto& subscription : subscriptions_)
    if (subscription->server_id == 0 && !subscription->ended)
      at = std::min(at, subscription->retry_at);
  return at;
}

Result<bool> Client::Impl::step(MonotonicTime deadline) {
  if (!stream_) {
    if (auto mended = reconnect_until(deadline); !mended) return fail(std::move(mended).error());
  }
  if (auto served = serve_connection(); !served) {
    if (auto lives = survive(served.error()); !lives) return fail(std::move(lives).error());
    return true;
  }
  const auto taken = pump(std::min(deadline, next_restore()));
  if (!taken) {
    if (auto lives = survive(taken.error()); !lives) return fail(std::move(lives).error());
    return true;
  }
  return *taken == Taken::Message || now() < deadline;
}

Result<ReceivedFrame> Client::Impl::next(MonotonicTime deadline) {
  if (auto ok = usable(); !ok) return fail(std::move(ok).error());
  if (stream_) {
    if (auto sent = send_acks(); !sent)
      if (auto lives = survive(sent.error()); !lives) return fail(std::move(lives).error());
  }
  while (true) {
    if (!waiting_frames_.empty()) return take_waiting_frame();
    std::erase_if(subscriptions_, [](const auto& s) { return s->ended; });  // all its frames taken
    if (subscriptions_.empty())
      return ended_reason_.empty() ? broken("there is no subscription to wait for; subscribe first")
                                   : fail(ErrorCode::Closed, ended_reason_);
    const auto more = step(deadline);
    if (!more) return fail(more.error());
    if (!*more) return fail(nothing_came());
  }
}

Result<ReceivedFrame> Client::Impl::take_waiting_frame() {
  auto arrived = std::move(waiting_frames_.front());
  waiting_frames_.erase(waiting_frames_.begin());
  waiting_bytes_ -= arrived.frame->data.size();
  auto& subscription = *by_id(arrived.out.subscription);
  // One that came over an earlier connection must not be acknowledged on this one.
  if (arrived.connection == connection_number_ && stream_) {
    ++subscription.frames_acknowledged;
    subscription.ack_due = subscription.settings.policy != DeliveryPolicy::Pull;
  }
  return assembly_.finish(std::move(arrived), subscription);
}

Result<ClientEvent> Client::Impl::next_event(MonotonicTime deadline) {
  if (auto ok = usable(); !ok) return fail(std::move(ok).error());
  while (events_.empty()) {
    const auto more = step(deadline);
    // What happened to the connection is itself an event.
    if (!more && (events_.empty() || more.error().code == ErrorCode::Closed))
      return fail(more.error());
    if (events_.empty() && more && !*more)
      return fail(ErrorCode::Timeout, fmt::format("no event from {} in time", where()));
  }
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

Result<void> Client::Impl::pull(std::uint32_t id, std::uint32_t frames) {
  auto* subscription = by_id(id);
  if (!subscription)
    return fail(ErrorCode::NotFound, fmt::format("there is no subscription {}", id));
  if (subscription->settings.policy != DeliveryPolicy::Pull)
    return broken("pull() is for subscriptions with the policy 'pull'");
  if (auto ok = usable(); !ok) return ok;
  subscription->frames_pulled =
      std::min<std::uint64_t>(subscription->frames_pulled + frames, UINT32_MAX);
  if (!stream_ || subscription->server_id == 0) return {};  // asked again when it is restored
  lwp::Extensions extensions;
  extensions.pull_frames = frames;
  lwp::encode_head(lwp::MessageType::Pull, subscription->server_id, extensions, 0, outgoing_);
  if (auto sent = send(outgoing_); !sent) return survive(sent.error());
  return {};
}

Result<void> Client::Impl::watch(bool wanted) {
  auto reply = request({{"op", "watch"}, {"events", wanted}});
  if (!reply) return fail(std::move(reply).error());
  watching_ = wanted;
  return {};
}

Result<ClockOffset> Client::Impl::ping(int count) {
  if (auto ready = ensure_connected(); !ready) return fail(std::move(ready).error());
  std::optional<ClockOffset> best;
  for (int i = 0; i < std::max(count, 1); ++i) {
    auto sample = exchange_times(now() + settings_.request_timeout);
    if (!sample) return sample;
    if (!best || sample->round_trip < best->round_trip) best = *sample;
  }
  return *best;
}

void Client::Impl::close() noexcept {
  if (closed_) return;
  closed_ = true;
  if (!stream_) return;
  try {
    const auto bye = lwp::encode_map(lwp::MessageType::Bye, 0, {{"message", "goodbye"}});
    // A courtesy: a server that does not take it finds out by itself.
    (void)stream_->send(bye, now() + 100ms);
  } catch (const std::bad_alloc&) {
  }
  stream_.reset();
}

Error Client::Impl::lost_error(const Error& why) const {
  if (why.code != ErrorCode::Disconnected) return why;
  return {why.code, fmt::format("lost {}: {}; `lenswire ls {}` tells when it is back", where(),
                                why.message, where())};
}

Error Client::Impl::nothing_came() const {
  if (!stream_)
    return {ErrorCode::Timeout,
            fmt::format("no frame in time: not connected to {} ({})", where(), disconnect_reason_)};
  for (const auto& subscription : subscriptions_)
    if (!subscription->trouble.empty())
      return {ErrorCode::Timeout, fmt::format("no frame in time: {}", subscription->trouble)};
  return {ErrorCode::Timeout,
          fmt::format("no frame from {} in time; `lenswire ls {}` shows how its cameras are",
                      where(), where())};
}

}  // namespace lenswire
