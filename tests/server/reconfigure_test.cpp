// A camera that opens again with other options: those who watch it go on.
#include <gtest/gtest.h>

#include "running_server.hpp"

namespace lenswire {
namespace {

using test::NativeConnection;
using wire::lwp::MessageType;

nlohmann::json subscribe_ball() {
  return {{"op", "subscribe"}, {"camera", "ball"}, {"stream", "color"}, {"codec", "raw"}};
}

std::unique_ptr<Server> with_door() {
  auto settings = test::small_cameras();
  settings.doors = {"rpiasgige:0=ball"};
  return test::start(settings);
}

// OPEN, and width 48 instead of 64; both kept alive, both granted.
void set_width(const Server& server) {
  using namespace std::string_view_literals;
  test::Socket door(test::door_port_of(server));
  const auto ask = [&](std::string_view request) {
    door.send(request);
    std::string answer;
    while (answer.size() < 9) {
      const auto got = door.receive();
      ASSERT_FALSE(got.empty()) << "the door closed";
      answer += got;
    }
    EXPECT_EQ(answer, "02001\0\0\0\0"sv);
  };
  ask("OPEN1\0\0\0\0"sv);
  ask("SET01\x0c\0\0\0\x03\0\0\0\0\0\0\0\0\0\x48\x40"sv);
}

TEST(Reconfigure, SubscribersAreToldTheNewProfileAndGoOn) {
  const auto server = with_door();
  NativeConnection client(*server);
  client.request(1, subscribe_ball());
  const auto id = client.read(MessageType::Reply).map.at("subscription").get<std::uint32_t>();
  const auto before = client.read(MessageType::Event).map;
  EXPECT_EQ(before.at("profile").at("width"), 64);
  set_width(*server);
  std::uint64_t received = 0;
  while (true) {
    const auto message = client.read();
    if (message.type == MessageType::Frame) client.acknowledge(id, ++received);
    if (message.type != MessageType::Event) continue;
    EXPECT_EQ(message.map.at("event"), "profile");
    EXPECT_EQ(message.map.at("profile").at("width"), 48);
    EXPECT_EQ(message.map.at("profile").at("height"), 48);
    EXPECT_NE(message.map.at("profile").at("version"), before.at("profile").at("version"));
    break;
  }
  const auto frame = client.read(MessageType::Frame);
  EXPECT_EQ(frame.payload_bytes, 48U * 48 * 3);
}

TEST(Reconfigure, ARegionThatNoLongerFitsIsMovedInside) {
  const auto server = with_door();
  NativeConnection client(*server);
  auto request = subscribe_ball();
  request["region"] = {50, 50, 10, 10};
  client.request(1, request);
  const auto id = client.read(MessageType::Reply).map.at("subscription").get<std::uint32_t>();
  client.read(MessageType::Frame);
  client.acknowledge(id, 1);
  set_width(*server);
  std::uint64_t received = 1;
  while (true) {
    const auto message = client.read();
    ASSERT_NE(message.type, MessageType::Bye);
    if (message.type == MessageType::Event) {
      EXPECT_NE(message.map.at("event"), "ended");
    }
    if (message.type != MessageType::Frame) continue;
    client.acknowledge(id, ++received);
    ASSERT_TRUE(message.extensions.region);
    if (message.extensions.region->x == 50) continue;  // of before
    EXPECT_EQ(message.extensions.region->x, 38U);
    EXPECT_EQ(message.extensions.region->y, 38U);
    EXPECT_EQ(message.payload_bytes, 10U * 10 * 3) << "as large as agreed";
    break;
  }
}

TEST(Reconfigure, WatchersSeeTheCameraWithItsNewUri) {
  const auto server = with_door();
  NativeConnection client(*server);
  client.request(1, {{"op", "watch"}, {"events", true}});
  client.read(MessageType::Reply);
  set_width(*server);
  while (true) {
    const auto event = client.read(MessageType::Event).map;
    // The event of the server's start may come late.
    if (event.at("event") != "camera_opened" ||
        event.at("camera").at("uri").get<std::string>().find("size=48x48") == std::string::npos)
      continue;
    EXPECT_EQ(event.at("camera").at("streams").at(0).at("width"), 48);
    break;
  }
}

}  // namespace
}  // namespace lenswire
