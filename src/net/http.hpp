// http.hpp - HTTP/1.x requests in, response heads out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace lenswire::net {

inline constexpr std::size_t kMaxRequestLineBytes = 8 << 10;
inline constexpr std::size_t kMaxHeaderLineBytes = 8 << 10;
inline constexpr std::size_t kMaxHeadBytes = 32 << 10;
inline constexpr std::size_t kMaxHeaderCount = 100;
inline constexpr std::size_t kMaxBodyBytes = 64 << 10;

struct HttpRequest {
  std::string method;  ///< as sent: "GET"
  std::string path;    ///< percent-encoded, starts with '/'
  std::string query;   ///< without '?'
  int minor_version = 1;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;
  bool websocket_upgrade = false;
  std::string head;  ///< the request line and headers as they came, for the WebSocket handshake

  /// The header's value, or an empty text. Names compare without case.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
};

/// Why a request is refused: the status line's number and a sentence for the body.
struct HttpRejection {
  int status = 400;
  std::string reason;
};

/// Cuts requests out of a byte stream, split anywhere. Strict: what RFC 9112 calls an error is one.
///
/// Threading: reentrant.
class HttpRequestParser {
 public:
  void feed(std::span<const std::byte> bytes);

  /// The next whole request, nothing yet, or why the connection must end.
  tl::expected<std::optional<HttpRequest>, HttpRejection> next();

  /// Whether a request has begun and is not complete.
  [[nodiscard]] bool in_request() const noexcept { return !buffer_.empty(); }

  /// What came after the last request; the parser is empty afterwards.
  [[nodiscard]] std::string take_rest();

  /// Gives back the memory of the buffer where nothing is in it.
  void release_memory();

 private:
  std::string buffer_;
  std::size_t scanned_ = 0;
};

struct HttpResponseHead {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// The head with its empty line. Headers are ours: no outside text may be in them.
[[nodiscard]] std::string serialize(const HttpResponseHead& head);

/// "Not Found".
[[nodiscard]] std::string_view status_text(int status) noexcept;

}  // namespace lenswire::net
