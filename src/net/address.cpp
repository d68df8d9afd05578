#include "net/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace lenswire::net {
namespace {

bool is_literal(const std::string& host) noexcept {
  in_addr v4{};
  in6_addr v6{};
  return ::inet_pton(AF_INET, host.c_str(), &v4) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

}  // namespace

bool Address::is_loopback() const noexcept {
  return host.starts_with("127.") || host == "::1" || host.starts_with("::ffff:127.");
}

std::string Address::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

Result<Address> Address::parse(std::string_view text, std::uint16_t default_port) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' is not an address to listen on ({}); write HOST:PORT with a "
                            "literal address, for example 127.0.0.1:6480 or *:6480",
                            text, why));
  };
  Address address;
  address.port = default_port;
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return bad("'[' without ']'");
    host = text.substr(1, close - 1);
    const auto rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return bad("text after ']'");
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
  } else if (const auto colon = text.rfind(':');
             colon != std::string_view::npos && text.find(':') == colon) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc{} || end != port.data() + port.size() || port.empty())
      return bad("port");
  }
  if (host.empty() || host == "localhost")
    address.host = "127.0.0.1";
  else if (host == "*")
    address.host = "0.0.0.0";
  else
    address.host = std::string(host);
  if (!is_literal(address.host)) return bad("not a literal address");
  return address;
}

}  // namespace lenswire::net
