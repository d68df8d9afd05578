#include "server/doors/realsense_https/feed_routes.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>

#include "wire/mjpeg_push/encode.hpp"

namespace lenswire::server::realsense_https {
namespace {

namespace push = wire::mjpeg_push;

constexpr std::string_view kVideo = "/video_feed_realsense";
constexpr std::string_view kLocation = "/location_feed_adafruit";
constexpr std::string_view kAllowed = "GET, OPTIONS, HEAD";

// Status line and headers in the order of the recorded answers.
class Head {
 public:
  Head(int status, int minor_version, UtcTime time)
      : text_(fmt::format("HTTP/1.{} {} {}\r\nServer: lenswire\r\nDate: {}\r\n", minor_version,
                          status, net::status_text(status), http_date(time))) {}

  Head& add(std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(text_), "{}: {}\r\n", name, value);
    return *this;
  }
  [[nodiscard]] std::string finish() { return add("Connection", "close").text_ + "\r\n"; }

 private:
  std::string text_;
};

FeedAnswer finite(Head head, std::string_view type, std::string_view body, bool with_body) {
  head.add("Content-Type", type).add("Content-Length", std::to_string(body.size()));
  auto text = head.finish();
  if (with_body) text += body;
  return {std::move(text), false, false};
}

FeedAnswer page(Head head, int status, std::string_view sentence, bool with_body) {
  const auto title = net::status_text(status);
  return finite(std::move(head), "text/html; charset=utf-8",
                fmt::format("<!doctype html>\n<html lang=en>\n<title>{0} {1}</title>\n"
                            "<h1>{1}</h1>\n<p>{2}</p>\n",
                            status, title, sentence),
                with_body);
}

FeedAnswer pictures(const net::HttpRequest& request, const FeedState& state) {
  const auto boundary =
      state.boundary == Boundary::Strict ? push::kStrictBoundary : push::kDelimiter;
  Head head(200, request.minor_version, state.time);
  head.add("Content-Type", fmt::format("multipart/x-mixed-replace; boundary={}", boundary));
  if (request.method == "HEAD") return {head.finish(), false, false};
  const bool in_chunks = request.minor_version > 0;
  if (in_chunks) head.add("Transfer-Encoding", "chunked");
  return {head.finish(), true, in_chunks};
}

}  // namespace

std::string http_date(UtcTime time) {
  const auto seconds = static_cast<std::time_t>(to_ns(time) / 1'000'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  // strftime would write the names in the language of the locale.
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                     kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

FeedAnswer answer_feed(const net::HttpRequest& request, const FeedState& state) {
  const bool video = request.path == kVideo;
  const bool with_body = request.method != "HEAD";
  const auto head = [&](int status) { return Head(status, request.minor_version, state.time); };
  if (!video && request.path != kLocation)
    return page(head(404), 404, "There are /video_feed_realsense and /location_feed_adafruit.",
                with_body);
  if (request.method == "OPTIONS")
    return finite(head(200).add("Allow", kAllowed), "text/html; charset=utf-8", "", true);
  if (request.method != "GET" && request.method != "HEAD")
    return page(head(405).add("Allow", kAllowed), 405, "This address is for GET alone.", true);
  if (video) return pictures(request, state);
  const auto style = wire::gps::JsonStyle::Compact;
  const auto json = wire::gps::location_json(state.location, style);
  return finite(head(200), "application/json", json ? *json : wire::gps::error_json(style),
                with_body);
}

FeedAnswer answer_malformed(const net::HttpRejection& rejection, UtcTime time) {
  return finite(Head(rejection.status, 1, time), "text/plain; charset=utf-8",
                rejection.reason + "\n", true);
}

}  // namespace lenswire::server::realsense_https
