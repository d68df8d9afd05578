// ping_port.hpp - hears the datagrams that viewers send to 224.0.0.1.
#pragma once

#include <poll.h>

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <lenswire/result.hpp>

#include "base/unique_fd.hpp"
#include "net/interfaces.hpp"

namespace lenswire::server::ethersense {

/// UDP sockets for one port, members of the group on every interface, those that come later too.
///
/// Threading: thread-bound.
class PingPort {
 public:
  /// `host` is where the door listens. "0.0.0.0" hears everybody; a loopback address only programs
  /// of this machine, whose multicast may well go out by another interface; any other address what
  /// comes to it and to the group on its interface.
  /// Errors: Busy, PermissionDenied, InvalidArgument; each with the remedy.
  static Result<std::unique_ptr<PingPort>> open(const std::string& host, std::uint16_t port);

  struct Datagram {
    net::Ipv4 source;
    std::span<const std::byte> bytes;  ///< the first 64; valid until the next receive()
    bool allowed = true;               ///< whether it came from as near as `host` demands
  };
  /// Nothing when none is waiting.
  std::optional<Datagram> receive();

  /// Appends what to wait for.
  void add_to(std::vector<pollfd>& set) const;
  /// Where interfaces have come: joins the group on them.
  void refresh_if_changed();

  /// With the port that was really bound, where 0 was asked for.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  PingPort(net::Ipv4 host, std::uint16_t port) : host_(host), port_(port) {}

  void refresh();
  Result<void> bind_all();
  Result<base::UniqueFd> bound_socket(net::Ipv4 address);
  [[nodiscard]] bool is_own(net::Ipv4 address) const noexcept;
  [[nodiscard]] bool concerns(const net::Interface& interface) const noexcept;

  const net::Ipv4 host_;
  std::uint16_t port_;
  std::vector<base::UniqueFd> sockets_;  // the last is the member of the group
  base::UniqueFd changes_;
  std::vector<net::Interface> interfaces_;
  std::array<std::byte, 64> buffer_{};
};

}  // namespace lenswire::server::ethersense
