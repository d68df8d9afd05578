#include "server/doors/ethersense/ping_port.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.hpp"

namespace lenswire::server::ethersense {
namespace {

constexpr net::Ipv4 kAny{0};
constexpr net::Ipv4 kAllHosts{0xe0000001};  // 224.0.0.1

void set_option(int fd, int level, int name, int value) noexcept {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

Error bind_error(net::Ipv4 address, std::uint16_t port, int error) {
  const auto where = fmt::format("UDP {}:{}", address.text(), port);
  switch (error) {
    case EADDRINUSE:
      return {ErrorCode::Busy,
              fmt::format("{} is in use by another program, perhaps an original EtherSense server; "
                          "stop it (`ss -lunp` shows who has it)",
                          where)};
    case EACCES:
      return {ErrorCode::PermissionDenied,
              fmt::format("no permission for {}; choose a port above 1023, or give the program "
                          "CAP_NET_BIND_SERVICE",
                          where)};
    case EADDRNOTAVAIL:
      return {ErrorCode::InvalidArgument,
              fmt::format("this machine has no address {}; `ip address` lists those it has",
                          address.text())};
    default:
      return {ErrorCode::InvalidArgument,
              fmt::format("cannot listen on {}: {}", where, std::strerror(error))};
  }
}

}  // namespace

Result<std::unique_ptr<PingPort>> PingPort::open(const std::string& host, std::uint16_t port) {
  const auto address = net::Ipv4::parse(host);
  if (!address)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}: EtherSense knows only IPv4; give such an address", host));
  std::unique_ptr<PingPort> made(new PingPort(*address, port));
  if (auto ok = made->bind_all(); !ok) return fail(std::move(ok).error());
  if (auto watched = net::watch_interfaces())
    made->changes_ = std::move(*watched);
  else
    base::log_warning("ethersense_interfaces", {{"reason", watched.error().message}});
  made->refresh();
  return made;
}

Result<void> PingPort::bind_all() {
  // Bound to an address, a socket hears only what was sent to that very address.
  for (const auto address : host_ == kAny ? std::vector{kAny} : std::vector{host_, kAllHosts}) {
    auto made = bound_socket(address);
    if (!made) return fail(std::move(made).error());
    sockets_.push_back(std::move(*made));
  }
  return {};
}

Result<base::UniqueFd> PingPort::bound_socket(net::Ipv4 address) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(ErrorCode::Busy, "no file descriptor left for a UDP socket");
  // Several doors may share the port: a ping to the group then opens all of them.
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  // Only from the interfaces that we joined ourselves.
  set_option(fd.get(), IPPROTO_IP, IP_MULTICAST_ALL, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(address.bits);
  name.sin_port = htons(port_);
  socklen_t size = sizeof name;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), size) != 0)
    return fail(bind_error(address, port_, errno));
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size) == 0)
    port_ = ntohs(name.sin_port);
  return fd;
}

bool PingPort::concerns(const net::Interface& interface) const noexcept {
  return host_ == kAny || host_.is_loopback() ||
         std::find(interface.addresses.begin(), interface.addresses.end(), host_) !=
             interface.addresses.end();
}

void PingPort::refresh_if_changed() {
  if (changes_ && net::discard_changes(changes_.get())) refresh();
}

void PingPort::refresh() {
  interfaces_ = net::ipv4_interfaces();
  for (const auto& interface : interfaces_) {
    if (!concerns(interface)) continue;
    ip_mreqn group{};
    group.imr_multiaddr.s_addr = htonl(kAllHosts.bits);
    group.imr_ifindex = interface.index;
    const int done =
        ::setsockopt(sockets_.back().get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group);
    // EADDRINUSE: a member already.
    if (done != 0 && errno != EADDRINUSE)
      base::log_warning("ethersense_join",
                        {{"interface", interface.name}, {"reason", std::strerror(errno)}});
  }
}

bool PingPort::is_own(net::Ipv4 address) const noexcept {
  if (address.is_loopback()) return true;
  return std::any_of(interfaces_.begin(), interfaces_.end(), [&](const auto& interface) {
    return std::find(interface.addresses.begin(), interface.addresses.end(), address) !=
           interface.addresses.end();
  });
}

std::optional<PingPort::Datagram> PingPort::receive() {
  for (const auto& socket : sockets_) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    // MSG_TRUNC: the true length, so that a ping with a long tail is none.
    const auto got = ::recvfrom(socket.get(), buffer_.data(), buffer_.size(), MSG_TRUNC,
                                reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) continue;
    const net::Ipv4 source{ntohl(from.sin_addr.s_addr)};
    const auto length = std::min(static_cast<std::size_t>(got), buffer_.size());
    return Datagram{source, std::span(buffer_).first(length),
                    !host_.is_loopback() || is_own(source)};
  }
  return std::nullopt;
}

void PingPort::add_to(std::vector<pollfd>& set) const {
  for (const auto& socket : sockets_) set.push_back({socket.get(), POLLIN, 0});
  if (changes_) set.push_back({changes_.get(), POLLIN, 0});
}

}  // namespace lenswire::server::ethersense
