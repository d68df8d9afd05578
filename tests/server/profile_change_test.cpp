// Clients that ask for another size, rate or format, and what the others see of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/stop_token.hpp"
#include "running_server.hpp"

namespace lenswire {
namespace {

using testing::HasSubstr;

test::HttpReply ask_for(const Server& server, const std::string& camera, const std::string& body) {
  test::HttpConnection connection(server);
  connection.socket().send("PATCH /api/v1/cameras/" + camera +
                           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                           "Content-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
  return connection.read_reply();
}

TEST(ProfileChange, IsForEverybodyAndNobodyIsCutOff) {
  const auto server = test::start();
  const auto whole = test::connect(*server);
  const auto scaled = test::connect(*server);
  auto settings = test::stream_of("ball", "color");
  ASSERT_TRUE(whole->subscribe(settings));
  settings.scale = 0.5;
  ASSERT_TRUE(scaled->subscribe(settings));
  const auto sees = [](Client& client, std::uint32_t width) {
    return test::eventually([&] {
      const auto frame = client.next(test::kLimit);
      EXPECT_TRUE(frame) << (frame ? "" : frame.error().message);
      return !frame || frame->frame->width() == width;
    });
  };
  EXPECT_TRUE(sees(*whole, 64));
  EXPECT_TRUE(sees(*scaled, 32));

  const auto asker = test::connect(*server);
  ProfileWish wish;
  wish.width = 96;
  wish.height = 80;
  wish.rate_hz = 30;
  const auto camera = asker->set_profile("ball", wish);
  ASSERT_TRUE(camera) << camera.error().message;
  EXPECT_THAT(camera->uri, HasSubstr("size=96x80"));
  const auto* color = camera->stream("color");
  ASSERT_TRUE(color);
  EXPECT_EQ(color->profile->width, 96U);
  EXPECT_EQ(color->profile->rate_hz, 30);
  EXPECT_TRUE(sees(*whole, 96));
  EXPECT_TRUE(sees(*scaled, 48));
  // They were told before the first frame of the new kind.
  for (auto* client : {whole.get(), scaled.get()}) {
    const bool told = test::eventually([&] {
      const auto event = client->next_event(test::kLimit);
      return event && event->kind == ClientEvent::Kind::ProfileChanged &&
             event->profile->width == (client == whole.get() ? 96U : 48U);
    });
    EXPECT_TRUE(told);
  }
}

TEST(ProfileChange, GoesOverHttpAlsoWhereNobodyWatches) {
  const auto server = test::start();
  const auto reply = ask_for(*server, "ball", R"({"size": "48x44", "fps": 12.5})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto camera = nlohmann::json::parse(reply.body);
  EXPECT_EQ(camera.at("streams").at(0).at("width"), 48);
  EXPECT_EQ(camera.at("streams").at(0).at("rate_hz"), 12.5);
}

TEST(ProfileChange, WhatTheCameraDoesNotTakeIsRefusedAndChangesNothing) {
  const auto server = test::start();
  const auto refused = [&](const std::string& camera, const std::string& body) {
    const auto reply = ask_for(*server, camera, body);
    EXPECT_GE(reply.status, 400) << body;
    return reply.body;
  };
  EXPECT_THAT(refused("ball", R"({"size": "1x1"})"), HasSubstr("size"));
  EXPECT_THAT(refused("ball", R"({"size": "0x5"})"), HasSubstr("expected a text such as"));
  EXPECT_THAT(refused("ball", R"({"size": "64x64&noise=1"})"),
              HasSubstr("expected a text such as"));
  EXPECT_THAT(refused("ball", R"({"fps": -1})"), HasSubstr("fps: expected a number"));
  EXPECT_THAT(refused("ball", R"({"format": "no/such"})"), HasSubstr("format: expected"));
  EXPECT_THAT(refused("ball", R"({"cert": "/etc/shadow"})"), HasSubstr("'cert' can't be changed"));
  EXPECT_THAT(refused("ball", "{}"), HasSubstr("one or more of size, fps and format"));
  EXPECT_THAT(refused("ball", R"({"format": "z16"})"), HasSubstr("format"));
  EXPECT_EQ(ask_for(*server, "none", R"({"fps": 5})").status, 404);
  const auto client = test::connect(*server);
  const auto cameras = client->cameras();
  ASSERT_TRUE(cameras);
  for (const auto& camera : *cameras)
    if (camera.name == "ball") {
      EXPECT_EQ(camera.uri, "synthetic:ball?size=64x64&fps=60");
    }
}

// A camera whose stream depends on its format: colour, or infrared where that is y8.
class TwoFacedSource final : public Source {
 public:
  explicit TwoFacedSource(bool infrared) {
    StreamProfile profile;
    profile.stream = infrared ? "infrared" : "color";
    profile.kind = infrared ? StreamKind::Infrared : StreamKind::Color;
    profile.format = PixelFormat::Y8;
    profile.width = profile.height = 8;
    profile_ = std::make_shared<const StreamProfile>(profile);
    Control gain;
    gain.name = gain.label = "gain";
    gain.value = gain.default_value = std::int64_t{1};
    gain.maximum = 9;
    controls_ = {gain};
  }
  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    sink.opened({"two-faced", {}, {}, {profile_}, controls_});
    for (std::uint64_t number = 0; !stop.wait_for(std::chrono::milliseconds(5)); ++number) {
      auto frame = std::make_shared<Frame>();
      frame->profile = profile_;
      frame->sequence = number;
      frame->stride_bytes = 8;
      frame->data.resize(64);
      frame->capture_time = frame->arrival_time = base::system_clock().now();
      sink.frame(std::move(frame));
    }
    return {};
  }
  Result<std::vector<Control>> controls() override { return controls_; }
  Result<std::vector<Control>> set_controls(const ControlSettings& settings) override {
    controls_[0].value = settings.at(0).second;
    return controls_;
  }

 private:
  StreamProfilePtr profile_;
  std::vector<Control> controls_;  // of the camera's control thread
};

Result<std::unique_ptr<Source>> make_two_faced(base::SourceUri uri, const source::SourceContext&) {
  return std::make_unique<TwoFacedSource>(uri.options.text("format", "rgb8") == "y8");
}

std::unique_ptr<Server> with_two_faces() {
  static const auto sources = [] {
    source::SourceTable table;
    table.add({"two-faced", "", "", make_two_faced});
    return table;
  }();
  auto settings = test::small_cameras();
  settings.cameras = {{"cam", "two-faced:x", false}};
  return test::start(settings, sources);
}

TEST(ProfileChange, AStreamThatTheCameraNoLongerHasEndsWithAReason) {
  const auto server = with_two_faces();
  const auto client = test::connect(*server);
  ASSERT_TRUE(test::eventually(
      [&] { return client->subscribe(test::stream_of("cam", "color")).has_value(); }));
  ASSERT_TRUE(client->next(test::kLimit));
  const auto asker = test::connect(*server);
  ProfileWish wish;
  wish.format = PixelFormat::Y8;
  const auto camera = asker->set_profile("cam", wish);
  ASSERT_TRUE(camera) << camera.error().message;
  ASSERT_EQ(camera->streams.size(), 1U);
  EXPECT_EQ(camera->streams[0].profile->stream, "infrared");
  auto event = client->next_event(test::kLimit);
  while (event && event->kind == ClientEvent::Kind::ProfileChanged)  // that of the first frame
    event = client->next_event(test::kLimit);
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->kind, ClientEvent::Kind::StreamEnded);
  EXPECT_THAT(event->reason, HasSubstr("has no stream 'color' any more; it has: infrared"));
  // The connection goes on.
  EXPECT_EQ(client->subscribe(test::stream_of("cam", "color")).error().code, ErrorCode::NotFound);
  ASSERT_TRUE(client->subscribe(test::stream_of("cam", "infrared")));
  EXPECT_TRUE(client->next(test::kLimit));
}

TEST(ProfileChange, ControlsOfACameraThatRestsAreToldToo) {
  const auto server = with_two_faces();
  const auto watcher = test::connect(*server);
  ASSERT_TRUE(watcher->watch());
  ASSERT_TRUE(test::eventually([&] {
    const auto cameras = watcher->cameras();
    return cameras && cameras->at(0).state == "idle" && !cameras->at(0).streams.empty();
  }));
  const auto other = test::connect(*server);
  ASSERT_TRUE(other->set_controls("cam", {{"gain", std::int64_t{7}}}));
  while (true) {
    const auto event = watcher->next_event(test::kLimit);
    ASSERT_TRUE(event) << event.error().message;
    if (event->kind != ClientEvent::Kind::Controls) continue;
    ASSERT_EQ(event->controls.size(), 1U);
    EXPECT_EQ(event->controls[0].value, ControlValue(std::int64_t{7}));
    break;
  }
}

}  // namespace
}  // namespace lenswire
