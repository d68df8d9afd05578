#include "net/address.hpp"

#include <gtest/gtest.h>

namespace lenswire::net {
namespace {

TEST(Address, ReadsWhatPeopleWrite) {
  const struct {
    const char* text;
    Address expected;
  } cases[] = {
      {"127.0.0.1:80", {"127.0.0.1", 80}},
      {"127.0.0.1", {"127.0.0.1", 6480}},
      {":81", {"127.0.0.1", 81}},
      {"localhost:82", {"127.0.0.1", 82}},
      {"*:83", {"0.0.0.0", 83}},
      {"*", {"0.0.0.0", 6480}},
      {"[::1]:84", {"::1", 84}},
      {"[::]", {"::", 6480}},
      {"::1", {"::1", 6480}},
      {"10.0.0.7:65535", {"10.0.0.7", 65535}},
      {"127.0.0.1:0", {"127.0.0.1", 0}},
      {"", {"127.0.0.1", 6480}},
  };
  for (const auto& [text, expected] : cases) {
    const auto address = Address::parse(text, 6480);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(*address, expected) << text;
  }
}

TEST(Address, RefusesTheRestByName) {
  for (const char* text : {"camera.local:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:8o", "[::1", "[::1]80", "[127.0.0.1]x", "1.2.3:4", "::1:g"}) {
    const auto address = Address::parse(text, 6480);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(address.error().message.find(text), std::string::npos);
    EXPECT_NE(address.error().message.find("HOST:PORT"), std::string::npos);
  }
}

TEST(Address, KnowsLoopback) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE((Address{host, 1}).is_loopback()) << host;
  for (const char* host : {"0.0.0.0", "128.0.0.1", "::", "10.127.0.1"})
    EXPECT_FALSE((Address{host, 1}).is_loopback()) << host;
}

TEST(Address, WritesBrackets) {
  EXPECT_EQ((Address{"1.2.3.4", 5}).text(), "1.2.3.4:5");
  EXPECT_EQ((Address{"::1", 5}).text(), "[::1]:5");
}

}  // namespace
}  // namespace lenswire::net
