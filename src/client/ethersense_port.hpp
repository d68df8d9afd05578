// ethersense_port.hpp - where original EtherSense servers call back, and who pings them when.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/time.hpp>

#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "base/unique_fd.hpp"
#include "net/interfaces.hpp"

namespace lenswire::client {

/// Which servers a source wants. Nothing set: any.
struct ServerFilter {
  std::optional<net::Ipv4> host;
  std::string interface_name;
};

/// When pings are sent and where.
struct PingSettings {
  std::uint16_t port = 1024;
  /// The shortest time between two; it doubles up to kLongestPingInterval while nobody comes.
  Nanoseconds interval = std::chrono::seconds(5);
  bool operator==(const PingSettings&) const = default;
};
inline constexpr auto kLongestPingInterval = std::chrono::seconds(30);
/// After a connection ended its server must notice before it may hear a ping.
inline constexpr auto kQuietAfterGoodbye = std::chrono::seconds(1);

/// One listening TCP port, shared by all sources of the process that name it.
///
/// A ping that reaches an original server while it is connected ends that server, and so does a
/// second one while it opens its camera. So all pings of a port go by one schedule: never to a
/// connected server, to the group only while none is connected, and ever more seldom while nobody
/// answers.
///
/// Whoever waits does the work: accepting for all, pinging for all. There is no thread of its own.
///
/// Threading: thread-safe.
class EthersensePort : public std::enable_shared_from_this<EthersensePort> {
 public:
  /// The one there is, or a new one. Errors: Busy when another program has the port,
  /// PermissionDenied; InvalidArgument when the one there is pings differently.
  static Result<std::shared_ptr<EthersensePort>> open(std::uint16_t port,
                                                      const PingSettings& pings);

  /// A connected server; while it lives, that server is not pinged.
  class Connection {
   public:
    Connection(Connection&& other) noexcept = default;
    Connection& operator=(Connection&&) = delete;
    ~Connection();
    [[nodiscard]] net::Ipv4 peer() const noexcept { return peer_; }
    /// The blocking socket, once.
    [[nodiscard]] base::UniqueFd take_socket() noexcept { return std::move(socket_); }

   private:
    friend class EthersensePort;
    Connection(std::shared_ptr<EthersensePort> port, base::UniqueFd socket, net::Ipv4 peer)
        : port_(std::move(port)), socket_(std::move(socket)), peer_(peer) {}
    std::shared_ptr<EthersensePort> port_;
    base::UniqueFd socket_;
    net::Ipv4 peer_;
  };

  /// A source's wish for a server; while it lives, a server that fits is kept for it.
  class Claim {
   public:
    ~Claim();
    /// Pings, and waits for a server to call. Errors: Timeout; Closed after a stop.
    Result<Connection> wait(MonotonicTime deadline, const base::StopToken& stop);

   private:
    friend class EthersensePort;
    Claim(std::shared_ptr<EthersensePort> port, ServerFilter filter);
    const std::shared_ptr<EthersensePort> port_;
    const ServerFilter filter_;
    // The rest is guarded by the port's mutex.
    base::UniqueFd wake_;
    std::optional<Connection> arrived_;
    bool waiting_ = false;
    bool served_ = false;  // was handed a connection
    std::optional<net::Ipv4> last_peer_;
  };
  [[nodiscard]] std::unique_ptr<Claim> claim(ServerFilter filter);

  /// Meets who has called while nobody waits: keeps them for a claim, or sends them away. To be
  /// called now and then by whoever is connected.
  void tend();

  EthersensePort(const PingSettings& pings, base::UniqueFd listener)
      : pings_(pings), listener_(std::move(listener)), interval_(pings.interval) {}

 private:
  struct Connected {
    net::Ipv4 peer;
    net::Ipv4 local;
    MonotonicTime since;
  };

  /// False when there are no descriptors left.
  bool accept_all() LENSWIRE_REQUIRES(mutex_);
  void remember(net::Ipv4 peer, net::Ipv4 local) LENSWIRE_REQUIRES(mutex_);
  [[nodiscard]] Claim* best_claim(net::Ipv4 peer, net::Ipv4 local) LENSWIRE_REQUIRES(mutex_);
  /// Sends pings if they are due; when to look again.
  MonotonicTime ping_if_due(MonotonicTime now) LENSWIRE_REQUIRES(mutex_);
  [[nodiscard]] bool is_connected(net::Ipv4 peer) const LENSWIRE_REQUIRES(mutex_);
  [[nodiscard]] std::vector<net::Ipv4> hosts_to_ping() const LENSWIRE_REQUIRES(mutex_);
  bool ping_groups() LENSWIRE_REQUIRES(mutex_);
  void ping_hosts(const std::vector<net::Ipv4>& hosts) LENSWIRE_REQUIRES(mutex_);
  [[nodiscard]] bool all_refused() LENSWIRE_REQUIRES(mutex_);
  void goodbye(net::Ipv4 peer);

  const PingSettings pings_;
  const base::UniqueFd listener_;
  base::Mutex mutex_;
  std::list<Claim*> claims_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<Connected> connected_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<Connected> known_ LENSWIRE_GUARDED_BY(mutex_);  // who has ever called, newest last
  std::vector<base::UniqueFd> asked_ LENSWIRE_GUARDED_BY(mutex_);  // one per host of the last round
  Nanoseconds interval_ LENSWIRE_GUARDED_BY(mutex_);
  Nanoseconds interval_before_ LENSWIRE_GUARDED_BY(mutex_){};
  MonotonicTime next_round_ LENSWIRE_GUARDED_BY(mutex_){};
  MonotonicTime last_round_ LENSWIRE_GUARDED_BY(mutex_){};
  MonotonicTime quiet_until_ LENSWIRE_GUARDED_BY(mutex_){};
  bool group_is_next_ LENSWIRE_GUARDED_BY(mutex_) = true;
};

}  // namespace lenswire::client
