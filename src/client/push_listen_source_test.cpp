#include "client/push_listen_source.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "client/loopback_for_test.hpp"
#include "codec/codec.hpp"
#include "wire/mjpeg_push/encode.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;
namespace push = wire::mjpeg_push;

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kLoopbackLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

// A JPEG whose left half is red and whose right half is grey.
std::string jpeg(std::uint32_t width, std::uint32_t height, std::uint8_t shade = 100) {
  frame::Image image;
  image.reshape(PixelFormat::RGB8, width, height);
  for (std::size_t i = 0; i < image.data.size(); ++i) {
    const bool left = i / 3 % width < width / 2;
    image.data[i] = static_cast<std::byte>(left ? (i % 3 == 0 ? 200 : 0) : shade);
  }
  std::vector<std::byte> out;
  EXPECT_TRUE(
      codec::find_codec(CodecId::Jpeg)->make_encoder({.quality = 95})->encode(image.view(), out));
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

std::string part(std::string_view picture) {
  std::vector<std::byte> head;
  push::write_part_head(head, picture.size(), push::Framing::Chunked);
  return std::string(reinterpret_cast<const char*>(head.data()), head.size()) +
         std::string(picture) + std::string(push::part_tail(push::Framing::Chunked));
}

std::string head(const std::string& stream_id) {
  return push::push_head({"h", "/any/path", stream_id, 1, 1});
}

// A source that runs, again and again, as under a runner.
class Running final : private SourceSink {
 public:
  explicit Running(const std::string& text) {
    auto uri = base::SourceUri::parse(text);
    auto made = push_listen_source_kind().make(std::move(*uri), {base::system_clock()});
    if (!made) throw std::runtime_error(made.error().message);
    source_ = std::move(*made);
    (void)source_->probe();  // from here on it listens
    thread_ = std::thread([this] {
      const auto stop = stop_.token();
      do {
        const auto done = source_->run(*this, stop);
        base::MutexLock lock(mutex_);
        if (!done) last_error_ = done.error();
      } while (!stop.wait_for(1ms));
    });
  }
  ~Running() override {
    stop_.request_stop();
    thread_.join();
  }

  [[nodiscard]] std::vector<FramePtr> frames() const {
    base::MutexLock lock(mutex_);
    return frames_;
  }
  [[nodiscard]] std::optional<Error> last_error() const {
    base::MutexLock lock(mutex_);
    return last_error_;
  }
  [[nodiscard]] std::vector<Error> troubles() const {
    base::MutexLock lock(mutex_);
    return troubles_;
  }
  [[nodiscard]] SourceDescription description() const {
    base::MutexLock lock(mutex_);
    return description_;
  }
  Source& source() { return *source_; }

 private:
  void opened(const SourceDescription& description) override {
    base::MutexLock lock(mutex_);
    description_ = description;
  }
  void frame(FramePtr frame) override {
    base::MutexLock lock(mutex_);
    frames_.push_back(std::move(frame));
  }
  void controls_changed(std::vector<Control>) override {}
  void trouble(Error error) override {
    base::MutexLock lock(mutex_);
    troubles_.push_back(std::move(error));
  }

  std::unique_ptr<Source> source_;
  base::StopSource stop_;
  mutable base::Mutex mutex_;
  SourceDescription description_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<FramePtr> frames_ LENSWIRE_GUARDED_BY(mutex_);
  std::optional<Error> last_error_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<Error> troubles_ LENSWIRE_GUARDED_BY(mutex_);
  std::thread thread_;
};

TEST(PushListenSource, SendersAreToldApartByTheirId) {
  const auto port = LoopbackPort::unused();
  Running seven(fmt::format("push-listen:{}?stream-id=cam-7", port));
  Running other(fmt::format("push-listen:{}", port));
  const auto a = Loopback::to(port);
  const auto b = Loopback::to(port);
  a.send(head("cam-7") + part(jpeg(64, 32)));
  b.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + part(jpeg(128, 32)));
  ASSERT_TRUE(eventually([&] { return !seven.frames().empty() && !other.frames().empty(); }));
  const auto frame = seven.frames().front();
  EXPECT_EQ(frame->profile->stream, "color");
  EXPECT_EQ(frame->format(), PixelFormat::JPEG);
  EXPECT_EQ(frame->width(), 64U);
  const auto sent = jpeg(64, 32);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(frame->data.data()), frame->data.size()),
            sent);
  EXPECT_EQ(other.frames().front()->width(), 128U);
  EXPECT_TRUE(seven.source().probe());
}

TEST(PushListenSource, SequencesRise) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:127.0.0.1:{}", port));
  const auto sender = Loopback::to(port);
  sender.send(head("x"));
  for (std::size_t i = 1; i <= 5; ++i) {
    sender.send(part(jpeg(64, 32)));
    ASSERT_TRUE(eventually([&] { return running.frames().size() == i; }));
  }
  const auto frames = running.frames();
  for (std::size_t i = 1; i < frames.size(); ++i)
    EXPECT_EQ(frames[i]->sequence, frames[i - 1]->sequence + 1);
}

TEST(PushListenSource, AnOddNameDoesNoHarm) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}", port));
  const auto sender = Loopback::to(port);
  sender.send(head("caf\xe9 \xff") + part(jpeg(64, 32)));
  ASSERT_TRUE(eventually([&] { return !running.frames().empty(); }));
  EXPECT_EQ(running.description().serial, "caf? ?");
}

TEST(PushListenSource, ANewerSenderTakesOver) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}?stream-id=cam-7", port));
  auto old = Loopback::to(port);
  old.send(head("cam-7") + part(jpeg(64, 32)));
  ASSERT_TRUE(eventually([&] { return !running.frames().empty(); }));
  const auto young = Loopback::to(port);
  young.send(head("cam-7") + part(jpeg(32, 16)));
  EXPECT_TRUE(old.receive_all().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(eventually([&] { return running.frames().back()->width() == 32; }));
}

TEST(PushListenSource, WhoIsNotWantedIsTold) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}?stream-id=cam-7", port));
  auto stranger = Loopback::to(port);
  stranger.send(head("cam-8"));
  EXPECT_TRUE(stranger.receive_all().starts_with("HTTP/1.1 404 Not Found\r\n"));
  auto browser = Loopback::to(port);
  browser.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(browser.receive_all().starts_with("HTTP/1.1 405 "));
  auto broken = Loopback::to(port);
  broken.send("POST / HTTP/1.1\r\nno header\r\n\r\n");
  EXPECT_TRUE(broken.receive_all().starts_with("HTTP/1.1 400 "));
}

TEST(PushListenSource, TwoIdsDoNotShareOneCamera) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}", port));
  const auto first = Loopback::to(port);
  first.send(head("one") + part(jpeg(64, 32)));
  ASSERT_TRUE(eventually([&] { return !running.frames().empty(); }));
  auto second = Loopback::to(port);
  second.send(head("two"));
  EXPECT_TRUE(second.receive_all().starts_with("HTTP/1.1 409 "));
}

TEST(PushListenSource, ADamagedPictureCostsNoMoreThanItself) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}", port));
  const auto sender = Loopback::to(port);
  sender.send(head("x") + part(jpeg(64, 32)));
  ASSERT_TRUE(eventually([&] { return !running.frames().empty(); }));
  auto cut = jpeg(64, 32);
  cut.resize(cut.size() / 2);
  sender.send(part("no JPEG at all") + part(cut));
  EXPECT_TRUE(eventually([&] { return !running.troubles().empty(); }));
  sender.send(part(jpeg(32, 32)));
  EXPECT_TRUE(eventually([&] { return running.frames().back()->width() == 32; }));
}

TEST(PushListenSource, ASenderThatLeavesIsMissed) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}", port));
  {
    const auto sender = Loopback::to(port);
    sender.send(head("x") + part(jpeg(64, 32)));
    ASSERT_TRUE(eventually([&] { return !running.frames().empty(); }));
  }
  ASSERT_TRUE(eventually([&] { return running.last_error().has_value(); }));
  EXPECT_EQ(running.last_error()->code, ErrorCode::Disconnected);
  EXPECT_FALSE(running.source().probe());
  const auto again = Loopback::to(port);
  again.send(head("x") + part(jpeg(32, 32)));
  EXPECT_TRUE(eventually([&] { return running.frames().back()->width() == 32; }));
}

TEST(PushListenSource, AnswersWhenItStops) {
  const auto port = LoopbackPort::unused();
  auto running = std::make_unique<Running>(fmt::format("push-listen:{}", port));
  auto sender = Loopback::to(port);
  sender.send(head("x") + part(jpeg(64, 32)));
  ASSERT_TRUE(eventually([&] { return !running->frames().empty(); }));
  running.reset();
  EXPECT_TRUE(sender.receive_all().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(PushListenSource, CanCutThePictureInTwo) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}?split=1", port));
  const auto sender = Loopback::to(port);
  sender.send(head("x") + part(jpeg(64, 32, 102)));
  ASSERT_TRUE(eventually([&] { return running.frames().size() == 2; }));
  const auto frames = running.frames();
  EXPECT_EQ(frames[0]->format(), PixelFormat::RGB8);
  EXPECT_EQ(frames[0]->width(), 32U);
  EXPECT_NEAR(std::to_integer<int>(frames[0]->data[3 * 5]), 200, 5);
  EXPECT_EQ(frames[1]->format(), PixelFormat::Z16);
  EXPECT_EQ(frames[1]->sequence, frames[0]->sequence);
  const auto depth_m =
      std::to_integer<int>(frames[1]->data[2 * 20]) * frames[1]->profile->depth_unit_m;
  EXPECT_NEAR(depth_m, 4.0, 0.1);
}

TEST(PushListenSource, MayInsistOnTls) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}?tls=1", port));
  auto plain = Loopback::to(port);
  plain.send(head("x"));
  EXPECT_EQ(plain.receive_all(), "");
}

TEST(PushListenSource, ManySendersThatVanishLeaveNothing) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}", port));
  for (int i = 0; i < 200; ++i) {
    const auto sender = Loopback::to(port);
    sender.send(i % 3 == 0 ? std::string("POST") : head(fmt::format("x{}", i % 2)));
  }
  const auto sender = Loopback::to(port);
  ASSERT_TRUE(eventually([&] {
    const auto last = Loopback::to(port);
    last.send(head("last") + part(jpeg(64, 32)));
    return !running.frames().empty();
  }));
}

TEST(PushListenSource, WhoComesFirstIsNotRefused) {
  for (int i = 0; i < 50; ++i) {
    const auto port = LoopbackPort::unused();
    auto uri = base::SourceUri::parse(fmt::format("push-listen:{}", port));
    auto source = push_listen_source_kind().make(std::move(*uri), {base::system_clock()});
    ASSERT_TRUE(source);
    std::thread opener([&] { (void)(*source)->probe(); });
    auto sender = Loopback::to(port);
    sender.send(head("cam") + part(jpeg(64, 32)));
    opener.join();
    ASSERT_TRUE(eventually([&] { return (*source)->probe().has_value(); })) << i;
  }
}

TEST(PushListenSource, ManyWhoSayNothingKeepNobodyOut) {
  const auto port = LoopbackPort::unused();
  Running running(fmt::format("push-listen:{}", port));
  std::vector<Loopback> silent;
  for (int i = 0; i < 70; ++i) silent.push_back(Loopback::to(port));
  const auto sender = Loopback::to(port);
  sender.send(head("cam") + part(jpeg(64, 32)));
  ASSERT_TRUE(eventually([&] { return !running.frames().empty(); }));
}

TEST(PushListenSource, RefusesWhatMakesNoSense) {
  const auto error = [](const std::string& text) {
    auto made =
        push_listen_source_kind().make(*base::SourceUri::parse(text), {base::system_clock()});
    return made ? std::string() : made.error().message;
  };
  EXPECT_EQ(error("push-listen:"), "");
  EXPECT_EQ(error("push-listen:*:5038?tls=0"), "");
  EXPECT_NE(error("push-listen:70000"), "");
  EXPECT_NE(error("push-listen:host.name:1"), "");
  EXPECT_NE(error("push-listen:1?tls=x"), "");
  EXPECT_NE(error("push-listen:1?cert=a.pem").find("go together"), std::string::npos);
  EXPECT_NE(error("push-listen:1?stream-id=%ff"), "");
  EXPECT_NE(error("push-listen:1?id=x").find("stream-id"), std::string::npos);
  const auto port = LoopbackPort::unused();
  Running first(fmt::format("push-listen:{}", port));
  (void)Loopback::to(port);
  Running twin(fmt::format("push-listen:{}", port));
  ASSERT_TRUE(eventually([&] { return twin.last_error().has_value(); }));
  Running unlike(fmt::format("push-listen:{}?tls=0", port));
  ASSERT_TRUE(eventually([&] { return unlike.last_error().has_value(); }));
  EXPECT_EQ(unlike.last_error()->code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace lenswire::client
