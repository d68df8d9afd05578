#include "server/doors/ethersense/ping_guard.hpp"

#include <gtest/gtest.h>

namespace lenswire::server::ethersense {
namespace {

using namespace std::chrono_literals;
using Verdict = PingGuard::Verdict;

const auto kPing = std::as_bytes(std::span("EtherSensePing", 14));
constexpr MonotonicTime kStart{1000s};

net::Ipv4 address(const char* text) { return *net::Ipv4::parse(text); }

}  // namespace

TEST(PingGuard, OnlyPingsCount) {
  PingGuard guard(false);
  const auto other = std::as_bytes(std::span("x", 1));
  EXPECT_EQ(guard.judge(other, address("10.0.0.1"), kStart), Verdict::NoPing);
  EXPECT_EQ(guard.judge(kPing, address("10.0.0.1"), kStart), Verdict::Call);
}

TEST(PingGuard, StrangersAreCalledOnlyWhenAllowed) {
  PingGuard careful(false);
  PingGuard open(true);
  for (const auto* stranger : {"8.8.8.8", "172.32.0.1", "100.64.0.1"}) {
    EXPECT_EQ(careful.judge(kPing, address(stranger), kStart), Verdict::Stranger);
    EXPECT_EQ(open.judge(kPing, address(stranger), kStart), Verdict::Call);
  }
  for (const auto* nobody : {"0.0.0.0", "224.0.0.1", "255.255.255.255"})
    EXPECT_EQ(open.judge(kPing, address(nobody), kStart), Verdict::Stranger);
}

TEST(PingGuard, OneSourceIsCalledSeldom) {
  PingGuard guard(false);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(guard.judge(kPing, address("10.0.0.1"), kStart), Verdict::Call) << i;
  EXPECT_EQ(guard.judge(kPing, address("10.0.0.1"), kStart), Verdict::TooOften);
  EXPECT_EQ(guard.judge(kPing, address("10.0.0.2"), kStart), Verdict::Call);
  EXPECT_EQ(guard.judge(kPing, address("10.0.0.1"), kStart + 990ms), Verdict::TooOften);
  EXPECT_EQ(guard.judge(kPing, address("10.0.0.1"), kStart + 1010ms), Verdict::Call);
}

TEST(PingGuard, ForgedSourcesAreBoundedAndForgotten) {
  PingGuard guard(false);
  int called = 0;
  auto now = kStart;
  for (std::uint32_t i = 0; i < 100'000; ++i, now += 100us)  // 10 s
    called += guard.judge(kPing, {0x0a000000U + i}, now) == Verdict::Call;
  EXPECT_LE(called, 100 + 10 * 50 + 1);
  EXPECT_GE(called, 500);
  EXPECT_LE(guard.size(), 700U);
  EXPECT_EQ(guard.judge(kPing, address("192.168.0.1"), now + 10s), Verdict::Call);
  EXPECT_EQ(guard.size(), 1U);
}

}  // namespace lenswire::server::ethersense
