#include "net/http.hpp"

#include <gtest/gtest.h>

namespace lenswire::net {
namespace {

int status_of(const std::string& text) {
  HttpRequestParser parser;
  parser.feed(std::as_bytes(std::span(text)));
  const auto result = parser.next();
  if (!result) return result.error().status;
  return *result ? 200 : 0;
}

std::string get_with(const std::string& headers) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

}  // namespace

TEST(HttpRequestParser, SurvivesEverySplit) {
  const std::string text =
      "PATCH /api/v1/x?a=b%20c HTTP/1.1\r\nHost: cam:6480\r\nContent-Length: 4\r\n\r\nbody"
      "GET /next HTTP/1.0\r\n\r\n";
  for (std::size_t split = 0; split <= text.size(); ++split) {
    HttpRequestParser parser;
    std::vector<HttpRequest> requests;
    const auto feed = [&](std::string_view part) {
      parser.feed(std::as_bytes(std::span(part)));
      while (true) {
        auto result = parser.next();
        ASSERT_TRUE(result) << result.error().reason;
        if (!*result) return;
        requests.push_back(**result);
      }
    };
    feed(std::string_view(text).substr(0, split));
    feed(std::string_view(text).substr(split));
    ASSERT_EQ(requests.size(), 2U) << split;
    EXPECT_EQ(requests[0].method, "PATCH");
    EXPECT_EQ(requests[0].path, "/api/v1/x");
    EXPECT_EQ(requests[0].query, "a=b%20c");
    EXPECT_EQ(requests[0].header("hOST"), "cam:6480");
    EXPECT_EQ(requests[0].body, "body");
    EXPECT_TRUE(requests[0].keep_alive);
    EXPECT_EQ(requests[1].path, "/next");
    EXPECT_FALSE(requests[1].keep_alive);
    EXPECT_FALSE(parser.in_request());
  }
}

TEST(HttpRequestParser, RejectsInsteadOfRepairing) {
  EXPECT_EQ(status_of(get_with("")), 200);
  EXPECT_EQ(status_of(get_with("Content-Length: 1\r\nContent-Length: 1\r\n")), 400);
  EXPECT_EQ(status_of(get_with("Content-Length: 1x\r\n")), 400);
  EXPECT_EQ(status_of(get_with("Content-Length: +1\r\n")), 400);
  EXPECT_EQ(status_of(get_with("Content-Length: -1\r\n")), 400);
  EXPECT_EQ(status_of(get_with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(status_of(get_with("Transfer-Encoding: chunked\r\n")), 411);
  EXPECT_EQ(status_of(get_with("A: b\r\n folded\r\n")), 400);
  EXPECT_EQ(status_of(get_with("A: b\rc\r\n")), 400);
  EXPECT_EQ(status_of(get_with("A: b\nB: c\r\n")), 400);
  EXPECT_EQ(status_of(get_with(std::string("A: b\0c\r\n", 8))), 400);
  EXPECT_EQ(status_of(get_with("No colon\r\n")), 400);
  EXPECT_EQ(status_of("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\n\n"), 0) << "never ends, so the head deadline does";
}

TEST(HttpRequestParser, HoldsEachLimitAndRefusesOnePast) {
  const auto line = [](std::size_t bytes) {
    return "GET /" + std::string(bytes - 14, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(status_of(line(kMaxRequestLineBytes)), 200);
  EXPECT_EQ(status_of(line(kMaxRequestLineBytes + 1)), 414);
  const auto header = [](std::size_t bytes) {
    return get_with("X: " + std::string(bytes - 3, 'a') + "\r\n");
  };
  EXPECT_EQ(status_of(header(kMaxHeaderLineBytes)), 200);
  EXPECT_EQ(status_of(header(kMaxHeaderLineBytes + 1)), 431);
  const auto many = [](std::size_t count) {
    std::string headers;
    for (std::size_t i = 1; i < count; ++i) headers += "X: y\r\n";
    return get_with(headers);
  };
  EXPECT_EQ(status_of(many(kMaxHeaderCount)), 200);
  EXPECT_EQ(status_of(many(kMaxHeaderCount + 1)), 431);
  std::string big;
  for (int i = 0; i < 5; ++i) big += "X: " + std::string(7000, 'a') + "\r\n";
  EXPECT_EQ(status_of(get_with(big)), 431);
  EXPECT_EQ(status_of(std::string(kMaxRequestLineBytes + 1, 'G')), 414) << "without any line end";
  const auto body = [](std::size_t bytes) {
    return get_with("Content-Length: " + std::to_string(bytes) + "\r\n") + std::string(bytes, 'b');
  };
  EXPECT_EQ(status_of(body(kMaxBodyBytes)), 200);
  EXPECT_EQ(status_of(get_with("Content-Length: 65537\r\n")), 413) << "before any body came";
  EXPECT_EQ(status_of(get_with("Content-Length: 99999999999999999999\r\n")), 400);
}

TEST(HttpRequestParser, KnowsAWebSocketUpgrade) {
  HttpRequestParser parser;
  const auto text = get_with(
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  parser.feed(std::as_bytes(std::span(text)));
  const auto result = parser.next();
  ASSERT_TRUE(result && *result);
  EXPECT_TRUE((*result)->websocket_upgrade);
}

TEST(HttpRequestParser, EmptyLinesBeforeARequestMayComeInPieces) {
  HttpRequestParser parser;
  const std::string text = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t i = 0; i < text.size(); ++i) {
    parser.feed(std::as_bytes(std::span(text).subspan(i, 1)));
    const auto request = parser.next();
    ASSERT_TRUE(request) << request.error().reason;
    EXPECT_EQ(request->has_value(), i + 1 == text.size()) << i;
  }
}

}  // namespace lenswire::net
