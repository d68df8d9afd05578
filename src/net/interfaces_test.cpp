#include "net/interfaces.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lenswire::net {
namespace {

bool local(const char* text) { return Ipv4::parse(text)->is_local_scope(); }
bool unicast(const char* text) { return Ipv4::parse(text)->is_unicast(); }

}  // namespace

TEST(Ipv4, TextAndBackAgain) {
  EXPECT_EQ(Ipv4::parse("192.168.7.1")->bits, 0xc0a80701U);
  EXPECT_EQ(Ipv4{0xc0a80701}.text(), "192.168.7.1");
  for (const auto* bad : {"", "1.2.3", "1.2.3.256", "host", "::1", "1.2.3.4 "})
    EXPECT_FALSE(Ipv4::parse(bad)) << bad;
}

TEST(Ipv4, LocalScopeEndsWhereTheStandardsSay) {
  for (const auto* inside :
       {"127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0",
        "172.31.255.255", "192.168.0.0", "192.168.255.255", "169.254.0.0", "169.254.255.255"})
    EXPECT_TRUE(local(inside)) << inside;
  for (const auto* outside :
       {"126.255.255.255", "128.0.0.0", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "192.169.0.0", "169.253.255.255", "169.255.0.0", "8.8.8.8", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "100.64.0.1"})
    EXPECT_FALSE(local(outside)) << outside;
}

TEST(Ipv4, OnlyOneMachineIsUnicast) {
  for (const auto* one : {"1.0.0.0", "127.0.0.1", "192.168.0.7", "223.255.255.255"})
    EXPECT_TRUE(unicast(one)) << one;
  for (const auto* other :
       {"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.0.0.1", "240.0.0.1", "255.255.255.255"})
    EXPECT_FALSE(unicast(other)) << other;
}

TEST(Interfaces, LoopbackIsThere) {
  const auto all = ipv4_interfaces();
  const auto found =
      std::find_if(all.begin(), all.end(), [](const auto& one) { return one.loopback; });
  ASSERT_NE(found, all.end());
  EXPECT_GT(found->index, 0);
  EXPECT_EQ(std::count(found->addresses.begin(), found->addresses.end(), Ipv4{0x7f000001}), 1);
}

}  // namespace lenswire::net
