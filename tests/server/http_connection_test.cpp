// One HTTP connection and what it may ask for in a row.
#include <gtest/gtest.h>

#include "running_server.hpp"

namespace lenswire {
namespace {

using test::HttpConnection;

TEST(HttpConnections, SnapshotsFollowEachOtherAndLeaveNothingRunning) {
  auto settings = test::small_cameras();
  settings.cameras = {{"ball", "synthetic:ball?size=64x64&fps=60", true}};
  const auto server = test::start(settings);
  HttpConnection http(*server);
  long last = -1;
  for (int i = 0; i < 5; ++i) {
    const auto reply = http.get("/cameras/ball/color.jpg");
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.body.substr(0, 2), "\xff\xd8");
    const auto sequence = std::stol(reply.header("X-Sequence"));
    EXPECT_GE(sequence, last);
    last = sequence;
  }
  EXPECT_TRUE(test::encoding_ends(*server));
}

TEST(HttpConnections, AnswersHundredsOfRequestsSentInOneGo) {
  const auto server = test::start();
  HttpConnection http(*server);
  std::string requests;
  for (int i = 0; i < 400; ++i) requests += "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  http.socket().send(requests);
  for (int i = 0; i < 400; ++i) ASSERT_EQ(http.read_reply().status, 200) << i;
}

TEST(HttpConnections, ARefusalArrivesThoughTheRequestGoesOn) {
  const auto server = test::start();
  for (int i = 0; i < 20; ++i) {
    HttpConnection http(*server);
    http.socket().send("GET /" + std::string(100'000, 'a'));
    EXPECT_EQ(http.read_reply().status, 414);
    EXPECT_EQ(http.socket().receive(), "") << "closed, not reset";
  }
}

TEST(HttpConnections, HeadHasNoBody) {
  const auto server = test::start();
  HttpConnection http(*server);
  http.socket().send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  std::string all;
  for (std::string got; !(got = http.socket().receive()).empty();) all += got;
  EXPECT_EQ(all.substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_TRUE(all.ends_with("\r\n\r\n"));
}

TEST(HttpConnections, OnlyKnownNamesAndOwnPagesMayAsk) {
  const auto server = test::start();
  const auto ask = [&](const std::string& head) {
    HttpConnection http(*server);
    http.socket().send(head + "\r\n\r\n");
    return http.read_reply().status;
  };
  EXPECT_EQ(ask("GET /api/v1/server HTTP/1.1\r\nHost: 127.0.0.1"), 200);
  EXPECT_EQ(ask("GET /api/v1/server HTTP/1.1\r\nHost: evil.example"), 421);
  EXPECT_EQ(ask("GET /api/v1/server HTTP/1.1"), 400);
  EXPECT_EQ(ask("GET /api/v1/server HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 1.2.3.4"), 401);
  EXPECT_EQ(ask("DELETE /api/v1/server HTTP/1.1\r\nHost: localhost"), 405);
  EXPECT_EQ(ask("GET /nothing-here HTTP/1.1\r\nHost: localhost"), 404);
  EXPECT_EQ(ask("PATCH /api/v1/cameras/room/controls HTTP/1.1\r\nHost: localhost\r\nOrigin: "
                "http://evil.example\r\nContent-Type: application/json\r\nContent-Length: 0"),
            403);
  EXPECT_EQ(ask("PATCH /api/v1/cameras/room/controls HTTP/1.1\r\nHost: localhost\r\n"
                "Content-Type: text/plain\r\nContent-Length: 0"),
            415);
}

}  // namespace
}  // namespace lenswire
