#include "server/http_api.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "server/openapi.hpp"

namespace lenswire::server {
namespace {

// A server without cameras, whose clock stands still.
class HttpApi : public testing::Test {
 protected:
  HttpApi() : services_(clock_, access_, connections_) {
    services_.io_wakeups = [] { return std::uint64_t{7}; };
  }

  HttpAnswer ask(const std::string& method, const std::string& path,
                 std::vector<std::pair<std::string, std::string>> headers = {},
                 const std::string& body = {}) {
    net::HttpRequest request;
    request.method = method;
    const auto question = path.find('?');
    request.path = path.substr(0, question);
    if (question != std::string::npos) request.query = path.substr(question + 1);
    request.headers = std::move(headers);
    request.headers.emplace_back("Host", "localhost");
    request.body = body;
    auto outcome = route_request(services_, request, peer_, false);
    auto* answer = std::get_if<HttpAnswer>(&outcome);
    if (!answer) return {0, "", "no answer but a stream", {}};
    return std::move(*answer);
  }

  const base::Clock& clock_ = base::system_clock();
  Access access_{{}, clock_};
  ConnectionTable connections_{{}};
  Services services_;
  net::Address peer_{"127.0.0.1", 5};
};

TEST_F(HttpApi, OnlyTheHealthOfTheServerIsForEverybody) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& route : http_routes()) {
    EXPECT_TRUE(seen.emplace(route.method, route.pattern).second) << route.pattern;
    EXPECT_TRUE(route.pattern.starts_with('/'));
    EXPECT_FALSE(route.summary.empty()) << route.pattern;
    EXPECT_NE(route.handle, nullptr);
    if (route.pattern == "/healthz") {
      EXPECT_EQ(route.role, Role::None);
    } else {
      EXPECT_GE(route.role, Role::View) << route.pattern;
    }
    // Who ends a data channel session knows its secret name.
    if (route.pattern.starts_with("/rtc/")) continue;
    if (route.method == "PATCH" || route.method == "PUT" || route.method == "DELETE") {
      EXPECT_GE(route.role, Role::Control) << route.pattern;
    }
  }
}

TEST_F(HttpApi, AStrangerGetsNothingButTheHealth) {
  peer_ = {"10.1.2.3", 5};
  for (const auto& route : http_routes()) {
    std::string path(route.pattern);
    for (std::size_t open; (open = path.find('{')) != std::string::npos;)
      path.replace(open, path.find('}') - open + 1, "x");
    const auto status =
        ask(std::string(route.method), path, {{"Content-Type", "application/json"}}).status;
    if (route.role == Role::None) {
      EXPECT_EQ(status, 200) << path;
    } else {
      EXPECT_EQ(status, 403) << path;
    }
  }
  EXPECT_EQ(ask("GET", "/what/is/here").status, 403) << "not even that there is nothing";
}

TEST_F(HttpApi, ATicketIsForLookingAlone) {
  peer_ = {"10.1.2.3", 5};
  const auto ticket = "?ticket=" + access_.issue_ticket("room", "color");
  EXPECT_EQ(ask("GET", "/cameras/room/color.jpg" + ticket).status, 404) << "past the door";
  EXPECT_EQ(ask("GET", "/cameras/room/depth.jpg" + ticket).status, 403);
  EXPECT_EQ(ask("DELETE", "/rtc/room/color" + ticket).status, 403);
}

TEST_F(HttpApi, TheDescriptionHasEveryRoute) {
  const auto document = openapi_document();
  std::size_t operations = 0;
  for (const auto& [path, methods] : document.at("paths").items()) operations += methods.size();
  EXPECT_EQ(operations, http_routes().size());
  for (const auto& route : http_routes()) {
    std::string method(route.method);
    std::transform(method.begin(), method.end(), method.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    const auto& operation = document.at("paths").at(std::string(route.pattern)).at(method);
    EXPECT_EQ(operation.at("x-role"), std::string(to_string(route.role)));
    EXPECT_EQ(operation.at("summary"), std::string(route.summary));
    const auto braces = std::count(route.pattern.begin(), route.pattern.end(), '{');
    EXPECT_EQ(std::count_if(operation.at("parameters").begin(), operation.at("parameters").end(),
                            [](const auto& parameter) { return parameter.at("in") == "path"; }),
              braces);
  }
}

TEST_F(HttpApi, PathsAreMatchedExactly) {
  EXPECT_EQ(ask("GET", "/api/v1/cameras").status, 200);
  EXPECT_EQ(ask("GET", "/api/v1/cameras/").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1//cameras").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1/cameras/../server").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1/cameras/..").status, 404);
  EXPECT_EQ(ask("GET", "/cameras/a/.jpg").status, 404);
  EXPECT_EQ(ask("GET", "/cameras/a%2fb/c.jpg").status, 404);
  EXPECT_EQ(ask("POST", "/api/v1/cameras", {{"Content-Type", "application/json"}}).status, 405);
  EXPECT_EQ(ask("GET", "/ws").status, 426);
  EXPECT_EQ(ask("GET", "/api/v1/server?a=%zz").status, 400);
}

TEST_F(HttpApi, NamesWhatIsNotThere) {
  const auto camera = ask("GET", "/api/v1/cameras/front");
  EXPECT_EQ(camera.status, 404);
  EXPECT_NE(camera.body.find("'front'"), std::string::npos);
  EXPECT_NE(camera.body.find("--camera NAME=URI"), std::string::npos);
  EXPECT_EQ(ask("GET", "/cameras/front/color.jpg").status, 404);
  EXPECT_EQ(ask("GET", "/cameras/front/color.mjpeg").status, 404);
}

TEST_F(HttpApi, TheMetricsCountWakeups) {
  const auto metrics = ask("GET", "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_TRUE(metrics.content_type.starts_with("text/plain; version=0.0.4"));
  EXPECT_NE(metrics.body.find("lenswire_"), std::string::npos);
}

TEST(Base64, DecodesWhatBrowsersSendAndNothingElse) {
  EXPECT_EQ(decode_base64("dXNlcjp0b2tlbg=="), "user:token");
  EXPECT_EQ(decode_base64("YTpi"), "a:b");
  EXPECT_EQ(decode_base64("YTpiYw=="), "a:bc");
  for (const char* bad : {"", "YTp", "Y!pi", "====", "YTpi\n"}) EXPECT_EQ(decode_base64(bad), "");
}

}  // namespace
}  // namespace lenswire::server
