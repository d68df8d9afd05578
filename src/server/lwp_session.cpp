#include "server/lwp_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "server/http_api.hpp"
#include "server/mjpeg_session.hpp"
#include "server/openapi.hpp"
#include "server/profile_request.hpp"
#include "server/rtc_port.hpp"
#include "server/services.hpp"
#include "server/subscribe_request.hpp"
#include "server/version.hpp"
#include "wire/calibration/calibration_map.hpp"
#include "wire/lwp/encode.hpp"
#include "wire/maps.hpp"

namespace lenswire::server {
namespace {

using nlohmann::json;
using wire::lwp::MessageType;

std::string text_of(const json& map, const char* key) {
  const auto found = map.find(key);
  return found != map.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

LwpSession::LwpSession(Worker& worker, std::unique_ptr<net::Stream> stream,
                       ConnectionTable::Admission admission)
    : worker_(worker),
      admission_(std::move(admission)),
      port_(make_stream_port(std::move(stream), outgoing_, *this)),
      began_(worker.now()),
      last_progress_(began_) {}

LwpSession::LwpSession(Worker& worker, std::unique_ptr<net::Stream> stream,
                       const net::HttpRequest& upgrade, ConnectionTable::Admission admission)
    : worker_(worker),
      admission_(std::move(admission)),
      port_(make_websocket_port(std::move(stream), upgrade, outgoing_, *this)),
      role_(Role::Admin),
      began_(worker.now()),
      last_progress_(began_) {}

LwpSession::LwpSession(Worker& worker, std::unique_ptr<RtcPort> port,
                       ConnectionTable::Admission admission)
    : worker_(worker),
      admission_(std::move(admission)),
      role_(Role::Admin),
      began_(worker.now()),
      last_progress_(began_) {
  port->attach(outgoing_, *this);
  port_ = std::move(port);
}

LwpSession::~LwpSession() { end(); }

void LwpSession::begin(SessionId id) {
  id_ = id;
  port_->begin();
}

void LwpSession::end() {
  if (std::exchange(ended_, true)) return;
  subscriptions_.clear();
  port_->close(false);
  worker_.retire(id_);
}

void LwpSession::farewell() {
  // Only where nothing is half sent: a Bye inside a frame would be no Bye.
  if (ended_ || closing_ || !port_->ready()) return;
  const auto message =
      wire::lwp::encode_map(MessageType::Bye, 0, {{"message", "the server is stopping"}});
  outgoing_.head() = message;
  outgoing_.start(nullptr);
  port_->send();
  port_->close(true);
  ended_ = true;
}

void LwpSession::tick(MonotonicTime now) {
  if (ended_) return;
  if (!port_->established()) {
    // Signalling done and nobody there: the port itself ends an attempt that leads nowhere.
    if (now - began_ > kEstablishDeadline) end();
    return;
  }
  if (!hello_done_ && now - (hello_awaited_ ? *hello_awaited_ : began_) > kHelloDeadline)
    return bye({ErrorCode::Timeout, "no Hello within 10 s"});
  // Either the socket is full, or it is not and yet the client acknowledges nothing.
  const bool waiting =
      port_->blocked() || std::any_of(subscriptions_.begin(), subscriptions_.end(),
                                      [](const auto& s) { return s->window_full(); });
  if (!waiting || now - last_progress_ < kNoProgressDeadline) return;
  worker_.services().totals.slow_clients_cut.fetch_add(1);
  base::log_info(
      "client_cut",
      {{"peer", port_->peer().host}, {"reason", "took nothing for 10 s"}, {"protocol", "lwp"}});
  end();
}

void LwpSession::on_bytes(std::span<const std::byte> bytes) {
  if (ended_ || closing_) return;
  assembler_.feed(bytes);
  while (!ended_ && !closing_) {
    const auto next = assembler_.next();
    if (!next) return bye(next.error());
    if (!*next) break;
    handle(**next);
  }
  pump();
}

void LwpSession::handle(const wire::lwp::MessageView& message) {
  if (!hello_done_) {
    if (message.prefix.type != MessageType::Hello)
      return bye({ErrorCode::InvalidArgument, "the first message must be Hello"});
    return handle_hello(message);
  }
  switch (message.prefix.type) {
    case MessageType::Request: {
      const auto map = wire::lwp::decode_map(message.payload);
      if (!map) return bye(map.error());
      return handle_request(message.prefix.tag, *map);
    }
    case MessageType::Ack:
    case MessageType::Pull:
      return handle_flow(message);
    case MessageType::TimeRequest:
      return handle_time(message);
    case MessageType::Bye:
      return end();
    default:
      return bye(
          {ErrorCode::InvalidArgument, fmt::format("a client does not send messages of type {}",
                                                   static_cast<int>(message.prefix.type))});
  }
}

void LwpSession::handle_hello(const wire::lwp::MessageView& message) {
  const auto map = wire::lwp::decode_map(message.payload);
  if (!map) return bye(map.error());
  const auto versions = map->find("versions");
  const bool readable = versions != map->end() && versions->is_array() && versions->size() == 2 &&
                        (*versions)[0].is_number_integer() && (*versions)[1].is_number_integer();
  if (!readable)
    return bye({ErrorCode::InvalidArgument, "Hello: 'versions' must be [first, last]"});
  if ((*versions)[0].get<int>() > wire::lwp::kVersion ||
      (*versions)[1].get<int>() < wire::lwp::kVersion)
    return bye({ErrorCode::VersionMismatch,
                fmt::format("this server speaks version {} of the protocol, the client {} to {}; "
                            "update the older of the two",
                            wire::lwp::kVersion, (*versions)[0].dump(), (*versions)[1].dump())});
  if (role_ == Role::None) {
    const auto role = worker_.services().access.authorize(
        {port_->peer(), port_->is_encrypted(), false}, text_of(*map, "token"));
    if (!role) return bye(role.error());
    role_ = *role;
  }
  admission_.authenticated();
  hello_done_ = true;
  auto& services = worker_.services();
  queue_control(wire::lwp::encode_map(MessageType::Welcome, 0,
                                      {{"version", wire::lwp::kVersion},
                                       {"server", std::string("lenswire ") + kVersion},
                                       {"name", services.name},
                                       {"role", to_string(role_)},
                                       {"monotonic_ns", to_ns(services.clock.now())},
                                       {"utc_ns", to_ns(services.clock.now_utc())},
                                       {"max_message_bytes", wire::lwp::kMaxMessageToServer}}));
}

void LwpSession::handle_request(std::uint32_t id, const json& request) {
  const auto op = text_of(request, "op");
  auto& services = worker_.services();
  if (op == "subscribe") return subscribe(id, request);
  if (op == "unsubscribe") return unsubscribe(id, request);
  if (op == "controls") return controls(id, request, false);
  if (op == "set_controls") return controls(id, request, true);
  if (op == "set_profile") return set_profile(id, request);
  if (op == "set_calibration") return set_calibration(id, request);
  if (op == "server") return reply(id, describe_server(services));
  if (op == "cameras") {
    auto list = json::array();
    for (const auto& camera : services.cameras) list.push_back(camera->describe());
    return reply(id, {{"cameras", std::move(list)}});
  }
  if (op == "watch") {
    const auto events = request.find("events");
    if (events == request.end() || !events->is_boolean())
      return reply_error(id, {ErrorCode::InvalidArgument, "watch: 'events' must be true or false"});
    watching_ = events->get<bool>();
    return reply(id, json::object());
  }
  if (op == "lease") return reply_error(id, {ErrorCode::Unsupported, "this version has no leases"});
  reply_error(id, {ErrorCode::Unsupported,
                   fmt::format("no operation '{}'; there is: server, cameras, subscribe, "
                               "unsubscribe, controls, set_controls, set_profile, "
                               "set_calibration, watch",
                               op.substr(0, 64))});
}

void LwpSession::subscribe(std::uint32_t id, const json& request) {
  if (subscriptions_.size() >= kMaxSubscriptions)
    return reply_error(id, {ErrorCode::Busy, "a connection carries at most 64 subscriptions"});
  const auto camera = worker_.services().camera(text_of(request, "camera"));
  if (!camera) return reply_error(id, camera.error());
  const auto stream = (*camera)->stream(text_of(request, "stream"));
  if (!stream) return reply_error(id, stream.error());
  const auto profile = (*stream)->profile();
  const auto parsed = parse_subscribe(request, *profile);
  if (!parsed) return reply_error(id, parsed.error());
  const auto delivered = hub::delivered_profile(*profile, parsed->wish);
  if (!delivered) return reply_error(id, delivered.error());

  auto subscription = std::make_unique<LwpSubscription>(
      ++last_subscription_id_, worker_.fanout(**stream, parsed->wish), parsed->delivery,
      parsed->window, static_cast<SubscriptionOwner&>(*this));
  // The profile's version comes with the first frame, in a `profile` event before it.
  reply(id, {{"subscription", subscription->id()},
             {"codec", codec::find_codec(parsed->wish.codec)->name},
             {"profile", wire::to_map(*delivered, 0)}});
  auto& added = *subscriptions_.emplace_back(std::move(subscription));
  if (auto begun = added.begin(); !begun) {
    queue_control(wire::lwp::encode_map(
        MessageType::Event, 0,
        {{"event", "ended"}, {"subscription", added.id()}, {"message", begun.error().message}}));
    subscriptions_.pop_back();
  }
}

void LwpSession::unsubscribe(std::uint32_t id, const json& request) {
  const auto wanted = request.find("subscription");
  const auto found =
      std::find_if(subscriptions_.begin(), subscriptions_.end(), [&](const auto& subscription) {
        return wanted != request.end() && wanted->is_number_integer() &&
               *wanted == subscription->id();
      });
  if (found == subscriptions_.end())
    return reply_error(id, {ErrorCode::NotFound, "unsubscribe: no such subscription"});
  subscriptions_.erase(found);
  reply(id, json::object());
}

void LwpSession::controls(std::uint32_t id, const json& request, bool apply) {
  if (apply && role_ < Role::Control)
    return reply_error(id, {ErrorCode::PermissionDenied, "this needs the role 'control'"});
  const auto camera = worker_.services().camera(text_of(request, "camera"));
  if (!camera) return reply_error(id, camera.error());
  auto done = [worker = &worker_, session = id_, id](const Result<std::vector<Control>>& result) {
    worker->with_session(session, [id, result](Session& self) {
      static_cast<LwpSession&>(self).reply_controls(id, result);
    });
  };
  if (!apply) return (*camera)->read_controls(std::move(done));
  const auto settings = wire::settings_from_map(request.value("settings", json()));
  if (!settings) return reply_error(id, settings.error());
  (*camera)->apply_controls(*settings, std::move(done));
}

void LwpSession::set_calibration(std::uint32_t id, const json& request) {
  if (role_ < Role::Control)
    return reply_error(id, {ErrorCode::PermissionDenied, "this needs the role 'control'"});
  const auto camera = worker_.services().camera(text_of(request, "camera"));
  if (!camera) return reply_error(id, camera.error());
  const auto given = request.find("calibration");
  if (given == request.end())
    return reply_error(id, {ErrorCode::InvalidArgument,
                            "set_calibration: 'calibration' must be a map, or null for the "
                            "device's own"});
  std::optional<StreamCalibration> calibration;
  if (!given->is_null()) {
    auto parsed = wire::calibration_from_map(*given);
    if (!parsed) return reply_error(id, parsed.error());
    calibration = std::move(*parsed);
  }
  auto done = [worker = &worker_, session = id_, id](const Result<StreamProfilePtr>& result) {
    worker->with_session(session, [id, result](Session& session_then) {
      auto& self = static_cast<LwpSession&>(session_then);
      if (result)
        self.reply(id, {{"profile", wire::to_map(**result, 0)}});
      else
        self.reply_error(id, result.error());
      self.pump();
    });
  };
  (*camera)->set_calibration(text_of(request, "stream"), std::move(calibration),
                             CalibrationChange::Merge, std::move(done));
}

void LwpSession::reply_controls(std::uint32_t id, const Result<std::vector<Control>>& result) {
  if (result)
    reply(id, {{"controls", wire::to_map(*result)}});
  else
    reply_error(id, result.error());
  pump();
}

void LwpSession::set_profile(std::uint32_t id, const json& request) {
  if (role_ < Role::Control)
    return reply_error(id, {ErrorCode::PermissionDenied, "this needs the role 'control'"});
  const auto camera = worker_.services().camera(text_of(request, "camera"));
  if (!camera) return reply_error(id, camera.error());
  auto wanted = request;
  for (const auto* key : {"op", "camera"}) wanted.erase(key);
  const auto changes = parse_profile_request(wanted);
  if (!changes) return reply_error(id, changes.error());
  (*camera)->reconfigure(
      *changes, [worker = &worker_, session = id_, id, camera = *camera](const Result<void>& done) {
        worker->with_session(session, [id, done, camera](Session& session_now) {
          auto& self = static_cast<LwpSession&>(session_now);
          if (done)
            self.reply(id, {{"camera", camera->describe()}});
          else
            self.reply_error(id, done.error());
          self.pump();
        });
      });
}

void LwpSession::handle_flow(const wire::lwp::MessageView& message) {
  const auto found = std::find_if(
      subscriptions_.begin(), subscriptions_.end(),
      [&](const auto& subscription) { return subscription->id() == message.prefix.tag; });
  // An Ack may cross an unsubscribe; that is no mistake.
  if (found == subscriptions_.end()) return;
  const auto& extensions = message.extensions;
  if (message.prefix.type == MessageType::Pull) {
    (*found)->grant(extensions.pull_frames.value_or(1));
  } else if (extensions.ack_frames) {
    if (auto result = (*found)->acknowledge(*extensions.ack_frames); !result)
      return bye(result.error());
    last_progress_ = worker_.now();
  }
}

void LwpSession::handle_time(const wire::lwp::MessageView& message) {
  if (!message.extensions.time)
    return bye({ErrorCode::InvalidArgument, "TimeRequest without the extension 'time'"});
  wire::lwp::Extensions extensions;
  extensions.time = message.extensions.time;
  extensions.time->t1 = to_ns(worker_.now());
  extensions.time->t2 = to_ns(worker_.now());
  queue_control(wire::lwp::encode_plain(MessageType::TimeReply, message.prefix.tag, extensions));
}

void LwpSession::event(const json& map) {
  if (!watching_ || ended_ || closing_) return;
  queue_control(wire::lwp::encode_map(MessageType::Event, 0, map));
  pump();
}

void LwpSession::subscription_ready() { pump(); }

void LwpSession::subscription_ended(std::uint32_t id, const Error& reason) {
  worker_.with_session(id_, [id, message = reason.message](Session& session) {
    auto& self = static_cast<LwpSession&>(session);
    const auto gone = std::erase_if(
        self.subscriptions_, [id](const auto& subscription) { return subscription->id() == id; });
    if (gone == 0 || self.ended_ || self.closing_) return;
    self.queue_control(wire::lwp::encode_map(
        MessageType::Event, 0, {{"event", "ended"}, {"subscription", id}, {"message", message}}));
    self.pump();
  });
}

void LwpSession::queue_profile(const LwpSubscription& subscription) {
  queue_control(wire::lwp::encode_map(
      MessageType::Event, 0,
      {{"event", "profile"},
       {"subscription", subscription.id()},
       {"profile",
        wire::to_map(subscription.profile()->profile, subscription.profile()->version)}}));
}

void LwpSession::reply(std::uint32_t id, json result) {
  result["ok"] = true;
  queue_control(wire::lwp::encode_map(MessageType::Reply, id, result));
}

void LwpSession::reply_error(std::uint32_t id, const Error& error) {
  queue_control(wire::lwp::encode_map(
      MessageType::Reply, id,
      {{"ok", false}, {"error", to_string(error.code)}, {"message", error.message}}));
}

void LwpSession::queue_control(std::vector<std::byte> message) {
  control_bytes_ += message.size();
  control_queue_.push_back(std::move(message));
  if (control_queue_.size() <= kMaxWaitingControlMessages &&
      control_bytes_ <= kMaxWaitingControlBytes)
    return;
  base::log_info("client_cut",
                 {{"peer", port_->peer().host}, {"reason", "does not read its replies"}});
  end();
}

void LwpSession::bye(const Error& error) {
  if (ended_ || closing_) return;
  subscriptions_.clear();
  queue_control(wire::lwp::encode_map(
      MessageType::Bye, 0, {{"error", to_string(error.code)}, {"message", error.message}}));
  closing_ = true;
  pump();
}

void LwpSession::pump() {
  // send() may finish at once and come back here through on_sent(); the loop does that instead.
  if (pumping_ || ended_) return;
  pumping_ = true;
  auto& totals = worker_.services().totals;
  while (!ended_ && port_->ready()) {
    if (!control_queue_.empty()) {
      outgoing_.head() = std::move(control_queue_.front());
      control_queue_.pop_front();
      control_bytes_ -= outgoing_.head().size();
      outgoing_.start(nullptr);
    } else {
      if (closing_) {
        pumping_ = false;
        port_->close(true);
        ended_ = true;
        worker_.retire(id_);
        return;
      }
      const auto count = subscriptions_.size();
      LwpSubscription* next = nullptr;
      for (std::size_t i = 0; i < count && !next; ++i) {
        auto& candidate = *subscriptions_[next_subscription_++ % count];
        if (candidate.ready()) next = &candidate;
      }
      if (!next) break;
      if (next->announce_profile()) {
        queue_profile(*next);
        continue;
      }
      MissedList missed;
      auto frame = next->take(outgoing_.head(), worker_.services().clock, missed);
      totals.count_missed(missed);
      outgoing_.start(std::move(frame));
      totals.frames_sent.fetch_add(1, std::memory_order_relaxed);
      totals.bytes_sent.fetch_add(outgoing_.total(), std::memory_order_relaxed);
    }
    last_progress_ = worker_.now();
    if (!port_->send()) break;
  }
  pumping_ = false;
}

void LwpSession::on_sent() {
  last_progress_ = worker_.now();
  pump();
}

void LwpSession::on_established() {
  hello_awaited_ = worker_.now();
  last_progress_ = *hello_awaited_;
}

void LwpSession::on_progress() { last_progress_ = worker_.now(); }

}  // namespace lenswire::server
