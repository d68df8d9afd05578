#include "net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace lenswire::net {

Result<Url> Url::parse(std::string_view text, std::uint16_t default_port) {
  const auto bad = [&](std::string_view why) {
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("'{}' is not a URL ({}); write SCHEME://HOST[:PORT][/PATH]", text, why));
  };
  if (std::any_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f;
      }))
    return bad("a blank or a character beyond ASCII; write it as %XX");
  Url url;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return bad("no scheme");
  for (const char c : text.substr(0, colon))
    url.scheme.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  auto rest = text.substr(colon + 3);
  const auto end = rest.find_first_of("/?#");
  url.authority = rest.substr(0, end);
  if (end != std::string_view::npos) {
    const auto tail = rest.substr(end, rest.find('#') - end);
    url.target = tail.starts_with('/') ? std::string(tail) : fmt::format("/{}", tail);
  }
  std::string_view place = url.authority;
  if (place.find('@') != std::string_view::npos) return bad("a user name");
  std::string_view port;
  if (place.starts_with('[')) {
    const auto close = place.find(']');
    if (close == std::string_view::npos) return bad("'[' without ']'");
    url.host = place.substr(1, close - 1);
    port = place.substr(close + 1);
    if (!port.empty() && port.front() != ':') return bad("text after ']'");
  } else {
    const auto separator = std::min(place.find(':'), place.size());
    url.host = place.substr(0, separator);
    port = place.substr(separator);
  }
  if (url.host.empty()) return bad("no host");
  url.port = default_port;
  if (!port.empty()) {
    port.remove_prefix(1);
    const auto* last = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data(), last, url.port);
    if (port.empty() || error != std::errc() || stop != last || url.port == 0)
      return bad(fmt::format("port '{}'", port));
  }
  return url;
}

}  // namespace lenswire::net
