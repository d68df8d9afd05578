#include "net/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace lenswire::net {
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

// What Beast would let pass or repair: line lengths, bare CR and LF, NUL, folded headers.
std::optional<HttpRejection> refuse_head(std::string_view head) {
  std::size_t lines = 0;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    const bool request_line = lines == 0;
    if (line.empty()) break;
    if (request_line && line.size() > kMaxRequestLineBytes)
      return HttpRejection{414, "the request line is longer than 8 KiB"};
    if (!request_line && line.size() > kMaxHeaderLineBytes)
      return HttpRejection{431, "a header is longer than 8 KiB"};
    if (std::any_of(line.begin(), line.end(), is_control))
      return HttpRejection{400, "a control character in the head"};
    if (!request_line && (line.front() == ' ' || line.front() == '\t'))
      return HttpRejection{400, "a folded header"};
    if (++lines > kMaxHeaderCount + 1) return HttpRejection{431, "more than 100 headers"};
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
  }
  return std::nullopt;
}

// One Content-Length of digits only, and not beside Transfer-Encoding.
tl::expected<std::size_t, HttpRejection> body_length(const http::fields& fields) {
  const auto lengths = fields.count(http::field::content_length);
  if (fields.count(http::field::transfer_encoding) > 0)
    return tl::unexpected(
        HttpRejection{lengths > 0 ? 400 : 411, "send the body with Content-Length, not chunked"});
  if (lengths == 0) return 0;
  if (lengths > 1) return tl::unexpected(HttpRejection{400, "Content-Length is given twice"});
  const auto text = fields[http::field::content_length];
  if (text.empty() || text.size() > 18 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return tl::unexpected(HttpRejection{400, "Content-Length is not a number"});
  std::size_t length = 0;
  for (const char c : text) length = length * 10 + static_cast<std::size_t>(c - '0');
  if (length > kMaxBodyBytes)
    return tl::unexpected(HttpRejection{413, "the body is larger than 64 KiB"});
  return length;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (same_name(key, name)) return value;
  return {};
}

void HttpRequestParser::feed(std::span<const std::byte> bytes) {
  buffer_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

tl::expected<std::optional<HttpRequest>, HttpRejection> HttpRequestParser::next() {
  // Some senders put empty lines between requests; they do not count (RFC 9112, section 2.2).
  if (scanned_ == 0) {
    std::size_t empty = 0;
    while (buffer_.compare(empty, 2, "\r\n") == 0) empty += 2;
    buffer_.erase(0, empty);
  }
  // Half of that line may have come; it must not count as begun.
  if (buffer_.empty() || buffer_ == "\r") return std::nullopt;
  const auto from = scanned_ > kHeadEnd.size() ? scanned_ - kHeadEnd.size() : 0;
  const auto end = buffer_.find(kHeadEnd, from);
  if (end == std::string::npos || end + kHeadEnd.size() > kMaxHeadBytes) {
    scanned_ = buffer_.size();
    const auto first_line = buffer_.find("\r\n");
    if (std::min(first_line, buffer_.size()) > kMaxRequestLineBytes)
      return tl::unexpected(HttpRejection{414, "the request line is longer than 8 KiB"});
    if (buffer_.size() > kMaxHeadBytes)
      return tl::unexpected(HttpRejection{431, "the head is larger than 32 KiB"});
    if (buffer_.find('\0') != std::string::npos)
      return tl::unexpected(HttpRejection{400, "a control character in the head"});
    return std::nullopt;
  }
  const std::string_view head(buffer_.data(), end + kHeadEnd.size());
  if (auto rejection = refuse_head(head)) return tl::unexpected(std::move(*rejection));

  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(kMaxHeadBytes));
  parser.body_limit(kMaxBodyBytes);
  parser.eager(false);
  beast::error_code error;
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error == http::error::body_limit)
    return tl::unexpected(HttpRejection{413, "the body is larger than 64 KiB"});
  if (error || !parser.is_header_done())
    return tl::unexpected(HttpRejection{400, "malformed request: " + error.message()});
  const auto& message = parser.get();
  const auto length = body_length(message.base());
  if (!length) return tl::unexpected(length.error());
  if (buffer_.size() < head.size() + *length) {
    scanned_ = end;
    return std::nullopt;
  }

  HttpRequest request;
  request.method = std::string(message.method_string());
  const auto target = message.target();
  if (target.empty() || target.front() != '/')
    return tl::unexpected(HttpRejection{400, "the request target does not start with '/'"});
  const auto question = target.find('?');
  request.path = std::string(target.substr(0, question));
  if (question != beast::string_view::npos)
    request.query = std::string(target.substr(question + 1));
  request.minor_version = message.version() == 11 ? 1 : 0;
  for (const auto& field : message.base())
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  request.keep_alive = message.keep_alive();
  request.websocket_upgrade = beast::websocket::is_upgrade(message);
  request.head = std::string(head);
  request.body = buffer_.substr(head.size(), *length);
  buffer_.erase(0, head.size() + *length);
  scanned_ = 0;
  return request;
}

std::string HttpRequestParser::take_rest() {
  scanned_ = 0;
  return std::exchange(buffer_, {});
}

void HttpRequestParser::release_memory() {
  if (buffer_.empty()) buffer_.shrink_to_fit();
}

std::string_view status_text(int status) noexcept {
  const auto text = http::obsolete_reason(static_cast<http::status>(status));
  return {text.data(), text.size()};
}

std::string serialize(const HttpResponseHead& head) {
  auto text = fmt::format("HTTP/1.1 {} {}\r\n", head.status, status_text(head.status));
  for (const auto& [name, value] : head.headers)
    fmt::format_to(std::back_inserter(text), "{}: {}\r\n", name, value);
  text += "\r\n";
  return text;
}

}  // namespace lenswire::net
