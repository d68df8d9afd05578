#include "net/listener.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

namespace lenswire::net {
namespace {

base::UniqueFd connect_to(const Address& address) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(address.port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  return fd;
}

TEST(TcpListener, TakesAFreePortAndHandsSocketsOut) {
  IoThread thread("test");
  auto listener = TcpListener::open(thread, {"127.0.0.1", 0});
  ASSERT_TRUE(listener);
  EXPECT_NE((*listener)->address().port, 0);
  std::atomic<int> accepted = 0;
  (*listener)->start([&](base::UniqueFd socket) { accepted += socket ? 1 : 0; });
  thread.start();
  for (int i = 0; i < 200; ++i) connect_to((*listener)->address());
  while (accepted < 200) std::this_thread::yield();
  thread.stop();
}

TEST(TcpListener, NamesThePortThatIsInUse) {
  IoThread thread("test");
  const auto first = TcpListener::open(thread, {"127.0.0.1", 0});
  ASSERT_TRUE(first);
  const auto second = TcpListener::open(thread, (*first)->address());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::Busy);
  EXPECT_NE(second.error().message.find((*first)->address().text()), std::string::npos);
}

TEST(TcpListener, NamesAnAddressOfAnotherMachine) {
  IoThread thread("test");
  const auto listener = TcpListener::open(thread, {"192.0.2.1", 0});
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().code, ErrorCode::InvalidArgument);
  EXPECT_NE(listener.error().message.find("192.0.2.1"), std::string::npos);
}

TEST(TcpListener, GoesOnWhenDescriptorsAreFreeAgain) {
#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
  GTEST_SKIP() << "the undefined behaviour sanitizer needs descriptors for its own checks";
#endif
  IoThread thread("test");
  auto listener = TcpListener::open(thread, {"127.0.0.1", 0});
  ASSERT_TRUE(listener);
  std::atomic<int> accepted = 0;
  (*listener)->start([&](base::UniqueFd) { ++accepted; });
  const auto caller = connect_to((*listener)->address());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  thread.start();
  // The caller is known to wait; the loop has come by and could not take it.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  while (std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(accepted, 0);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  while (accepted < 1) std::this_thread::yield();
  thread.stop();
}

}  // namespace
}  // namespace lenswire::net
