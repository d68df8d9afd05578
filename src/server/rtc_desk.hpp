// rtc_desk.hpp - which data channel sessions there are, and the module that they need.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/task_thread.hpp"
#include "net/address.hpp"
#include "net/rtc.hpp"
#include "server/rate_limit.hpp"

namespace lenswire::server {

/// Addresses to offer a peer that came in at `local`: with loopback's where it is on this machine.
[[nodiscard]] std::vector<std::string> rtc_addresses(const net::Address& local);

/// Threading: thread-safe.
class RtcDesk {
  struct Peers;

 public:
  static constexpr std::size_t kMaxPeers = 64;
  static constexpr std::size_t kMaxPeersPerAddress = 16;  ///< loopback: only the total counts
  static constexpr double kOffersPerSecond = 10;          ///< of all

  explicit RtcDesk(const base::Clock& clock) : clock_(clock) {}

  /// Counts one peer while it lives, and knows how to end it.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept { *this = std::move(other); }
    Place& operator=(Place&& other) noexcept;
    ~Place();
    /// Not to be guessed: whoever knows it may end the session.
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    /// For buffered_bytes().
    void set_channel(std::weak_ptr<const net::RtcChannel> channel);

   private:
    friend class RtcDesk;
    std::shared_ptr<Peers> peers_;  // a place may end on the loader's thread, after the desk
    std::string id_;
  };

  /// Errors: Busy, with the limit that is reached.
  Result<Place> admit(const net::Address& peer);
  /// What DELETE does; from whichever thread.
  void set_end(const std::string& id, std::function<void()> end);
  /// False where there is no such session.
  bool end(std::string_view id);

  /// Loads the module at the first call, on a thread of its own: calls `use` from there, or at
  /// once. Errors: as base::load_module().
  void with_stack(std::function<void(Result<net::RtcStack*>)> use);

  /// No call of with_stack()'s users comes afterwards, even from a module that is still loading.
  void stop();

  [[nodiscard]] std::size_t peers() const;
  /// What waits in all channels together.
  [[nodiscard]] std::size_t buffered_bytes() const;
  [[nodiscard]] std::uint64_t offers() const noexcept { return offers_; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  struct Peer {
    std::string host;
    std::function<void()> end;
    std::weak_ptr<const net::RtcChannel> channel;
  };
  struct Peers {
    base::Mutex mutex;
    std::map<std::string, Peer, std::less<>> by_id LENSWIRE_GUARDED_BY(mutex);
  };
  struct Gate {
    base::Mutex mutex;
    bool open LENSWIRE_GUARDED_BY(mutex) = true;
  };

  const base::Clock& clock_;
  RateLimit rate_{kOffersPerSecond};
  std::atomic<std::uint64_t> offers_{0};
  std::atomic<std::uint64_t> refused_{0};
  const std::shared_ptr<Peers> peers_ = std::make_shared<Peers>();
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  base::TaskThread loader_{"lw-rtc-load", 64};
};

}  // namespace lenswire::server
