// ice_agent.hpp - ICE (RFC 8445) by libnice: finds a way to the peer and carries datagrams on it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <lenswire/result.hpp>

#include "modules/webrtc/glib_loop.hpp"
#include "net/rtc.hpp"
#include "wire/sdp/session.hpp"

namespace lenswire::webrtc {

class IceListener {
 public:
  virtual ~IceListener() = default;
  virtual void on_gathered() = 0;
  /// There is a way; again after a break.
  virtual void on_ice_connected() = 0;
  virtual void on_ice_failed(const std::string& why) = 0;
  virtual void on_datagram(std::span<const std::byte> bytes) = 0;
};

/// One stream of one component.
///
/// Threading: thread-bound to its loop. The listener outlives it.
class IceAgent {
 public:
  IceAgent(GlibLoop& loop, const net::RtcPeerSettings& settings, IceListener& listener);
  /// Gives relayed addresses back; the sockets are closed a moment later.
  ~IceAgent();

  /// Looks for addresses; names of servers are resolved on the way. on_gathered() follows, or
  /// on_ice_failed().
  void gather(bool controlling);
  /// No longer waits for names that are still being resolved. True when there was nothing of the
  /// kind: what has been found until now is all there will be.
  bool hurry();
  /// Our own, once gathered: fills `ufrag`, `password` and `candidates`.
  void describe(wire::sdp::DataSession& out) const;
  void set_remote(const std::string& ufrag, const std::string& password,
                  const std::vector<wire::sdp::Candidate>& candidates);
  void add_remote(const wire::sdp::Candidate& candidate);
  /// False when the datagram did not go; nobody is told of it later.
  bool send(std::span<const std::byte> bytes) noexcept;
  /// "host 10.0.0.1:4000 udp" of either end, once connected.
  [[nodiscard]] std::pair<std::string, std::string> selected() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with answers of the resolver that come late
};

}  // namespace lenswire::webrtc
