#include "net/interfaces.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace lenswire::net {

std::optional<Ipv4> Ipv4::parse(std::string_view text) {
  in_addr address{};
  if (::inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return Ipv4{ntohl(address.s_addr)};
}

std::string Ipv4::text() const {
  return fmt::format("{}.{}.{}.{}", bits >> 24, bits >> 16 & 0xff, bits >> 8 & 0xff, bits & 0xff);
}

bool Ipv4::is_local_scope() const noexcept {
  return is_loopback() || bits >> 16 == 0xa9fe /* 169.254 */ || bits >> 24 == 10 ||
         bits >> 20 == 0xac1 /* 172.16/12 */ || bits >> 16 == 0xc0a8 /* 192.168 */;
}

bool Ipv4::is_unicast() const noexcept { return bits >> 24 != 0 && bits >> 28 < 0xe; }

std::vector<Interface> ipv4_interfaces() {
  std::vector<Interface> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
  for (const auto* entry = list; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET) continue;
    if ((entry->ifa_flags & IFF_UP) == 0) continue;
    // An address with a label ("eth0:1") belongs to the interface before the colon.
    std::string name = entry->ifa_name;
    name.resize(std::min(name.size(), name.find(':')));
    auto found =
        std::find_if(out.begin(), out.end(), [&](const auto& known) { return known.name == name; });
    if (found == out.end()) {
      const int index = static_cast<int>(::if_nametoindex(name.c_str()));
      if (index == 0) continue;
      out.push_back({index, name, (entry->ifa_flags & IFF_LOOPBACK) != 0, {}});
      found = std::prev(out.end());
    }
    sockaddr_in address{};
    std::memcpy(&address, entry->ifa_addr, sizeof address);
    found->addresses.push_back({ntohl(address.sin_addr.s_addr)});
  }
  return out;
}

Result<base::UniqueFd> watch_interfaces() {
  base::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR;
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return fail(ErrorCode::Unsupported,
                fmt::format("cannot watch the network interfaces: {}", std::strerror(errno)));
  return fd;
}

bool discard_changes(int fd) noexcept {
  std::array<char, 8192> ignored;
  bool any = false;
  // ENOBUFS says that changes were lost, which is a change too.
  while (::recv(fd, ignored.data(), ignored.size(), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
    any = true;
  return any;
}

}  // namespace lenswire::net
