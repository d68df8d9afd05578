// Starting, failing to start, and stopping, whatever goes on at that moment.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/stop_token.hpp"
#include "running_server.hpp"

namespace lenswire {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::kLimit;
using test::stream_of;

// Two seconds are the promise on a machine that has time for us; this catches only who waits for
// somebody else.
constexpr auto kStopLimit = 10s;

std::ptrdiff_t entries(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder),
                       std::filesystem::directory_iterator());
}

TEST(ServerLifetime, ServesTwiceInOneProcess) {
  const auto one = test::start();
  const auto two = test::start();
  EXPECT_NE(test::port_of(*one), test::port_of(*two));
  for (const auto* server : {one.get(), two.get()}) {
    const auto client = test::connect(*server);
    ASSERT_TRUE(client->subscribe(stream_of("ball", "color")));
    EXPECT_TRUE(client->next(kLimit));
  }
  one->stop();
  const auto client = test::connect(*two);
  ASSERT_TRUE(client->subscribe(stream_of("ball", "color")));
  EXPECT_TRUE(client->next(kLimit));
}

TEST(ServerLifetime, APortInUseIsNamedAndNothingStaysBehind) {
  const auto first = test::start();
  auto settings = test::small_cameras();
  settings.listen = {"127.0.0.1:0", first->addresses().at(0)};
  const source::SourceTable sources;
  const auto descriptors = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  const auto second = Server::start(settings, sources);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::Busy);
  EXPECT_NE(second.error().message.find(first->addresses().at(0)), std::string::npos);
  EXPECT_NE(second.error().message.find("--listen"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return entries("/proc/self/task") <= threads; }));
  EXPECT_TRUE(eventually([&] { return entries("/proc/self/fd") <= descriptors; }));
}

TEST(ServerLifetime, StopsUnderLoadAndLeavesNoDescriptor) {
  const auto before = entries("/proc/self/fd");
  {
    const auto server = test::start();
    std::vector<std::unique_ptr<Client>> clients;
    std::vector<std::thread> readers;
    std::atomic<int> reading = 0;
    for (int i = 0; i < 30; ++i) {
      clients.push_back(test::connect(*server));
      auto& client = *clients.back();
      ASSERT_TRUE(client.subscribe(i % 2 ? stream_of("ball", "color", "jpeg")
                                         : stream_of("room", "depth", "png")));
      readers.emplace_back([&client, &reading] {
        bool first = true;
        while (client.next(kLimit))
          if (std::exchange(first, false)) ++reading;
      });
    }
    std::vector<std::unique_ptr<test::HttpConnection>> browsers;
    for (int i = 0; i < 10; ++i) {
      browsers.push_back(std::make_unique<test::HttpConnection>(*server));
      browsers.back()->socket().send(
          "GET /cameras/ball/color.mjpeg HTTP/1.1\r\nHost: localhost\r\n\r\n");
      EXPECT_FALSE(browsers.back()->socket().receive().empty());
    }
    EXPECT_TRUE(eventually([&] { return reading == 30; }));
    const auto began = std::chrono::steady_clock::now();
    server->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - began, kStopLimit);
    for (auto& reader : readers) reader.join();  // each heard of the end
  }
  EXPECT_TRUE(eventually([&] { return entries("/proc/self/fd") <= before; }));
}

TEST(ServerLifetime, StopsWhileClientsComeAndGo) {
  for (int round = 0; round < 3; ++round) {
    const auto server = test::start();
    const auto url = "lenswire://" + server->addresses().at(0);
    std::atomic<bool> enough = false;
    std::atomic<int> frames = 0;
    std::vector<std::thread> visitors;
    for (int i = 0; i < 6; ++i)
      visitors.emplace_back([&url, &enough, &frames, i] {
        ClientSettings settings;
        settings.reconnect.enabled = false;
        settings.connect_timeout = settings.request_timeout = kLimit;
        while (!enough) {
          const auto client = Client::connect(url, settings);
          if (!client || !(*client)->watch()) continue;
          auto wish = stream_of("ball", "color", "jpeg");
          wish.quality = 10 + i;
          if ((*client)->subscribe(wish) && (*client)->next(kLimit)) ++frames;
        }
      });
    EXPECT_TRUE(eventually([&] { return frames > 20; }));
    std::thread looker([&] {
      while (!enough) {
        (void)server->counters();
        (void)server->addresses();
        (void)server->responsive(100ms);
      }
    });
    server->stop();
    enough = true;
    looker.join();
    for (auto& visitor : visitors) visitor.join();
    EXPECT_EQ(server->counters().sessions, 0U);
  }
}

// A driver that does not come back from run() nor from a control call until it is let go.
struct Hanging {
  std::atomic<int> inside = 0;
  std::atomic<bool> let_go = false;
};
Hanging hanging;

class HangingSource final : public Source {
 public:
  Result<void> run(SourceSink&, const base::StopToken&) override { return hang(); }
  Result<std::vector<Control>> controls() override {
    (void)hang();
    return std::vector<Control>{};
  }

 private:
  static Result<void> hang() {
    ++hanging.inside;
    while (!hanging.let_go) std::this_thread::sleep_for(2ms);
    --hanging.inside;
    return {};
  }
};

TEST(ServerLifetime, StopsThoughDriversHang) {
  static source::SourceTable sources;
  sources.add({"hang", "hangs", "hang:", [](base::SourceUri, const source::SourceContext&) {
                 return Result<std::unique_ptr<Source>>(std::make_unique<HangingSource>());
               }});
  auto settings = test::small_cameras();
  settings.cameras = {{"one", "hang:", true}, {"two", "hang:", true}, {"three", "hang:", true}};
  hanging.let_go = false;
  auto server = test::start(settings, sources);
  test::NativeConnection client(*server);
  for (const char* name : {"one", "two", "three"})
    client.request(1, {{"op", "controls"}, {"camera", name}});
  ASSERT_TRUE(eventually([&] { return hanging.inside == 6; }));
  const auto began = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, kStopLimit);
  server.reset();
  // What was abandoned must find nobody, rather than a server that is gone.
  hanging.let_go = true;
  EXPECT_TRUE(eventually([&] { return hanging.inside == 0; }));
}

}  // namespace
}  // namespace lenswire
