#include "server/doors/ethersense/call_list.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

namespace lenswire::server::ethersense {
namespace {

using namespace std::chrono_literals;

constexpr net::Ipv4 kLoopback{0x7f000001};

// A bound socket: its port is ours and refuses, until it listens.
class Viewer {
 public:
  Viewer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(kLoopback.bits);
    socklen_t size = sizeof name;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    port_ = ntohs(name.sin_port);
  }
  void listen() { EXPECT_EQ(::listen(socket_.get(), 10), 0); }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  base::UniqueFd socket_;
  std::uint16_t port_ = 0;
};

struct CallListTest : ::testing::Test {
  ViewerBook book;
  Viewer viewer;
  std::vector<base::UniqueFd> connected;
  CallList calls{viewer.port(), [this](base::UniqueFd socket, const ViewerBook::Seat&) {
                   connected.push_back(std::move(socket));
                 }};
  MonotonicTime now{100s};

  void call(net::Ipv4 who = kLoopback) {
    auto seat = book.enter(who);
    ASSERT_TRUE(seat);
    calls.add(std::move(*seat), now);
  }
  // What the door's thread does, on a clock of our own.
  void run_until(MonotonicTime end) {
    while (now < end && connected.empty() && calls.size() > 0) {
      calls.step(now);
      now = std::min(end, calls.next_due(now));
    }
  }
};

}  // namespace

TEST_F(CallListTest, ViewerWhoListensIsReachedAtOnce) {
  viewer.listen();
  call();
  calls.step(now);
  EXPECT_EQ(connected.size(), 1U);
  EXPECT_EQ(calls.size(), 0U);
}

TEST_F(CallListTest, ViewerWhoListensLaterIsReachedThen) {
  call();
  run_until(now + 5s);
  EXPECT_TRUE(connected.empty());
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_LE(calls.next_due(now) - now, CallList::kPause);
  viewer.listen();
  run_until(now + 1s);
  EXPECT_EQ(connected.size(), 1U);
}

TEST_F(CallListTest, PatienceEndsAndTheViewerMayPingAgain) {
  call();
  EXPECT_FALSE(book.enter(kLoopback));
  run_until(now + CallList::kPatience + 1s);
  EXPECT_EQ(calls.size(), 0U);
  EXPECT_TRUE(connected.empty());
  EXPECT_TRUE(book.enter(kLoopback));
}

TEST_F(CallListTest, TheOldestGivesWay) {
  for (std::uint32_t i = 0; i <= CallList::kMaxCalls; ++i) call({0x7f000001U + i});
  EXPECT_EQ(calls.size(), CallList::kMaxCalls);
  EXPECT_FALSE(book.contains(kLoopback));
  EXPECT_TRUE(book.contains({0x7f000002U}));
}

}  // namespace lenswire::server::ethersense
