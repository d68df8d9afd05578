#include "net/url.hpp"

#include <gtest/gtest.h>

namespace lenswire::net {
namespace {

TEST(Url, HasItsParts) {
  const auto url = Url::parse("HTTPS://cam.lab:5038/in/1?x=y#z", 443);
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->authority, "cam.lab:5038");
  EXPECT_EQ(url->host, "cam.lab");
  EXPECT_EQ(url->port, 5038);
  EXPECT_EQ(url->target, "/in/1?x=y");
}

TEST(Url, MostPartsMayBeMissing) {
  EXPECT_EQ(Url::parse("https://h", 443)->port, 443);
  EXPECT_EQ(Url::parse("https://h", 443)->target, "/");
  EXPECT_EQ(Url::parse("https://h?a", 443)->target, "/?a");
  EXPECT_EQ(Url::parse("https://h#a", 443)->target, "/");
  EXPECT_EQ(Url::parse("gpsd://[::1]:1", 2947)->host, "::1");
  EXPECT_EQ(Url::parse("gpsd://[::1]", 2947)->port, 2947);
}

TEST(Url, RefusesWhatIsNone) {
  for (const auto* text :
       {"", "host", "://h", "http://", "http:///x", "http://u@h", "http://h:", "http://h:0",
        "http://h:65536", "http://h:1x", "http://[::1", "http://[::1]x", "http://h/a b",
        "http://h/\r\nX: y", "http://h/\xc3\xa4"})
    EXPECT_FALSE(Url::parse(text, 80)) << text;
}

}  // namespace
}  // namespace lenswire::net
