// What the native protocol promises, message by message.
#include <gtest/gtest.h>

#include "running_server.hpp"

namespace lenswire {
namespace {

using namespace std::chrono_literals;
using test::NativeConnection;
using wire::lwp::MessageType;

nlohmann::json subscribe_ball() {
  return {{"op", "subscribe"}, {"camera", "ball"}, {"stream", "color"}, {"codec", "raw"}};
}

TEST(NativeServer, TellsTheProfileBeforeTheFirstFrame) {
  const auto server = test::start();
  NativeConnection client(*server);
  client.request(5, subscribe_ball());
  const auto reply = client.read();
  EXPECT_EQ(reply.type, MessageType::Reply);
  EXPECT_EQ(reply.tag, 5U);
  ASSERT_TRUE(reply.map.at("ok").get<bool>()) << reply.map;
  const auto event = client.read();
  ASSERT_EQ(event.type, MessageType::Event);
  EXPECT_EQ(event.map.at("event"), "profile");
  EXPECT_EQ(event.map.at("subscription"), reply.map.at("subscription"));
  const auto frame = client.read();
  ASSERT_EQ(frame.type, MessageType::Frame);
  EXPECT_EQ(frame.tag, reply.map.at("subscription").get<std::uint32_t>());
  EXPECT_EQ(frame.extensions.frame->profile_version,
            event.map.at("profile").at("version").get<std::uint32_t>());
  EXPECT_EQ(frame.payload_bytes, 64U * 64 * 3);
}

TEST(NativeServer, SendsNoMoreFramesThanTheWindowHolds) {
  const auto server = test::start();
  NativeConnection client(*server);
  auto request = subscribe_ball();
  request["window_frames"] = 3;
  request["policy"] = "every";
  client.request(1, request);
  const auto id = client.read(MessageType::Reply).map.at("subscription").get<std::uint32_t>();
  for (int i = 0; i < 3; ++i) client.read(MessageType::Frame);
  EXPECT_TRUE(client.silent_for(300ms)) << "18 frame times";

  client.acknowledge(id, 2);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.read().type, MessageType::Frame);
  EXPECT_TRUE(client.silent_for(300ms));

  // More than were sent: a client that has lost count.
  client.acknowledge(id, 100);
  EXPECT_EQ(client.read(MessageType::Bye).map.at("error"), "invalid_argument");
}

TEST(NativeServer, CountsBytesOfTheWindowToo) {
  const auto server = test::start();
  NativeConnection client(*server);
  auto request = subscribe_ball();
  request["window_frames"] = 64;
  request["window_bytes"] = 2 * 64 * 64 * 3;
  client.request(1, request);
  for (int i = 0; i < 2; ++i) client.read(MessageType::Frame);
  EXPECT_TRUE(client.silent_for(300ms));
}

TEST(NativeServer, RefusesTheSixtyFifthSubscription) {
  const auto server = test::start();
  NativeConnection client(*server);
  auto request = subscribe_ball();
  request["policy"] = "pull";
  for (std::uint32_t i = 0; i < 64; ++i) {
    client.request(i, request);
    EXPECT_TRUE(client.read(MessageType::Reply).map.at("ok").get<bool>());
  }
  client.request(64, request);
  const auto refused = client.read(MessageType::Reply).map;
  EXPECT_FALSE(refused.at("ok").get<bool>());
  EXPECT_EQ(refused.at("error"), "busy");
  EXPECT_NE(refused.at("message").get<std::string>().find("64"), std::string::npos);
}

TEST(NativeServer, NamesWhatIsWrongWithARequest) {
  const auto server = test::start();
  NativeConnection client(*server);
  const auto error_of = [&](const nlohmann::json& request) {
    client.request(1, request);
    const auto reply = client.read(MessageType::Reply).map;
    EXPECT_FALSE(reply.at("ok").get<bool>());
    return reply.value("error", "") + ": " + reply.value("message", "");
  };
  const auto with = [](const char* key, const nlohmann::json& value) {
    auto request = subscribe_ball();
    request[key] = value;
    return request;
  };
  EXPECT_NE(error_of(with("camera", "cat")).find("ball, room"), std::string::npos);
  EXPECT_NE(error_of(with("stream", "depth")).find("it has: color"), std::string::npos);
  EXPECT_NE(error_of(with("codec", "vp9")).find("raw"), std::string::npos);
  EXPECT_NE(error_of(with("scale", 7)).find("scale"), std::string::npos);
  EXPECT_NE(error_of(with("region", {1, 2})).find("region"), std::string::npos);
  EXPECT_NE(error_of(with("region", {60, 60, 60, 60})).find("invalid_argument"), std::string::npos);
  EXPECT_NE(error_of(with("policy", "some")).find("pull"), std::string::npos);
  EXPECT_NE(error_of({{"op", "dance"}}).find("subscribe"), std::string::npos);
}

TEST(NativeServer, SaysGoodbyeWhenItStops) {
  const auto server = test::start();
  NativeConnection client(*server);
  server->stop();
  EXPECT_EQ(client.read().type, MessageType::Bye);
}

}  // namespace
}  // namespace lenswire
