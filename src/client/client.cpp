#include <lenswire/client.hpp>

#include "base/clock.hpp"
#include "client/client_impl.hpp"
#include "client/reply_maps.hpp"
#include "wire/calibration/calibration_map.hpp"
#include "wire/maps.hpp"

namespace lenswire {
namespace {

MonotonicTime after(Nanoseconds timeout) noexcept {
  const auto now = base::system_clock().now();
  return timeout > MonotonicTime::max() - now ? MonotonicTime::max() : now + timeout;
}

Result<std::unique_ptr<Client>> connect_with(std::string_view url, ClientSettings settings,
                                             std::optional<base::StopSource> own_stop,
                                             base::StopToken stop) {
  auto parsed = base::LenswireUrl::parse(url);
  if (!parsed) return fail(std::move(parsed).error());
  auto impl =
      std::make_unique<Client::Impl>(std::move(*parsed), std::move(settings), std::move(stop));
  impl->own_stop = std::move(own_stop);
  if (auto started = impl->start(); !started) return fail(std::move(started).error());
  return std::make_unique<Client>(std::move(impl));
}

}  // namespace

const StreamInfo* CameraInfo::stream(std::string_view id) const noexcept {
  for (const auto& entry : streams)
    if (entry.profile->stream == id) return &entry;
  return nullptr;
}

std::string_view to_string(ClientEvent::Kind kind) noexcept {
  switch (kind) {
    case ClientEvent::Kind::Disconnected:
      return "disconnected";
    case ClientEvent::Kind::Reconnected:
      return "reconnected";
    case ClientEvent::Kind::CameraState:
      return "camera_state";
    case ClientEvent::Kind::CameraOpened:
      return "camera_opened";
    case ClientEvent::Kind::Controls:
      return "controls";
    case ClientEvent::Kind::ProfileChanged:
      return "profile";
    case ClientEvent::Kind::StreamEnded:
      return "ended";
  }
  return "unknown";
}

Result<std::unique_ptr<Client>> Client::connect(std::string_view url, ClientSettings settings) {
  base::StopSource stop;
  auto token = stop.token();
  return connect_with(url, std::move(settings), std::move(stop), std::move(token));
}

Result<std::unique_ptr<Client>> client::connect(std::string_view url, ClientSettings settings,
                                                const base::StopToken& stop) {
  return connect_with(url, std::move(settings), std::nullopt, stop);
}

Client::Client(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Client::~Client() { close(); }

const ServerInfo& Client::server() const noexcept { return impl_->server(); }

bool Client::connected() const noexcept { return impl_->connected(); }

Result<std::vector<CameraInfo>> Client::cameras() {
  const auto reply = impl_->request({{"op", "cameras"}});
  if (!reply) return fail(reply.error());
  const auto list = reply->find("cameras");
  return client::cameras_from_map(list == reply->end() ? nlohmann::json() : *list);
}

Result<Subscription> Client::subscribe(const SubscribeSettings& settings) {
  return impl_->subscribe(settings);
}

Result<void> Client::unsubscribe(std::uint32_t subscription) {
  return impl_->unsubscribe(subscription);
}

Result<ReceivedFrame> Client::next(Nanoseconds timeout) { return impl_->next(after(timeout)); }

Result<void> Client::pull(std::uint32_t subscription, std::uint32_t frames) {
  return impl_->pull(subscription, frames);
}

Result<std::vector<Control>> Client::controls(std::string_view camera) {
  const auto reply = impl_->request({{"op", "controls"}, {"camera", camera}});
  if (!reply) return fail(reply.error());
  const auto list = reply->find("controls");
  return wire::controls_from_map(list == reply->end() ? nlohmann::json() : *list);
}

Result<std::vector<Control>> Client::set_controls(std::string_view camera,
                                                  const ControlSettings& settings) {
  auto map = nlohmann::json::object();
  for (const auto& [name, value] : settings) map[name] = wire::to_map(value);
  const auto reply =
      impl_->request({{"op", "set_controls"}, {"camera", camera}, {"settings", std::move(map)}});
  if (!reply) return fail(reply.error());
  const auto list = reply->find("controls");
  return wire::controls_from_map(list == reply->end() ? nlohmann::json() : *list);
}

Result<CameraInfo> Client::set_profile(std::string_view camera, const ProfileWish& wish) {
  nlohmann::json request = {{"op", "set_profile"}, {"camera", camera}};
  if (wish.width > 0 || wish.height > 0)
    request["size"] = std::to_string(wish.width) + "x" + std::to_string(wish.height);
  if (wish.rate_hz > 0) request["fps"] = wish.rate_hz;
  if (wish.format) request["format"] = to_string(*wish.format);
  const auto reply = impl_->request(std::move(request));
  if (!reply) return fail(reply.error());
  const auto map = reply->find("camera");
  return client::camera_from_map(map == reply->end() ? nlohmann::json() : *map);
}

Result<StreamProfilePtr> Client::set_calibration(
    std::string_view camera, std::string_view stream,
    const std::optional<StreamCalibration>& calibration) {
  const auto reply = impl_->request(
      {{"op", "set_calibration"},
       {"camera", camera},
       {"stream", stream},
       {"calibration", calibration ? wire::to_map(*calibration) : nlohmann::json()}});
  if (!reply) return fail(reply.error());
  const auto map = reply->find("profile");
  auto profile = wire::profile_from_map(map == reply->end() ? nlohmann::json() : *map);
  if (!profile) return fail(std::move(profile).error());
  return std::make_shared<const StreamProfile>(std::move(profile->profile));
}

Result<void> Client::watch(bool wanted) { return impl_->watch(wanted); }

Result<ClientEvent> Client::next_event(Nanoseconds timeout) {
  return impl_->next_event(after(timeout));
}

Result<ClockOffset> Client::ping(int count) { return impl_->ping(count); }

ClockOffset Client::clock_offset() const noexcept { return impl_->clock_offset(); }

void Client::interrupt() noexcept {
  if (impl_->own_stop) impl_->own_stop->request_stop();
}

void Client::close() noexcept { impl_->close(); }

}  // namespace lenswire
