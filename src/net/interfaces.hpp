// interfaces.hpp - the machine's network interfaces with their IPv4 addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

#include "base/unique_fd.hpp"

namespace lenswire::net {

/// An IPv4 address as a number: 127.0.0.1 is 0x7f000001.
struct Ipv4 {
  std::uint32_t bits = 0;

  /// Nothing for a text that is no such address.
  [[nodiscard]] static std::optional<Ipv4> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_loopback() const noexcept { return bits >> 24 == 127; }
  /// Loopback, link-local or private (RFC 1918): never a stranger on the internet.
  [[nodiscard]] bool is_local_scope() const noexcept;
  /// One machine: neither "any", nor multicast, reserved or broadcast.
  [[nodiscard]] bool is_unicast() const noexcept;
  bool operator==(const Ipv4&) const = default;
  auto operator<=>(const Ipv4&) const = default;
};

struct Interface {
  int index = 0;
  std::string name;
  bool loopback = false;
  std::vector<Ipv4> addresses;
};

/// Those that are up and have an IPv4 address.
[[nodiscard]] std::vector<Interface> ipv4_interfaces();

/// A descriptor that becomes readable when interfaces or addresses come or go. Errors: Unsupported.
Result<base::UniqueFd> watch_interfaces();
/// Whether it was readable; it then waits for the next change.
bool discard_changes(int fd) noexcept;

}  // namespace lenswire::net
