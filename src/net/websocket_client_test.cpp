#include "net/websocket_client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <future>
#include <thread>

#include "base/clock.hpp"

namespace lenswire::net {
namespace {

using namespace std::chrono_literals;

MonotonicTime in(Nanoseconds time) { return base::system_clock().now() + time; }

// A server that takes connections and says nothing.
class Mute {
 public:
  Mute() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] base::UniqueFd client() const {
    return unwrap(connect_tcp("127.0.0.1", port_, in(60s), base::StopSource().token()));
  }
  // Once the client's request is here.
  [[nodiscard]] base::UniqueFd accept() const {
    base::UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 4096> request;
    EXPECT_GT(::recv(peer.get(), request.data(), request.size(), 0), 0);
    return peer;
  }

 private:
  base::UniqueFd listener_;
  std::uint16_t port_ = 0;
};

const WebSocketTarget kTarget{"127.0.0.1", "/ws", "", {}, {}};

}  // namespace

TEST(WebSocketClient, AStopEndsAHandshakeThatGetsNoAnswer) {
  const Mute server;
  base::StopSource stop;
  auto client = std::async(std::launch::async, [&] {
    return make_websocket_stream(server.client(), kTarget, in(60s), stop.token());
  });
  const auto peer = server.accept();
  stop.request_stop();
  const auto made = client.get();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::Closed);
}

TEST(WebSocketClient, TheDeadlineEndsAHandshakeThatGetsNoAnswer) {
  const Mute server;
  const auto made =
      make_websocket_stream(server.client(), kTarget, in(1ms), base::StopSource().token());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::Timeout);
}

}  // namespace lenswire::net
