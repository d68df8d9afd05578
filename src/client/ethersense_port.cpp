#include "client/ethersense_port.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "wire/ethersense/message.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;
using wire::ethersense::kPing;

constexpr net::Ipv4 kAllHosts{0xe0000001};  // 224.0.0.1
constexpr int kBacklog = 10;
/// How soon after a ping to a host its "nobody listens here" is looked for.
constexpr auto kLookForRefusals = 1s;
/// A server that was connected for so long had opened its camera safely.
constexpr auto kLongEnough = 10s;
/// Servers that are remembered.
constexpr std::size_t kMaxKnown = 16;
/// With no descriptor left, accepting would only spin.
constexpr auto kPauseWhenExhausted = 100ms;

MonotonicTime now_is() noexcept { return base::system_clock().now(); }

sockaddr_in address_of(net::Ipv4 host, std::uint16_t port) noexcept {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host.bits);
  address.sin_port = htons(port);
  return address;
}

Result<base::UniqueFd> listen_on(std::uint16_t port) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(ErrorCode::Busy, "no file descriptor left to listen");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = address_of({0}, port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(fd.get(), kBacklog) == 0)
    return fd;
  const int error = errno;
  if (error == EADDRINUSE)
    return fail(ErrorCode::Busy,
                fmt::format("TCP port {} is in use by another program, perhaps an original "
                            "EtherSense client; stop it (`ss -ltnp` shows who has it)",
                            port));
  return fail(error == EACCES ? ErrorCode::PermissionDenied : ErrorCode::InvalidArgument,
              fmt::format("cannot listen on TCP port {}: {}", port, std::strerror(error)));
}

bool is_on(const std::string& interface_name, net::Ipv4 local) {
  for (const auto& interface : net::ipv4_interfaces())
    if (interface.name == interface_name)
      return std::find(interface.addresses.begin(), interface.addresses.end(), local) !=
             interface.addresses.end();
  return false;
}

base::UniqueFd udp_socket() {
  return base::UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

bool ping_group(std::uint16_t port, int interface_index) {
  const auto fd = udp_socket();
  if (!fd) return false;
  if (interface_index != 0) {
    ip_mreqn which{};
    which.imr_ifindex = interface_index;
    ::setsockopt(fd.get(), IPPROTO_IP, IP_MULTICAST_IF, &which, sizeof which);
  }
  const auto address = address_of(kAllHosts, port);
  return ::sendto(fd.get(), kPing.data(), kPing.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), sizeof address) >= 0;
}

// By the default route, as the original does: a server that hears two copies on two interfaces
// would take the second for a second ping. Without a route, by one interface.
bool ping_default_group(std::uint16_t port) {
  if (ping_group(port, 0)) return true;
  auto interfaces = net::ipv4_interfaces();
  std::stable_partition(interfaces.begin(), interfaces.end(),
                        [](const auto& one) { return !one.loopback; });
  return !interfaces.empty() && ping_group(port, interfaces.front().index);
}

}  // namespace

Result<std::shared_ptr<EthersensePort>> EthersensePort::open(std::uint16_t port,
                                                             const PingSettings& pings) {
  static base::Mutex mutex;
  static std::map<std::uint16_t, std::weak_ptr<EthersensePort>> ports;
  base::MutexLock lock(mutex);
  auto& known = ports[port];
  if (auto there = known.lock()) {
    if (there->pings_ == pings) return there;
    return fail(ErrorCode::InvalidArgument,
                fmt::format("another source listens on TCP port {} with other ping options; give "
                            "both the same",
                            port));
  }
  auto listener = listen_on(port);
  if (!listener) return fail(std::move(listener).error());
  auto made = std::make_shared<EthersensePort>(pings, std::move(*listener));
  known = made;
  return made;
}

EthersensePort::Connection::~Connection() {
  if (port_) port_->goodbye(peer_);
}

void EthersensePort::goodbye(net::Ipv4 peer) {
  base::MutexLock lock(mutex_);
  const auto now = now_is();
  const auto found = std::find_if(connected_.begin(), connected_.end(),
                                  [&](const auto& one) { return one.peer == peer; });
  if (found != connected_.end()) {
    // One that ended at once may have died of a ping that came while it opened its camera.
    if (now - found->since >= kLongEnough) interval_ = pings_.interval;
    connected_.erase(found);
  }
  quiet_until_ = now + kQuietAfterGoodbye;
  next_round_ = std::max(quiet_until_, std::min(next_round_, last_round_ + interval_));
}

void EthersensePort::tend() {
  base::MutexLock lock(mutex_);
  accept_all();
}

EthersensePort::Claim::Claim(std::shared_ptr<EthersensePort> port, ServerFilter filter)
    : port_(std::move(port)),
      filter_(std::move(filter)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

EthersensePort::Claim::~Claim() {
  std::optional<Connection> unused;
  base::MutexLock lock(port_->mutex_);
  port_->claims_.remove(this);
  // Its goodbye takes the mutex, so it must outlive the lock.
  if (arrived_) unused.emplace(std::move(*arrived_));
}

std::unique_ptr<EthersensePort::Claim> EthersensePort::claim(ServerFilter filter) {
  std::unique_ptr<Claim> made(new Claim(shared_from_this(), std::move(filter)));
  base::MutexLock lock(mutex_);
  claims_.push_back(made.get());
  // Somebody new is looked for, but not sooner after the last round than is safe.
  const auto soon = last_round_ == MonotonicTime{} ? quiet_until_ : last_round_ + pings_.interval;
  next_round_ = std::min(next_round_, std::max(quiet_until_, soon));
  return made;
}

Result<EthersensePort::Connection> EthersensePort::Claim::wait(MonotonicTime deadline,
                                                               const base::StopToken& stop) {
  auto& port = *port_;
  while (true) {
    MonotonicTime look_again;
    bool accepting = true;
    {
      base::MutexLock lock(port.mutex_);
      waiting_ = true;
      served_ = false;
      accepting = port.accept_all();
      if (arrived_) {
        waiting_ = false;
        served_ = true;
        Connection connection = std::move(*arrived_);
        arrived_.reset();
        return connection;
      }
      const auto now = now_is();
      if (stop.stop_requested() || now >= deadline) {
        waiting_ = false;
        if (stop.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
        return fail(ErrorCode::Timeout, "no EtherSense server has called");
      }
      look_again = std::min(deadline, port.ping_if_due(now));
      if (!accepting) look_again = std::min(look_again, now + kPauseWhenExhausted);
    }
    std::array<pollfd, 3> set = {{{accepting ? port.listener_.get() : -1, POLLIN, 0},
                                  {wake_.get(), POLLIN, 0},
                                  {stop.poll_fd(), POLLIN, 0}}};
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(look_again - now_is());
    ::poll(set.data(), set.size(), static_cast<int>(std::max<std::int64_t>(wait.count(), 0)));
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
  }
}

bool EthersensePort::accept_all() {
  while (true) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    base::UniqueFd socket(
        ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC));
    if (!socket) return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
    sockaddr_in here{};
    size = sizeof here;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&here), &size);
    const net::Ipv4 peer{ntohl(from.sin_addr.s_addr)};
    const net::Ipv4 local{ntohl(here.sin_addr.s_addr)};
    remember(peer, local);
    auto* claim = best_claim(peer, local);
    if (!claim) {
      base::log_info("ethersense_unclaimed", {{"server", peer.text()}});
      quiet_until_ = now_is() + kQuietAfterGoodbye;
      next_round_ = std::max(next_round_, quiet_until_);
      continue;
    }
    connected_.push_back({peer, local, now_is()});
    claim->arrived_.emplace(Connection(shared_from_this(), std::move(socket), peer));
    claim->last_peer_ = peer;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(claim->wake_.get(), &one, sizeof one);
  }
}

EthersensePort::Claim* EthersensePort::best_claim(net::Ipv4 peer, net::Ipv4 local) {
  Claim* best = nullptr;
  int best_rank = 0;
  for (auto* claim : claims_) {
    if (claim->served_ || claim->arrived_) continue;
    const auto& filter = claim->filter_;
    int rank = 1;
    if (filter.host) {
      if (*filter.host != peer) continue;
      rank = 4;
    } else if (!filter.interface_name.empty()) {
      if (!is_on(filter.interface_name, local)) continue;
      rank = 2;
    }
    // Back to where it was before.
    if (claim->last_peer_ == peer) ++rank;
    if (rank > best_rank) {
      best = claim;
      best_rank = rank;
    }
  }
  return best;
}

bool EthersensePort::is_connected(net::Ipv4 peer) const {
  return std::any_of(connected_.begin(), connected_.end(),
                     [&](const auto& one) { return one.peer == peer; });
}

void EthersensePort::remember(net::Ipv4 peer, net::Ipv4 local) {
  std::erase_if(known_, [&](const auto& one) { return one.peer == peer; });
  if (known_.size() == kMaxKnown) known_.erase(known_.begin());
  known_.push_back({peer, local, {}});
}

std::vector<net::Ipv4> EthersensePort::hosts_to_ping() const {
  std::vector<net::Ipv4> hosts;
  const auto add = [&](net::Ipv4 host, bool connected) {
    if (!connected && std::find(hosts.begin(), hosts.end(), host) == hosts.end())
      hosts.push_back(host);
  };
  for (const auto* claim : claims_) {
    if (!claim->waiting_ || claim->arrived_) continue;
    const auto& filter = claim->filter_;
    if (filter.host) {
      add(*filter.host, is_connected(*filter.host));
    } else if (!connected_.empty()) {
      // The group is closed while others are connected: then those that have called before.
      for (const auto& known : known_)
        if (filter.interface_name.empty() || is_on(filter.interface_name, known.local))
          add(known.peer, is_connected(known.peer));
    }
  }
  return hosts;
}

bool EthersensePort::ping_groups() {
  bool any = false;
  bool default_wanted = false;
  const auto interfaces = net::ipv4_interfaces();
  std::vector<int> done;
  for (const auto* claim : claims_) {
    if (!claim->waiting_ || claim->arrived_ || claim->filter_.host) continue;
    if (claim->filter_.interface_name.empty()) {
      default_wanted = true;
      continue;
    }
    for (const auto& interface : interfaces) {
      if (interface.name != claim->filter_.interface_name) continue;
      const bool busy = std::any_of(connected_.begin(), connected_.end(), [&](const auto& one) {
        return std::find(interface.addresses.begin(), interface.addresses.end(), one.local) !=
               interface.addresses.end();
      });
      if (busy || std::find(done.begin(), done.end(), interface.index) != done.end()) continue;
      done.push_back(interface.index);
      any = ping_group(pings_.port, interface.index) || any;
    }
  }
  // What went out by a named interface may have reached everybody already.
  if (default_wanted && connected_.empty() && done.empty())
    any = ping_default_group(pings_.port) || any;
  return any;
}

void EthersensePort::ping_hosts(const std::vector<net::Ipv4>& hosts) {
  asked_.clear();
  for (const auto host : hosts) {
    auto fd = udp_socket();
    const auto address = address_of(host, pings_.port);
    // Connected, so that the host's "port unreachable" comes back to this socket.
    if (!fd ||
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      continue;
    if (::send(fd.get(), kPing.data(), kPing.size(), MSG_NOSIGNAL) >= 0)
      asked_.push_back(std::move(fd));
  }
}

bool EthersensePort::all_refused() {
  if (asked_.empty()) return false;
  return std::all_of(asked_.begin(), asked_.end(), [](const auto& fd) {
    std::array<char, 1> byte{};
    return ::recv(fd.get(), byte.data(), byte.size(), MSG_DONTWAIT) < 0 && errno == ECONNREFUSED;
  });
}

MonotonicTime EthersensePort::ping_if_due(MonotonicTime now) {
  if (!asked_.empty() && now >= last_round_ + kLookForRefusals) {
    // No server runs there yet, so the next ping is no second one.
    if (all_refused()) {
      next_round_ = std::max(quiet_until_, now);
      interval_ = interval_before_;
    }
    asked_.clear();
  }
  if (now < next_round_)
    return asked_.empty() ? next_round_ : std::min(next_round_, last_round_ + kLookForRefusals);
  // In turns: a server that is asked for by name may hear the group's ping too.
  asked_.clear();
  const auto hosts = hosts_to_ping();
  bool sent = false;
  if (group_is_next_ || hosts.empty()) sent = ping_groups();
  if (sent) {
    group_is_next_ = false;
  } else {
    ping_hosts(hosts);
    group_is_next_ = true;
  }
  last_round_ = now;
  next_round_ = now + interval_;
  interval_before_ = interval_;
  interval_ = std::min<Nanoseconds>(2 * interval_,
                                    std::max<Nanoseconds>(kLongestPingInterval, pings_.interval));
  return asked_.empty() ? next_round_ : std::min(next_round_, now + kLookForRefusals);
}

}  // namespace lenswire::client
