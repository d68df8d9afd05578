#include "client/remote_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include <lenswire/client.hpp>

#include "client/client_impl.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;

constexpr auto kWaitForStreams = 1s;

struct Settings {
  std::string url;  // with the camera, without the query
  std::string camera;
  ClientSettings client;
  Nanoseconds frame_timeout{};
};

class RemoteSource final : public Source {
 public:
  RemoteSource(Settings settings, const base::Clock& clock)
      : settings_(std::move(settings)), clock_(clock) {}

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    auto done = relay(sink, stop);
    if (stop.stop_requested()) return {};
    return done;
  }

  Result<std::vector<Control>> controls() override {
    auto client = Client::connect(settings_.url, settings_.client);
    if (!client) return fail(std::move(client).error());
    return (*client)->controls(settings_.camera);
  }

  Result<std::vector<Control>> set_controls(const ControlSettings& wanted) override {
    // A connection of its own: run() holds the other one, on another thread.
    auto client = Client::connect(settings_.url, settings_.client);
    if (!client) return fail(std::move(client).error());
    return (*client)->set_controls(settings_.camera, wanted);
  }

 private:
  Result<void> relay(SourceSink& sink, const base::StopToken& stop) {
    auto opened = connect(settings_.url, settings_.client, stop);
    if (!opened) return fail(std::move(opened).error());
    auto& client = **opened;
    auto camera = find_camera(client, stop);
    if (!camera) return fail(std::move(camera).error());

    SourceDescription description;
    description.model = camera->model.empty() ? camera->uri : camera->model;
    description.serial = camera->serial;
    description.bus = settings_.url;
    std::map<std::uint32_t, std::size_t> streams;  // subscription -> place in the description
    for (const auto& stream : camera->streams) {
      if (stream.derived) continue;  // ours are made of the others
      // Where nobody asks for them here, they must cost nothing there.
      if (stream.profile->kind == StreamKind::Skeleton) continue;
      SubscribeSettings wish;
      wish.camera = camera->name;
      wish.stream = stream.profile->stream;
      auto subscription = client.subscribe(wish);
      if (!subscription) return fail(std::move(subscription).error());
      streams[subscription->id] = description.streams.size();
      description.streams.push_back(subscription->profile);
    }
    if (auto controls = client.controls(camera->name)) description.controls = std::move(*controls);
    if (auto watched = client.watch(); !watched) return watched;
    sink.opened(description);

    while (true) {
      auto received = client.next(settings_.frame_timeout);
      if (!received && received.error().code == ErrorCode::InvalidArgument && client.connected()) {
        sink.trouble(received.error());  // one picture that does not decode
        continue;
      }
      if (!received) return fail(std::move(received).error());
      auto& profile = description.streams.at(streams.at(received->subscription));
      if (received->frame->profile != profile) {
        profile = received->frame->profile;
        sink.opened(description);
      }
      sink.frame(std::move(received->frame));
      pass_events(client, sink);
    }
  }

  // The camera may just be waking up, because we came.
  Result<CameraInfo> find_camera(Client& client, const base::StopToken& stop) {
    const auto deadline = clock_.now() + settings_.frame_timeout;
    while (true) {
      auto cameras = client.cameras();
      if (!cameras) return fail(std::move(cameras).error());
      const auto found = std::find_if(cameras->begin(), cameras->end(),
                                      [&](const auto& c) { return c.name == settings_.camera; });
      if (found == cameras->end())
        return fail(ErrorCode::NotFound,
                    fmt::format("{}: that server has no camera '{}'; `lenswire ls` lists those it "
                                "has",
                                settings_.url, settings_.camera));
      if (!found->streams.empty()) return std::move(*found);
      if (clock_.now() >= deadline)
        return fail(ErrorCode::Disconnected,
                    fmt::format("{}: that camera has no streams now, it is {} ({})", settings_.url,
                                found->state, found->reason));
      if (stop.wait_for(kWaitForStreams)) return fail(ErrorCode::Closed, "interrupted");
    }
  }

  void pass_events(Client& client, SourceSink& sink) {
    while (auto event = client.next_event(Nanoseconds::zero())) {
      if (event->kind == ClientEvent::Kind::Controls && event->camera == settings_.camera)
        sink.controls_changed(std::move(event->controls));
    }
  }

  const Settings settings_;
  const base::Clock& clock_;
};

Result<std::unique_ptr<Source>> make(base::SourceUri uri, const source::SourceContext& context) {
  Settings settings;
  settings.url = uri.scheme + ":" + uri.path;
  const auto url = base::LenswireUrl::parse(settings.url);
  if (!url) return fail(url.error());
  if (url->camera.empty() || !url->stream.empty())
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' must name a camera and no stream: {}://host[:port]/camera",
                            uri.text, uri.scheme));
  settings.camera = url->camera;
  auto& client = settings.client;
  client.client_name = "lenswire relay";
  client.reconnect.enabled = false;  // the source runner does that
  client.token_file = uri.options.text("token_file", "");
  client.ca_file = uri.options.text("ca_file", "");
  client.pin_sha256 = uri.options.text("pin_sha256", "");
  const auto insecure = uri.options.boolean("insecure", false);
  if (!insecure) return fail(insecure.error());
  client.insecure = *insecure;
  const auto timeout = uri.options.number("timeout", 10, 0.1, 3600);
  if (!timeout) return fail(timeout.error());
  settings.frame_timeout =
      std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(*timeout));
  if (auto rest = uri.options.finish("token_file, ca_file, pin_sha256, insecure, timeout"); !rest)
    return fail(std::move(rest).error());
  return std::make_unique<RemoteSource>(std::move(settings), context.clock);
}

}  // namespace

source::SourceKind remote_source_kind() noexcept {
  return {"lenswire", "a camera of another lenswire server", "lenswire://host/camera", make};
}

source::SourceKind remote_tls_source_kind() noexcept {
  return {"lenswires", "the same over TLS", "lenswires://host/camera", make};
}

}  // namespace lenswire::client
