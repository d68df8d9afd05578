#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include <lenswire/client.hpp>

#include "client/scripted_server.hpp"
#include "codec/codec.hpp"
#include "wire/maps.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;
namespace lwp = wire::lwp;
using nlohmann::json;

constexpr auto kLimit = 20s;

ClientSettings quick() {
  ClientSettings settings;
  settings.reconnect.first = 1ms;
  settings.reconnect.max = 5ms;
  return settings;
}

SubscribeSettings depth_of(std::string camera = "room") {
  SubscribeSettings settings;
  settings.camera = std::move(camera);
  settings.stream = "depth";
  return settings;
}

std::unique_ptr<Client> connected(const ScriptedServer& server, ClientSettings settings = quick()) {
  auto client = Client::connect(server.url(), std::move(settings));
  if (!client) throw std::runtime_error(client.error().message);
  return std::move(*client);
}

// What the message of a failed result holds.
template <typename T>
void expect_error(const Result<T>& result, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
}

// A frame message made by hand, with as many payload bytes as given.
std::vector<std::byte> frame_message(const lwp::FrameHeader& header, std::uint32_t announced,
                                     std::size_t sent) {
  lwp::Extensions extensions;
  extensions.frame = header;
  std::vector<std::byte> message;
  lwp::encode_head(lwp::MessageType::Frame, 7, extensions, announced, message);
  message.resize(message.size() + sent);
  return message;
}

lwp::FrameHeader header_for(std::uint32_t width, std::uint32_t height) {
  lwp::FrameHeader header;
  header.kind = StreamKind::Depth;
  header.width = width;
  header.height = height;
  header.decoded_bytes = std::uint64_t{width} * height * 2;
  return header;
}

// Connects, subscribes, and returns what next() says to these bytes.
Result<ReceivedFrame> next_after(std::vector<std::byte> bytes) {
  ScriptedServer server({[bytes = std::move(bytes)](Peer& peer) {
    peer.greet();
    peer.accept_subscription(7, small_depth());
    peer.send(bytes);
    peer.wait_for_end();
  }});
  auto client = connected(server);
  const auto subscription = client->subscribe(depth_of());
  EXPECT_TRUE(subscription);
  return client->next(kLimit);
}

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (!file || std::fscanf(file, "%zu %zu", &total, &resident) != 2) resident = 0;
  if (file) std::fclose(file);
  return resident * 4096;
}

}  // namespace

TEST(Client, ReceivesFramesAndAcknowledgesThem) {
  std::promise<std::vector<std::uint64_t>> acks;
  ScriptedServer server({[&](Peer& peer) {
    peer.greet();
    const auto request = peer.accept_subscription(7, small_depth());
    EXPECT_EQ(request["camera"], "room");
    EXPECT_EQ(request["policy"], "latest");
    std::vector<std::uint64_t> seen;
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
      peer.send_frame(7, small_depth(), sequence);
      if (sequence == 3) break;
      const auto ack = peer.read_until(lwp::MessageType::Ack);
      EXPECT_EQ(ack.tag, 7U);
      seen.push_back(ack.extensions.ack_frames.value_or(0));
    }
    acks.set_value(seen);
    peer.wait_for_end();
  }});
  auto client = connected(server);
  EXPECT_EQ(client->server().software, "lenswire test");
  EXPECT_EQ(client->server().role, "control");
  const auto subscription = client->subscribe(depth_of());
  ASSERT_TRUE(subscription);
  EXPECT_EQ(*subscription->profile, small_depth());
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    const auto received = client->next(kLimit);
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_EQ(received->subscription, subscription->id);
    EXPECT_EQ(received->frame->sequence, sequence);
    EXPECT_EQ(received->frame->data.size(), 256U);
    EXPECT_EQ(received->frame->data.back(), static_cast<std::byte>(sequence));
    EXPECT_EQ(received->frame->profile, subscription->profile);
    EXPECT_EQ(received->wire_bytes, 16U + 76U + 256U);
  }
  EXPECT_EQ(acks.get_future().get(), (std::vector<std::uint64_t>{1, 2}));
}

TEST(Client, TellsWhichFramesWereMissed) {
  auto header = header_for(16, 8);
  header.sequence = 9;
  lwp::Extensions extensions;
  extensions.frame = header;
  extensions.missed.add(MissReason::SlowClient, 5, 3);
  extensions.missed.add(MissReason::SourceGap, 8, 1);
  extensions.device_time_ns = 1234;
  extensions.conditions.gain = 16;
  extensions.region = lwp::RegionExtension{2, 4, 16, 8, 0.5};
  std::vector<std::byte> message;
  lwp::encode_head(lwp::MessageType::Frame, 7, extensions, 256, message);
  message.resize(message.size() + 256);
  const auto received = next_after(message);
  ASSERT_TRUE(received) << received.error().message;
  ASSERT_EQ(received->missed.records().size(), 2U);
  EXPECT_EQ(received->missed.records()[0], (Missed{MissReason::SlowClient, 3, 5}));
  EXPECT_EQ(received->frame->device_time_ns, 1234);
  EXPECT_EQ(received->frame->conditions, extensions.conditions);
  EXPECT_EQ(received->region, (Region{2, 4, 16, 8}));
  EXPECT_EQ(received->scale, 0.5);
}

TEST(Client, DecodesOrHandsOutTheBytes) {
  for (const bool decode : {true, false}) {
    frame::Image image;
    image.reshape(PixelFormat::Z16, 16, 8);
    for (std::size_t i = 0; i < image.data.size(); ++i) image.data[i] = static_cast<std::byte>(i);
    std::vector<std::byte> png;
    ASSERT_TRUE(codec::find_codec("png")->make_encoder({})->encode(image.view(), png));
    auto header = header_for(16, 8);
    header.codec = CodecId::Png;
    auto message = frame_message(header, static_cast<std::uint32_t>(png.size()), 0);
    message.insert(message.end(), png.begin(), png.end());
    ScriptedServer server({[&](Peer& peer) {
      peer.greet();
      peer.accept_subscription(7, small_depth(), "png");
      peer.send(message);
      peer.wait_for_end();
    }});
    auto client = connected(server);
    auto settings = depth_of();
    settings.decode = decode;
    ASSERT_TRUE(client->subscribe(settings));
    const auto received = client->next(kLimit);
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_EQ(received->decoded, decode);
    EXPECT_EQ(received->codec, CodecId::Png);
    EXPECT_EQ(received->frame->data, decode ? image.data : png);
    EXPECT_EQ(received->frame->stride_bytes, decode ? 32U : 0U);
  }
}

TEST(Client, GoesOnAfterAPictureThatDoesNotDecode) {
  auto header = header_for(16, 8);
  header.codec = CodecId::Png;
  ScriptedServer server({[&](Peer& peer) {
    peer.greet();
    peer.accept_subscription(7, small_depth(), "png");
    peer.send(frame_message(header, 100, 100));
    peer.send_frame(7, small_depth(), 2);
    peer.wait_for_end();
  }});
  auto client = connected(server);
  ASSERT_TRUE(client->subscribe(depth_of()));
  expect_error(client->next(kLimit), ErrorCode::InvalidArgument, "room/depth frame 0");
  const auto received = client->next(kLimit);
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(received->frame->sequence, 2U);
}

TEST(Client, MapsCaptureTimesToItsOwnClock) {
  constexpr std::int64_t ahead = 3'600'000'000'000;
  ScriptedServer server({[&](Peer& peer) {
    peer.clock_ahead_ns = ahead;
    peer.greet(5);
    peer.accept_subscription(7, small_depth());
    peer.send_frame(7, small_depth(), 1);
    peer.wait_for_end();
  }});
  auto client = connected(server);
  ASSERT_TRUE(client->subscribe(depth_of()));
  const auto received = client->next(kLimit);
  ASSERT_TRUE(received);
  const auto age = received->received_time - received->frame->capture_time;
  const auto uncertainty = received->frame->capture_uncertainty;
  EXPECT_GT(uncertainty, 0ns);
  EXPECT_GE(age, -uncertainty);
  EXPECT_LT(age, 10s);
  const auto offset = client->clock_offset();
  EXPECT_NEAR(static_cast<double>(offset.server_minus_client.count()), static_cast<double>(ahead),
              static_cast<double>(offset.uncertainty.count()));
}

TEST(Client, ReconnectsAndKeepsTheSubscriptionsNumber) {
  ScriptedServer server({[](Peer& peer) {
                           peer.greet();
                           peer.accept_subscription(7, small_depth());
                           peer.send_frame(7, small_depth(), 1);
                           peer.read_until(lwp::MessageType::Ack);
                         },
                         [](Peer&) {},  // a server that is only half up
                         [](Peer& peer) {
                           peer.greet();
                           const auto request = peer.read_until(lwp::MessageType::Request);
                           peer.send_map(lwp::MessageType::Reply, request.tag,
                                         {{"ok", false},
                                          {"error", "not_found"},
                                          {"message", "camera 'room' has no stream 'depth' yet"}});
                           peer.accept_subscription(99, small_depth());
                           peer.send_frame(99, small_depth(), 50);
                           EXPECT_EQ(peer.read_until(lwp::MessageType::Ack).extensions.ack_frames,
                                     1U);
                           peer.send_frame(99, small_depth(), 51);
                           peer.wait_for_end();
                         }});
  auto client = connected(server);
  const auto subscription = client->subscribe(depth_of());
  ASSERT_TRUE(subscription);
  std::vector<std::uint64_t> sequences;
  for (int i = 0; i < 3; ++i) {
    const auto received = client->next(kLimit);
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_EQ(received->subscription, subscription->id);
    sequences.push_back(received->frame->sequence);
  }
  EXPECT_EQ(sequences, (std::vector<std::uint64_t>{1, 50, 51}));
  const auto gone = client->next_event(kLimit);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->kind, ClientEvent::Kind::Disconnected);
  EXPECT_NE(gone->reason.find("closed"), std::string::npos) << gone->reason;
  const auto back = client->next_event(kLimit);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->kind, ClientEvent::Kind::Reconnected);
}

TEST(Client, ConnectsByItselfWhenTheServerComesLater) {
  std::optional<ScriptedServer> first(std::in_place, std::vector<ScriptedServer::Script>{});
  const auto url = first->url();
  auto settings = quick();
  settings.reconnect.wait_for_server = true;
  auto pending =
      std::async(std::launch::async, [&] { return Client::connect(url, settings).has_value(); });
  EXPECT_EQ(pending.wait_for(50ms), std::future_status::timeout);
  first.reset();  // now nobody listens at all
  EXPECT_EQ(pending.wait_for(50ms), std::future_status::timeout);
  ScriptedServer second({[](Peer& peer) {
                          peer.greet();
                          peer.wait_for_end();
                        }},
                        static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
  EXPECT_TRUE(pending.get());
}

TEST(Client, GivesUpWhereReconnectingIsOff) {
  ScriptedServer server({[](Peer& peer) {
    peer.greet();
    peer.accept_subscription(7, small_depth());
  }});
  auto settings = quick();
  settings.reconnect.enabled = false;
  auto client = connected(server, settings);
  ASSERT_TRUE(client->subscribe(depth_of()));
  expect_error(client->next(kLimit), ErrorCode::Disconnected, "closed the connection");
  EXPECT_FALSE(client->connected());
}

TEST(Client, SaysWhyItWasRefused) {
  const auto bye = [](std::string error, std::string message) {
    return [=](Peer& peer) {
      peer.read();
      peer.send_map(lwp::MessageType::Bye, 0, {{"error", error}, {"message", message}});
    };
  };
  ScriptedServer server({bye("permission_denied", "wrong token"),
                         bye("version_mismatch", "this server speaks versions 2 to 3"),
                         bye("busy", "2048 connections")});
  expect_error(Client::connect(server.url()), ErrorCode::PermissionDenied, "wrong token");
  expect_error(Client::connect(server.url()), ErrorCode::VersionMismatch, "versions 2 to 3");
  expect_error(Client::connect(server.url()), ErrorCode::Busy, "2048");
}

TEST(Client, RecognisesWhatIsNoLenswireServer) {
  ScriptedServer server({[](Peer& peer) { peer.send_text("HTTP/1.1 400 Bad Request\r\n\r\n"); },
                         [](Peer& peer) { peer.read(); },
                         [](Peer& peer) {
                           peer.read();
                           auto bytes = lwp::encode_map(lwp::MessageType::Welcome, 0, {{"a", 1}});
                           bytes.at(4) = std::byte{9};
                           peer.send(bytes);
                           peer.wait_for_end();
                         },
                         [](Peer& peer) {
                           peer.read();
                           peer.send_map(lwp::MessageType::Welcome, 0, {{"version", 2}});
                           peer.wait_for_end();
                         },
                         [](Peer& peer) { peer.wait_for_end(); }});
  expect_error(Client::connect(server.url()), ErrorCode::InvalidArgument, "does not speak");
  expect_error(Client::connect(server.url()), ErrorCode::Disconnected, "instead of greeting");
  expect_error(Client::connect(server.url()), ErrorCode::VersionMismatch, "version 9");
  expect_error(Client::connect(server.url()), ErrorCode::VersionMismatch, "version 2");
  ClientSettings settings;
  settings.connect_timeout = 50ms;
  expect_error(Client::connect(server.url(), settings), ErrorCode::Timeout, "does not answer");
}

TEST(Client, NamesWhoIsNotThere) {
  std::string url;
  {
    ScriptedServer server({});
    url = server.url();
  }
  expect_error(Client::connect(url), ErrorCode::Disconnected, "`lenswire serve`");
  expect_error(Client::connect("lenswire://no-such-host.invalid"), ErrorCode::NotFound,
               "'no-such-host.invalid'");
  expect_error(Client::connect("http://x"), ErrorCode::InvalidArgument, "lenswire://host");
}

TEST(Client, ReadsTheTokenFromAPrivateFileOnly) {
  const auto path = testing::TempDir() + "lenswire_client_token";
  {
    std::FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_TRUE(file);
    std::fputs("secret-token\nrest\n", file);
    std::fclose(file);
  }
  std::promise<json> hello;
  ScriptedServer server({[](Peer& peer) { peer.wait_for_end(); },
                         [&](Peer& peer) {
                           hello.set_value(peer.greet());
                           peer.wait_for_end();
                         }});
  ClientSettings settings;
  settings.token_file = path;
  ::chmod(path.c_str(), 0644);
  expect_error(Client::connect(server.url(), settings), ErrorCode::PermissionDenied, "chmod 600");
  ::chmod(path.c_str(), 0600);
  ASSERT_TRUE(Client::connect(server.url(), settings));
  EXPECT_EQ(hello.get_future().get()["token"], "secret-token");
  ::unlink(path.c_str());
}

TEST(Client, PassesOnWhatTheServerRefuses) {
  ScriptedServer server({[](Peer& peer) {
    peer.greet();
    const auto request = peer.read_until(lwp::MessageType::Request);
    peer.send_map(
        lwp::MessageType::Reply, request.tag,
        {{"ok", false}, {"error", "not_found"}, {"message", "no camera 'x'; there are: room"}});
    peer.wait_for_end();
  }});
  auto client = connected(server);
  expect_error(client->subscribe(depth_of("x")), ErrorCode::NotFound, "there are: room");
  expect_error(client->next(1ms), ErrorCode::InvalidArgument, "subscribe first");
}

TEST(Client, ChecksSettingsBeforeAsking) {
  ScriptedServer server({[](Peer& peer) {
    peer.greet();
    peer.wait_for_end();
  }});
  auto client = connected(server);
  auto settings = depth_of();
  settings.scale = 0;
  expect_error(client->subscribe(settings), ErrorCode::InvalidArgument, "scale");
  settings = depth_of();
  settings.window_frames = 65;
  expect_error(client->subscribe(settings), ErrorCode::InvalidArgument, "window_frames");
}

TEST(Client, TimesOutAndGoesOnInTheMiddleOfAFrame) {
  std::promise<void> timed_out;
  ScriptedServer server({[&](Peer& peer) {
    peer.greet();
    peer.accept_subscription(7, small_depth());
    auto message = frame_message(header_for(16, 8), 256, 256);
    const auto all = std::span<const std::byte>(message);
    peer.send(all.first(150));
    timed_out.get_future().wait();
    peer.send(all.subspan(150));
    peer.wait_for_end();
  }});
  auto client = connected(server);
  ASSERT_TRUE(client->subscribe(depth_of()));
  expect_error(client->next(20ms), ErrorCode::Timeout, "lenswire ls");
  timed_out.set_value();
  EXPECT_TRUE(client->next(kLimit));
}

TEST(Client, KeepsFramesThatComeWhileItWaitsForAReply) {
  ScriptedServer server({[](Peer& peer) {
    peer.greet();
    peer.accept_subscription(7, small_depth());
    const auto request = peer.read_until(lwp::MessageType::Request);
    peer.send_frame(7, small_depth(), 1);
    peer.send_frame(7, small_depth(), 2);
    Control control;
    control.name = "gain";
    control.value = std::int64_t{3};
    peer.send_map(lwp::MessageType::Reply, request.tag,
                  {{"ok", true}, {"controls", wire::to_map(std::vector<Control>{control})}});
    peer.wait_for_end();
  }});
  auto client = connected(server);
  ASSERT_TRUE(client->subscribe(depth_of()));
  const auto controls = client->controls("room");
  ASSERT_TRUE(controls) << controls.error().message;
  EXPECT_EQ(controls->at(0).name, "gain");
  EXPECT_EQ(client->next(kLimit)->frame->sequence, 1U);
  EXPECT_EQ(client->next(kLimit)->frame->sequence, 2U);
}

TEST(Client, TellsOfNewProfilesAndEnds) {
  auto larger = small_depth();
  larger.width = 32;
  larger.intrinsics.reset();
  ScriptedServer server({[&](Peer& peer) {
    peer.greet();
    peer.accept_subscription(7, small_depth());
    peer.send_map(
        lwp::MessageType::Event, 0,
        {{"event", "profile"}, {"subscription", 7}, {"profile", wire::to_map(larger, 2)}});
    peer.send_frame(7, larger, 1);
    peer.send_map(lwp::MessageType::Event, 0, {{"event", "news of a later version"}});
    peer.send_map(lwp::MessageType::Event, 0,
                  {{"event", "ended"}, {"subscription", 7}, {"message", "camera removed"}});
    peer.wait_for_end();
  }});
  auto client = connected(server);
  ASSERT_TRUE(client->subscribe(depth_of()));
  const auto received = client->next(kLimit);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->frame->width(), 32U);
  expect_error(client->next(kLimit), ErrorCode::Closed, "camera removed");
  EXPECT_EQ(client->next_event(0ns)->kind, ClientEvent::Kind::ProfileChanged);
  EXPECT_EQ(client->next_event(0ns)->kind, ClientEvent::Kind::StreamEnded);
}

TEST(Client, PullsOneFrameAtATime) {
  ScriptedServer server({[](Peer& peer) {
    peer.greet();
    peer.accept_subscription(7, small_depth());
    for (std::uint64_t sequence = 1;; ++sequence) {
      EXPECT_EQ(peer.read_until(lwp::MessageType::Pull).extensions.pull_frames, 1U);
      peer.send_frame(7, small_depth(), sequence);
    }
  }});
  auto client = connected(server);
  auto settings = depth_of();
  settings.policy = DeliveryPolicy::Pull;
  const auto subscription = client->subscribe(settings);
  ASSERT_TRUE(subscription);
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    ASSERT_TRUE(client->pull(subscription->id));
    EXPECT_EQ(client->next(kLimit)->frame->sequence, sequence);
  }
}

TEST(Client, IsInterruptedFromAnotherThread) {
  ScriptedServer server({[](Peer& peer) {
    peer.greet();
    peer.accept_subscription(7, small_depth());
    peer.wait_for_end();
  }});
  auto client = connected(server);
  ASSERT_TRUE(client->subscribe(depth_of()));
  std::thread other([&] { client->interrupt(); });
  expect_error(client->next(kLimit), ErrorCode::Closed, "interrupted");
  other.join();
}

TEST(Client, MeasuresThePing) {
  ScriptedServer server({[](Peer& peer) {
    peer.greet();
    peer.wait_for_end();
  }});
  auto client = connected(server);
  const auto ping = client->ping(3);
  ASSERT_TRUE(ping);
  EXPECT_GT(ping->round_trip, 0ns);
  EXPECT_EQ(ping->uncertainty, ping->round_trip / 2);
  EXPECT_LT(std::abs(ping->server_minus_client.count()), ping->round_trip.count());
}

TEST(HostileServer, CostsAnErrorNotACrash) {
  const auto refused = [](std::vector<std::byte> bytes, std::string_view part) {
    expect_error(next_after(std::move(bytes)), ErrorCode::InvalidArgument, part);
  };
  const auto small = header_for(16, 8);
  refused(frame_message(small, 255, 255), "instead of 256");
  refused(frame_message(small, 0, 0), "empty frame");
  refused(lwp::encode_plain(lwp::MessageType::Frame, 7, {}), "without its header");
  refused(lwp::encode_plain(lwp::MessageType::Ack, 7, {}), "only clients send");
  refused(lwp::encode_plain(lwp::MessageType::Event, 0, {}), "CBOR");
  refused(frame_message(header_for(65535, 65535), 1, 1), "byte count");
  auto lying = small;
  lying.decoded_bytes = 3;
  refused(frame_message(lying, 3, 3), "byte count");
  auto unknown_type = lwp::encode_plain(lwp::MessageType::Event, 0, {});
  unknown_type.at(5) = std::byte{200};
  refused(unknown_type, "unknown message type");
  auto huge = lwp::encode_plain(lwp::MessageType::Reply, 0, {});
  huge.at(11) = std::byte{0x7f};
  refused(huge, "past the limit");
}

TEST(HostileServer, CostsNoMemoryByAnnouncing) {
  // 256 MiB announced as raw and as PNG, 3 MiB sent.
  std::promise<void> measured;
  auto png = header_for(8192, 8192);
  png.codec = CodecId::Png;
  auto raw_message = frame_message(header_for(8192, 8192), 8192 * 8192 * 2, 3 << 20);
  auto png_message = frame_message(png, 255 << 20, 3 << 20);
  const auto script = [](const std::vector<std::byte>& message) {
    return [&message](Peer& peer) {
      peer.greet();
      peer.accept_subscription(7, small_depth());
      peer.send(message);
      peer.wait_for_end();
    };
  };
  ScriptedServer server({script(raw_message), script(png_message)});
  for (int i = 0; i < 2; ++i) {
    auto client = connected(server);
    ASSERT_TRUE(client->subscribe(depth_of()));
    const auto before = resident_bytes();
    expect_error(client->next(300ms), ErrorCode::Timeout, "in time");
    EXPECT_LT(resident_bytes(), before + (24 << 20));
  }
}

TEST(HostileServer, SurvivesNonsenseTimes) {
  ScriptedServer server({[](Peer& peer) {
    peer.clock_ahead_ns = INT64_MIN;
    peer.greet(INT64_MAX);
    peer.accept_subscription(7, small_depth());
    auto header = header_for(16, 8);
    header.capture_time_ns = INT64_MAX;
    header.arrival_time_ns = INT64_MIN;
    peer.send(frame_message(header, 256, 256));
    peer.wait_for_end();
  }});
  auto client = connected(server);
  ASSERT_TRUE(client->subscribe(depth_of()));
  EXPECT_TRUE(client->next(kLimit));
}

}  // namespace lenswire::client
