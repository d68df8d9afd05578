// address.hpp - where to listen, and who is calling.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <lenswire/result.hpp>

namespace lenswire::net {

/// A literal IP address and a port.
struct Address {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;

  [[nodiscard]] bool is_loopback() const noexcept;
  /// "127.0.0.1:80", "[::1]:80".
  [[nodiscard]] std::string text() const;
  bool operator==(const Address&) const = default;

  /// "HOST:PORT", "HOST", ":PORT" or "[V6]:PORT"; `localhost` and an empty host are 127.0.0.1,
  /// `*` is every address. No name lookup.
  /// Errors: InvalidArgument.
  static Result<Address> parse(std::string_view text, std::uint16_t default_port);
};

}  // namespace lenswire::net
