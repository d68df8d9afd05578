#include "server/outgoing.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "server/multipart.hpp"
#include "server/rate_limit.hpp"

namespace lenswire::server {
namespace {

// Takes as many bytes per write as it was told; with nothing left to say it would block.
class SlowStream final : public net::Stream {
 public:
  explicit SlowStream(std::deque<std::size_t> portions, bool encrypted = false)
      : portions_(std::move(portions)), encrypted_(encrypted) {}

  net::Transfer write(std::span<const iovec> pieces) override {
    ++writes;
    if (portions_.empty()) return {net::IoStatus::WouldBlock, 0};
    auto room = portions_.front();
    portions_.pop_front();
    if (room == 0) return {net::IoStatus::Failed, 0};
    std::size_t taken = 0;
    for (const auto& piece : pieces) {
      const auto size = std::min(room, piece.iov_len);
      sent.append(static_cast<const char*>(piece.iov_base), size);
      room -= size;
      taken += size;
    }
    return {net::IoStatus::Done, taken};
  }
  void refill(std::deque<std::size_t> portions) { portions_ = std::move(portions); }

  net::Transfer read(std::span<std::byte>) override { return {net::IoStatus::WouldBlock, 0}; }
  net::Transfer peek(std::span<std::byte>) override { return {net::IoStatus::WouldBlock, 0}; }
  void set_listener(net::StreamListener*) noexcept override {}
  void wait_readable() override {}
  void wait_writable() override {}
  void close() noexcept override {}
  void shut_down_sending() noexcept override {}
  void set_unsent_limit(std::uint32_t) noexcept override {}
  [[nodiscard]] const net::Address& peer() const noexcept override { return address_; }
  [[nodiscard]] const net::Address& local() const noexcept override { return address_; }
  [[nodiscard]] bool is_encrypted() const noexcept override { return encrypted_; }
  [[nodiscard]] int native_handle() const noexcept override { return -1; }
  [[nodiscard]] net::IoThread& thread() noexcept override { return thread_; }

  std::string sent;
  int writes = 0;

 private:
  std::deque<std::size_t> portions_;
  const bool encrypted_;
  net::Address address_;
  net::IoThread thread_{"unused"};
};

hub::EncodedFramePtr frame_of(std::string_view text) {
  auto frame = std::make_shared<hub::EncodedFrame>();
  const auto bytes = std::as_bytes(std::span(text));
  frame->passes_through = false;
  frame->encoded.assign(bytes.begin(), bytes.end());
  auto source = std::make_shared<Frame>();
  source->sequence = 42;
  frame->source = source;
  return frame;
}

TEST(Outgoing, SendsHeadPayloadAndTailInOneWrite) {
  SlowStream stream({1000});
  Outgoing outgoing;
  outgoing.set_head("head|");
  outgoing.start(frame_of("payload"), "|tail");
  EXPECT_EQ(outgoing.total(), 17U);
  EXPECT_EQ(outgoing.flush(stream), net::IoStatus::Done);
  EXPECT_EQ(stream.sent, "head|payload|tail");
  EXPECT_EQ(stream.writes, 1);
  EXPECT_TRUE(outgoing.empty());
}

TEST(Outgoing, GoesOnWhereAShortWriteStopped) {
  for (std::size_t cut = 1; cut < 17; ++cut) {
    SlowStream stream({cut});
    Outgoing outgoing;
    outgoing.set_head("head|");
    outgoing.start(frame_of("payload"), "|tail");
    ASSERT_EQ(outgoing.flush(stream), net::IoStatus::WouldBlock);
    EXPECT_EQ(stream.writes, 1) << "a short write says that the socket is full";
    EXPECT_FALSE(outgoing.empty());
    stream.refill({100});
    ASSERT_EQ(outgoing.flush(stream), net::IoStatus::Done);
    EXPECT_EQ(stream.sent, "head|payload|tail") << cut;
  }
}

TEST(Outgoing, ByteByByteThroughTls) {
  SlowStream stream(std::deque<std::size_t>(17, 1), true);
  Outgoing outgoing;
  outgoing.set_head("head|");
  outgoing.start(frame_of("payload"), "|tail");
  EXPECT_EQ(outgoing.flush(stream), net::IoStatus::Done);
  EXPECT_EQ(stream.sent, "head|payload|tail");
}

TEST(Outgoing, LetsTheFrameGoOnceItIsSent) {
  SlowStream stream({5, 100});
  Outgoing outgoing;
  const auto frame = frame_of("payload");
  outgoing.start(frame);
  EXPECT_EQ(outgoing.flush(stream), net::IoStatus::WouldBlock);
  EXPECT_EQ(frame.use_count(), 2);
  EXPECT_EQ(outgoing.flush(stream), net::IoStatus::Done);
  EXPECT_EQ(frame.use_count(), 1);
}

TEST(Outgoing, SaysWhenTheStreamIsBroken) {
  SlowStream stream({3, 0});
  Outgoing outgoing;
  outgoing.start(frame_of("payload"));
  EXPECT_EQ(outgoing.flush(stream), net::IoStatus::WouldBlock);
  EXPECT_EQ(outgoing.flush(stream), net::IoStatus::Failed);
}

TEST(Multipart, HeadTellsLengthSequenceAndTime) {
  const auto head = multipart_head(*frame_of("payload"));
  EXPECT_TRUE(head.starts_with("--lenswire-frame\r\nContent-Type: image/jpeg\r\n"));
  EXPECT_NE(head.find("\r\nContent-Length: 7\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nX-Sequence: 42\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nX-Timestamp: "), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

TEST(RateLimit, TakesABurstAndThenTheRate) {
  using namespace std::chrono_literals;
  RateLimit limit(10, 3);
  auto now = MonotonicTime(1000s);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.admit(now));
  EXPECT_FALSE(limit.admit(now));
  EXPECT_FALSE(limit.admit(now + 90ms));
  EXPECT_TRUE(limit.admit(now + 110ms));
  EXPECT_FALSE(limit.admit(now + 120ms));
  now += 3600s;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.admit(now)) << "no more than the burst is saved";
  EXPECT_FALSE(limit.admit(now));
}

}  // namespace
}  // namespace lenswire::server
