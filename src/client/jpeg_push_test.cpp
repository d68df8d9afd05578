#include "client/jpeg_push.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "client/loopback_for_test.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;

Picture picture(std::string_view text, std::uint32_t width = 640) {
  auto jpeg = std::make_shared<std::vector<std::byte>>();
  for (const char c : text) jpeg->push_back(static_cast<std::byte>(c));
  return {std::move(jpeg), width, 240, {}, true};
}

PushSettings settings_for(const LoopbackPort& port, std::string_view path = "/in") {
  PushSettings settings;
  settings.destination = *parse_push_url(fmt::format("http://127.0.0.1:{}{}", port.number(), path));
  settings.stream_id = "cam-7";
  settings.retry = 50ms;
  return settings;
}

// Pushes on a thread of its own until it goes away. Gives the newest picture again and again.
class Running {
 public:
  explicit Running(PushSettings settings) : pusher_(std::move(settings), mailbox_) {
    thread_ = std::thread([this] { result_ = pusher_.run(stop_.token()); });
    camera_ = std::thread([this] {
      const auto stop = stop_.token();
      while (!stop.wait_for(5ms)) {
        base::MutexLock lock(mutex_);
        mailbox_.put(now_);
      }
    });
  }
  ~Running() { (void)end(); }
  void show(Picture next) {
    base::MutexLock lock(mutex_);
    now_ = std::move(next);
  }
  Result<void> end() {
    stop_.request_stop();
    return join();
  }
  Result<void> join() {
    if (thread_.joinable()) thread_.join();
    stop_.request_stop();
    if (camera_.joinable()) camera_.join();
    return result_;
  }

 private:
  PictureMailbox mailbox_;
  JpegPusher pusher_;
  base::StopSource stop_;
  base::Mutex mutex_;
  Picture now_ LENSWIRE_GUARDED_BY(mutex_) = picture("JPEG");
  Result<void> result_;
  std::thread thread_;
  std::thread camera_;
};

constexpr std::string_view kPart =
    "3d\r\n--frame\r\nContent-Type:image/jpeg\r\nContent-Length: 4\r\n\r\nJPEG\r\n\r\n";

TEST(JpegPusher, SendsTheOriginalsBytesAndAProperEnd) {
  const LoopbackPort port;
  Running running(settings_for(port));
  auto receiver = port.accept();
  EXPECT_EQ(receiver.receive_until("\r\n\r\n"),
            fmt::format("POST /in HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
                        "User-Agent: python-requests/2.28.1\r\nAccept-Encoding: gzip, deflate\r\n"
                        "Accept: */*\r\nConnection: keep-alive\r\n"
                        "Content-Type: multipart/x-mixed-replace; boundary=--frame;\r\n"
                        "Content-Resolution: 640x240x3\r\nStream-ID: cam-7\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n",
                        port.number()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(receiver.receive_until("JPEG\r\n\r\n"), kPart);
  EXPECT_TRUE(running.end());
  EXPECT_TRUE(receiver.receive_all().ends_with("0\r\n\r\n"));
}

TEST(JpegPusher, ComesBackAfterTheInterval) {
  const LoopbackPort port;
  Running running(settings_for(port));
  std::chrono::steady_clock::time_point last{};
  for (int i = 0; i < 4; ++i) {
    auto receiver = port.accept();
    const auto now = std::chrono::steady_clock::now();
    if (i > 0) {
      EXPECT_GE(now - last, 50ms);
    }
    last = now;
    if (i % 2 == 0) receiver.send("HTTP/1.1 500 Internal Server Error\r\n\r\n");
  }
  EXPECT_TRUE(port.accept().receive_until("JPEG\r\n\r\n").starts_with("POST /in"));
}

TEST(JpegPusher, AnEarlyAnswerAndAHalfClosedReceiverMeanNothing) {
  const LoopbackPort port;
  Running running(settings_for(port));
  auto receiver = port.accept();
  receiver.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  (void)receiver.receive_until("JPEG\r\n\r\n");
  receiver.end_sending();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(receiver.receive_until("JPEG\r\n\r\n"), kPart);
}

TEST(JpegPusher, ANewSizeBeginsANewRequest) {
  const LoopbackPort port;
  Running running(settings_for(port));
  auto receiver = port.accept();
  (void)receiver.receive_until("JPEG\r\n\r\n");
  running.show(picture("JPEG", 320));
  EXPECT_TRUE(receiver.receive_all().ends_with("0\r\n\r\n"));
  auto next = port.accept();
  EXPECT_NE(next.receive_until("\r\n\r\n").find("Content-Resolution: 320x240x3\r\n"),
            std::string::npos);
}

TEST(JpegPusher, KeepsToItsRate) {
  const LoopbackPort port;
  auto settings = settings_for(port);
  settings.rate_hz = 20;
  Running running(std::move(settings));
  auto receiver = port.accept();
  (void)receiver.receive_until("JPEG\r\n\r\n");
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 6; ++i) (void)receiver.receive_until("JPEG\r\n\r\n");
  EXPECT_GE(std::chrono::steady_clock::now() - began, 200ms);
}

TEST(JpegPusher, StopsWhileTheReceiverIsSilent) {
  const LoopbackPort port;
  Running running(settings_for(port));
  auto receiver = port.accept();
  // Never read: sooner or later the pusher waits for room.
  running.show(picture(std::string(8 << 20, 'x')));
  (void)receiver.receive_until("JPEG\r\n\r\n");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(running.end());
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST(JpegPusher, AnUnreadableCaFileIsTheEnd) {
  const LoopbackPort port;
  auto settings = settings_for(port);
  settings.destination.scheme = "https";
  settings.tls.ca_file = "/there/is/none.pem";
  Running running(std::move(settings));
  const auto done = running.join();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::InvalidArgument);
  EXPECT_NE(done.error().message.find("none.pem"), std::string::npos);
}

TEST(LocationPusher, PostsOnANewConnectionEachTime) {
  const LoopbackPort port;
  base::StopSource stop;
  std::atomic<int> asked{0};
  LocationPusher pusher(settings_for(port, ""), [&] {
    return ++asked == 1 ? std::string("null") : std::string(R"({"latitude": "1.000000"})");
  });
  std::thread thread([&] { EXPECT_TRUE(pusher.run(stop.token())); });
  auto first = port.accept();
  EXPECT_TRUE(first.receive_until("null").ends_with(
      "Connection: keep-alive\r\nContent-Length: 4\r\nContent-Type: application/json\r\n\r\nnull"));
  first.send("HTTP/1.1 500 Internal Server Error\r\n\r\n");
  const auto began = std::chrono::steady_clock::now();
  auto second = port.accept();
  EXPECT_GE(std::chrono::steady_clock::now() - began, 900ms);
  EXPECT_TRUE(second.receive_until("}").starts_with("POST / HTTP/1.1\r\n"));
  second.close();  // no answer at all
  auto third = port.accept();
  EXPECT_TRUE(third.receive_until("}").starts_with("POST / HTTP/1.1\r\n"));
  stop.request_stop();
  thread.join();
}

TEST(ParsePushUrl, KnowsTheUsualPorts) {
  EXPECT_EQ(parse_push_url("https://h")->port, 443);
  EXPECT_EQ(parse_push_url("http://h/x")->port, 80);
  for (const auto* text : {"h:5038", "ftp://h", "rtsp://h", "https://"})
    EXPECT_FALSE(parse_push_url(text)) << text;
}

}  // namespace
}  // namespace lenswire::client
