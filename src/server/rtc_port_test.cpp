#include "server/rtc_port.hpp"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "wire/lwp/message.hpp"

namespace lenswire::server {
namespace {

// Holds to the bounds that RtcChannel promises, and keeps what was sent.
class FakeChannel final : public net::RtcChannel {
 public:
  FakeChannel(const net::RtcPeerSettings& own, std::uint64_t announced)
      : own_(own), announced_(announced) {}
  [[nodiscard]] const net::RtcChannelSettings& settings() const noexcept override { return made_; }
  Result<void> send(std::span<const std::span<const std::byte>> pieces, net::RtcPayload) override {
    std::size_t size = 0;
    for (const auto& piece : pieces) size += piece.size();
    if (size > own_.max_message_bytes) return fail(ErrorCode::InvalidArgument, "too long");
    if (sent.size() + size > own_.buffer_limit_bytes) return fail(ErrorCode::Busy, "full");
    for (const auto& piece : pieces) sent.insert(sent.end(), piece.begin(), piece.end());
    sizes.push_back(size);
    return {};
  }
  [[nodiscard]] std::size_t buffered_bytes() const noexcept override { return sent.size(); }
  [[nodiscard]] std::uint64_t peer_max_message_bytes() const noexcept override {
    return announced_;
  }
  void close() override { closed = true; }

  std::vector<std::byte> sent;
  std::vector<std::size_t> sizes;
  bool closed = false;

 private:
  const net::RtcPeerSettings own_;
  const std::uint64_t announced_;
  const net::RtcChannelSettings made_{"lenswire", "", true, {}, {}};
};

// A peer whose client opens one channel at once.
class FakeStack final : public net::RtcStack {
 public:
  explicit FakeStack(std::uint64_t announced) : announced_(announced) {}
  Result<std::unique_ptr<net::RtcPeer>> make_peer(net::RtcPeerSettings settings,
                                                  net::RtcListener& listener) override {
    channel = std::make_shared<FakeChannel>(settings, announced_);
    return std::make_unique<Peer>(*this, listener);
  }
  std::shared_ptr<FakeChannel> channel;

 private:
  class Peer final : public net::RtcPeer {
   public:
    Peer(FakeStack& stack, net::RtcListener& listener) : stack_(stack), listener_(listener) {}
    Result<void> offer(std::vector<net::RtcChannelSettings>) override { return {}; }
    Result<void> set_answer(std::string_view) override { return {}; }
    Result<void> answer(std::string_view) override {
      listener_.on_description("v=0");
      listener_.on_open(stack_.channel);
      return {};
    }
    Result<void> add_candidate(std::string_view) override { return {}; }
    Result<void> open(net::RtcChannelSettings) override { return {}; }
    [[nodiscard]] net::RtcStatistics statistics() const override { return {}; }

   private:
    FakeStack& stack_;
    net::RtcListener& listener_;
  };
  const std::uint64_t announced_;
};

class RtcPortTest : public testing::Test, private MessagePortListener {
 protected:
  RtcPortTest() { io_.start(); }
  ~RtcPortTest() override {
    on_loop([this] { port_.reset(); });
    io_.stop();
  }

  void on_loop(const std::function<void()>& task) {
    std::promise<void> done;
    io_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  // True when the channel is in use, false when the port closed itself.
  bool connect(FakeStack& stack) {
    on_loop([&] {
      port_ = unwrap(RtcPort::answer(stack, io_, {}, "v=0", {}, {}, [](const auto&) {}));
      port_->attach(outgoing_, *this);
    });
    return established_.get_future().get();
  }
  bool send(std::size_t bytes) {
    bool sent = false;
    on_loop([&] {
      outgoing_.head().assign(bytes, std::byte{7});
      outgoing_.start(nullptr);
      sent = port_->send();
    });
    return sent;
  }

 private:
  void on_bytes(std::span<const std::byte>) override {}
  void on_sent() override {}
  void on_established() override { established_.set_value(true); }
  void on_progress() override {}
  void on_port_closed() override { established_.set_value(false); }

  net::IoThread io_{"test"};
  Outgoing outgoing_;
  std::unique_ptr<RtcPort> port_;
  std::promise<bool> established_;
};

TEST_F(RtcPortTest, SendsWholeWhatTheClientTakesWhole) {
  FakeStack stack(256 << 10);
  ASSERT_TRUE(connect(stack));
  EXPECT_TRUE(send(200'000));
  EXPECT_EQ(stack.channel->sizes, std::vector<std::size_t>{200'000});
}

TEST_F(RtcPortTest, CutsWhatTheClientDoesNotTakeWhole) {
  FakeStack stack(100'000);
  ASSERT_TRUE(connect(stack));
  EXPECT_TRUE(send(150'000));
  EXPECT_EQ(stack.channel->sizes, (std::vector<std::size_t>{65536, 65536, 18928}));
}

TEST_F(RtcPortTest, SendsTheLongestMessageToAClientThatTakesAnything) {
  FakeStack stack(0);
  ASSERT_TRUE(connect(stack));
  EXPECT_TRUE(send(wire::lwp::kMaxMessageToClient));
  EXPECT_EQ(stack.channel->sent.size(), wire::lwp::kMaxMessageToClient);
}

// As Firefox announces.
TEST_F(RtcPortTest, SendsALongMessageToAClientThatTakesAGigabyte) {
  FakeStack stack(std::uint64_t{1} << 30);
  ASSERT_TRUE(connect(stack));
  EXPECT_TRUE(send(25'000'000));
  EXPECT_EQ(stack.channel->sent.size(), 25'000'000U);
}

TEST_F(RtcPortTest, RefusesAClientThatTakesNextToNothing) {
  FakeStack stack(kRtcLeastPieceBytes - 1);
  EXPECT_FALSE(connect(stack));
  EXPECT_TRUE(stack.channel->closed);
}

}  // namespace
}  // namespace lenswire::server
