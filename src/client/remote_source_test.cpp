#include "client/remote_source.hpp"

#include <gtest/gtest.h>

#include "base/stop_token.hpp"
#include "client/scripted_server.hpp"
#include "wire/maps.hpp"

namespace lenswire::client {
namespace {

namespace lwp = wire::lwp;

// Stops after so many frames.
class Sink final : public SourceSink {
 public:
  Sink(base::StopSource& stop, std::size_t wanted) : stop_(stop), wanted_(wanted) {}
  void opened(const SourceDescription& description) override {
    descriptions.push_back(description);
  }
  void frame(FramePtr frame) override {
    frames.push_back(std::move(frame));
    if (frames.size() == wanted_) stop_.request_stop();
  }
  void controls_changed(std::vector<Control>) override { ++control_changes; }
  void trouble(Error) override { ++troubles; }

  std::vector<SourceDescription> descriptions;
  std::vector<FramePtr> frames;
  int control_changes = 0;
  int troubles = 0;

 private:
  base::StopSource& stop_;
  std::size_t wanted_;
};

std::unique_ptr<Source> make(const std::string& text) {
  auto uri = base::SourceUri::parse(text);
  if (!uri) throw std::runtime_error(uri.error().message);
  auto source = remote_source_kind().make(std::move(*uri), {base::system_clock()});
  if (!source) throw std::runtime_error(source.error().message);
  return std::move(*source);
}

void answer_cameras(Peer& peer) {
  const auto request = peer.read_until(lwp::MessageType::Request);
  EXPECT_EQ(request.map["op"], "cameras");
  peer.send_map(lwp::MessageType::Reply, request.tag,
                {{"ok", true},
                 {"cameras",
                  {{{"name", "room"},
                    {"uri", "synthetic:room"},
                    {"state", "streaming"},
                    {"streams", {wire::to_map(small_depth(), 1)}}}}}});
}

}  // namespace

TEST(RemoteSource, RelaysACamera) {
  ScriptedServer server({[](Peer& peer) {
    peer.greet();
    answer_cameras(peer);
    peer.accept_subscription(7, small_depth());
    auto request = peer.read_until(lwp::MessageType::Request);
    peer.send_map(lwp::MessageType::Reply, request.tag,
                  {{"ok", true}, {"controls", nlohmann::json::array()}});
    request = peer.read_until(lwp::MessageType::Request);
    EXPECT_EQ(request.map["op"], "watch");
    peer.send_map(lwp::MessageType::Reply, request.tag, {{"ok", true}});
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence)
      peer.send_frame(7, small_depth(), sequence);
    peer.wait_for_end();
  }});
  base::StopSource stop;
  Sink sink(stop, 3);
  const auto done = make(server.url() + "/room?timeout=20")->run(sink, stop.token());
  EXPECT_TRUE(done) << done.error().message;
  ASSERT_EQ(sink.descriptions.size(), 1U);
  ASSERT_EQ(sink.frames.size(), 3U);
  EXPECT_EQ(sink.frames[2]->sequence, 3U);
  EXPECT_EQ(sink.frames[2]->profile, sink.descriptions[0].streams[0]);
  EXPECT_EQ(*sink.frames[2]->profile, small_depth());
}

TEST(RemoteSource, EndsWhenTheServerGoes) {
  ScriptedServer server({[](Peer& peer) {
    peer.greet();
    answer_cameras(peer);
  }});
  base::StopSource stop;
  Sink sink(stop, 1);
  const auto done = make(server.url() + "/room")->run(sink, stop.token());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::Disconnected);
}

TEST(RemoteSource, RefusesBadUris) {
  const auto refused = [](const std::string& text) {
    auto uri = base::SourceUri::parse(text);
    return uri && !remote_source_kind().make(std::move(*uri), {base::system_clock()});
  };
  EXPECT_TRUE(refused("lenswire://host"));
  EXPECT_TRUE(refused("lenswire://host/room/depth"));
  EXPECT_TRUE(refused("lenswire://host/room?colour=red"));
  EXPECT_TRUE(refused("lenswire://host/room?timeout=-1"));
  EXPECT_FALSE(refused("lenswire://host/room?timeout=5"));
}

}  // namespace lenswire::client
