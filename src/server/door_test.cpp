#include "server/door.hpp"

#include <gtest/gtest.h>

namespace lenswire::server {
namespace {

TEST(DoorRequest, NeedsNoMoreThanAName) {
  const auto request = DoorRequest::parse("rpiasgige");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->name, "rpiasgige");
  EXPECT_EQ(request->host, "");
  EXPECT_FALSE(request->port);
  EXPECT_EQ(request->camera, "");
}

TEST(DoorRequest, TakesPortCameraAndOptions) {
  auto request = DoorRequest::parse("rpiasgige:4002=front?stream=depth");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->port, 4002);
  EXPECT_EQ(request->camera, "front");
  EXPECT_EQ(request->options.text("stream", ""), "depth");
}

TEST(DoorRequest, TakesAHost) {
  const auto v4 = DoorRequest::parse("ethersense:127.0.0.2:1024");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.2");
  EXPECT_EQ(v4->port, 1024);
  const auto v6 = DoorRequest::parse("ethersense:[::1]:1024=cam0");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 1024);
}

TEST(DoorRequest, SaysHowItShouldLook) {
  for (const char* text :
       {"", ":4001", "rpiasgige:", "rpiasgige:x", "rpiasgige:70000", "rpiasgige:-1",
        "rpiasgige=", "rpiasgige=a/b", "rpiasgige:1.2.3:5", "rpiasgige?a=1&a=2"}) {
    const auto request = DoorRequest::parse(text);
    ASSERT_FALSE(request) << text;
    EXPECT_EQ(request.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(request.error().message.find("NAME[:[HOST:]PORT]"), std::string::npos) << text;
  }
}

TEST(FindDoor, NamesWhatThereIs) {
  const auto kind = find_door("telnet");
  ASSERT_FALSE(kind);
  EXPECT_EQ(kind.error().code, ErrorCode::Unsupported);
  EXPECT_NE(kind.error().message.find("this build has:"), std::string::npos);
}

}  // namespace
}  // namespace lenswire::server
