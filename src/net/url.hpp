// url.hpp - "https://host:port/path", as a user writes a place to connect to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <lenswire/result.hpp>

namespace lenswire::net {

struct Url {
  std::string scheme;     ///< in lower case: "https"
  std::string authority;  ///< "host:port" as written: what a Host header says
  std::string host;       ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string target = "/";  ///< path and query, at least "/"

  /// Errors: InvalidArgument for anything without scheme or host, with a user name, a port that is
  /// none, or characters that do not belong into a request line.
  static Result<Url> parse(std::string_view text, std::uint16_t default_port);
};

}  // namespace lenswire::net
