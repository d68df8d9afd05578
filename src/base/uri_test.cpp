#include "base/uri.hpp"

#include <gtest/gtest.h>

namespace lenswire::base {

TEST(SourceUri, SplitsSchemePathAndOptions) {
  auto uri = SourceUri::parse("synthetic:room?size=1280x720&fps=30");
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->scheme, "synthetic");
  EXPECT_EQ(uri->path, "room");
  const auto size = uri->options.size("size", {640, 480}, 4096);
  ASSERT_TRUE(size);
  EXPECT_EQ(size->width, 1280U);
  EXPECT_EQ(size->height, 720U);
  EXPECT_EQ(uri->options.number("fps", 15, 1, 240).value(), 30);
  EXPECT_TRUE(uri->options.finish("size, fps"));
}

TEST(SourceUri, KeepsColonsOfThePath) {
  EXPECT_EQ(SourceUri::parse("v4l2:usb-0000:00:14.0-1")->path, "usb-0000:00:14.0-1");
}

TEST(SourceUri, RefusesATextWithoutAScheme) {
  const auto uri = SourceUri::parse("/dev/video0");
  ASSERT_FALSE(uri);
  EXPECT_NE(uri.error().message.find("/dev/video0"), std::string::npos);
}

TEST(QueryOptions, NamesWhatItDoesNotKnow) {
  const auto options = QueryOptions::parse("fsp=30");
  ASSERT_TRUE(options);
  const auto result = options->finish("fps, loop");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("'fsp'"), std::string::npos);
  EXPECT_NE(result.error().message.find("fps, loop"), std::string::npos);
}

TEST(QueryOptions, ChecksRangesAndText) {
  auto options = QueryOptions::parse("fps=0&n=12x&b=maybe&s=0x5");
  ASSERT_TRUE(options);
  EXPECT_FALSE(options->number("fps", 1, 1, 240));
  EXPECT_FALSE(options->integer("n", 1, 0, 100));
  EXPECT_FALSE(options->boolean("b", true));
  EXPECT_FALSE(options->size("s", {1, 1}, 100));
}

TEST(QueryOptions, RefusesRepeatsBrokenEscapesAndNul) {
  EXPECT_FALSE(QueryOptions::parse("a=1&a=2"));
  EXPECT_FALSE(QueryOptions::parse("a=%2"));
  EXPECT_FALSE(QueryOptions::parse("a=%zz"));
  EXPECT_FALSE(QueryOptions::parse("a=%00"));
  EXPECT_EQ(QueryOptions::parse("a=%20b")->text("a", ""), " b");
}

TEST(SourceUri, OptionsAreReplacedByName) {
  EXPECT_EQ(with_options("synthetic:room", {{"size", "320x240"}}), "synthetic:room?size=320x240");
  EXPECT_EQ(
      with_options("v4l2:/dev/video0?size=1x1&format=yuyv&fps=5", {{"fps", "30"}, {"size", "2x2"}}),
      "v4l2:/dev/video0?format=yuyv&fps=30&size=2x2");
  EXPECT_EQ(with_options("a:b?f%70s=5", {{"fps", "30"}}), "a:b?fps=30");
  EXPECT_EQ(with_options("a:b?x=1", {}), "a:b?x=1");
}

TEST(LenswireUrl, TakesAllItsForms) {
  auto url = LenswireUrl::parse("lenswire://cam.local:7000/front/depth");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "cam.local");
  EXPECT_EQ(url->port, 7000);
  EXPECT_EQ(url->camera, "front");
  EXPECT_EQ(url->stream, "depth");

  url = LenswireUrl::parse("[::1]/front");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 6480);

  EXPECT_TRUE(LenswireUrl::parse("lenswires://host")->tls);
  EXPECT_EQ(LenswireUrl::parse("host")->transport, Transport::Tcp);
  EXPECT_EQ(LenswireUrl::parse("ws://host/cam")->transport, Transport::WebSocket);
  EXPECT_EQ(LenswireUrl::parse("rtc://host/cam")->transport, Transport::DataChannel);
  EXPECT_FALSE(LenswireUrl::parse("ws://host/cam")->tls);
  for (const auto* text : {"wss://host/cam", "rtcs://host/cam"}) {
    EXPECT_TRUE(LenswireUrl::parse(text)->tls) << text;
    EXPECT_NE(LenswireUrl::parse(text)->transport, Transport::Tcp) << text;
  }
}

TEST(LenswireUrl, RefusesNonsense) {
  for (const auto* text : {"", "lenswire://", "http://host/x", "s://host/x", "wsss://host/x",
                           "host:0", "host:99999", "host:", "[::1", "host/../x", "host/a/b/c"})
    EXPECT_FALSE(LenswireUrl::parse(text)) << text;
}

TEST(Names, FollowTheRule) {
  EXPECT_TRUE(is_valid_name("front-left_2.a"));
  EXPECT_FALSE(is_valid_name(""));
  EXPECT_FALSE(is_valid_name(".hidden"));
  EXPECT_FALSE(is_valid_name("a/b"));
  EXPECT_FALSE(is_valid_name(std::string(65, 'a')));
}

}  // namespace lenswire::base
