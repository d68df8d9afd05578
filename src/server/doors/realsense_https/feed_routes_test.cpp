#include "server/doors/realsense_https/feed_routes.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lenswire::server::realsense_https {
namespace {

using wire::gps::FixState;

// 21 November 2026, 08:19:00 UTC: when the original's answer was recorded.
const UtcTime kRecorded = utc_from_ns(1'795'249'140'000'000'000);

FeedAnswer ask(const std::string& method, const std::string& path, FeedState state = {},
               int minor_version = 1) {
  net::HttpRequest request;
  request.method = method;
  request.path = path;
  request.minor_version = minor_version;
  state.time = kRecorded;
  return answer_feed(request, state);
}

constexpr std::string_view kSince = "Server: lenswire\r\nDate: Sat, 21 Nov 2026 08:19:00 GMT\r\n";

TEST(FeedRoutes, VideoIsAnsweredAsRecorded) {
  const auto answer = ask("GET", "/video_feed_realsense");
  EXPECT_TRUE(answer.pictures);
  EXPECT_TRUE(answer.in_chunks);
  EXPECT_EQ(answer.text, "HTTP/1.1 200 OK\r\n" + std::string(kSince) +
                             "Content-Type: multipart/x-mixed-replace; boundary=--frame\r\n"
                             "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}

TEST(FeedRoutes, OldHttpGetsNoChunks) {
  const auto answer = ask("GET", "/video_feed_realsense", {}, 0);
  EXPECT_TRUE(answer.pictures);
  EXPECT_FALSE(answer.in_chunks);
  EXPECT_EQ(answer.text, "HTTP/1.0 200 OK\r\n" + std::string(kSince) +
                             "Content-Type: multipart/x-mixed-replace; boundary=--frame\r\n"
                             "Connection: close\r\n\r\n");
}

TEST(FeedRoutes, ACorrectBoundaryIsAnOption) {
  FeedState state;
  state.boundary = Boundary::Strict;
  EXPECT_NE(ask("GET", "/video_feed_realsense", state).text.find("boundary=frame\r\n"),
            std::string::npos);
}

TEST(FeedRoutes, HeadHasNoBody) {
  const auto video = ask("HEAD", "/video_feed_realsense");
  EXPECT_FALSE(video.pictures);
  EXPECT_TRUE(video.text.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(video.text.ends_with("boundary=--frame\r\nConnection: close\r\n\r\n"));
  const auto location = ask("HEAD", "/location_feed_adafruit");
  EXPECT_TRUE(location.text.ends_with("\r\n\r\n"));
  EXPECT_NE(location.text.find("Content-Type: application/json\r\n"), std::string::npos);
}

TEST(FeedRoutes, LocationIsTheNewestReading) {
  FeedState state;
  state.location = {FixState::Fix, 60.169857, 24.938379, 1.5};
  EXPECT_EQ(ask("GET", "/location_feed_adafruit", state).text,
            "HTTP/1.1 200 OK\r\n" + std::string(kSince) +
                "Content-Type: application/json\r\nContent-Length: 62\r\nConnection: close\r\n\r\n"
                R"({"latitude":"60.169857","longitude":"24.938379","speed":"1.5"})");
}

TEST(FeedRoutes, BeforeTheFirstReadingThereIsTheErrorObject) {
  EXPECT_TRUE(ask("GET", "/location_feed_adafruit")
                  .text.ends_with(R"({"error":"An error occured when accessing GPS device."})"));
}

TEST(FeedRoutes, OptionsAndOtherMethods) {
  for (const auto* path : {"/video_feed_realsense", "/location_feed_adafruit"}) {
    const auto options = ask("OPTIONS", path).text;
    EXPECT_TRUE(options.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_NE(options.find("\r\nAllow: GET, OPTIONS, HEAD\r\n"), std::string::npos);
    for (const auto* method : {"POST", "PUT", "DELETE", "PATCH"}) {
      const auto refused = ask(method, path).text;
      EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
      EXPECT_NE(refused.find("\r\nAllow: GET, OPTIONS, HEAD\r\n"), std::string::npos);
    }
  }
}

TEST(FeedRoutes, NothingElseIsThere) {
  for (const auto* path : {"/", "/video_feed_realsense/", "/index.html"})
    for (const auto* method : {"GET", "POST", "OPTIONS"}) {
      const auto answer = ask(method, path).text;
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 Not Found\r\n")) << method << path;
      EXPECT_NE(answer.find("text/html"), std::string::npos);
      EXPECT_NE(answer.find("<h1>Not Found</h1>"), std::string::npos);
    }
  EXPECT_TRUE(ask("HEAD", "/").text.ends_with("Connection: close\r\n\r\n"));
}

}  // namespace
}  // namespace lenswire::server::realsense_https
