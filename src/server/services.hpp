// services.hpp - what every session may use of the server.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "net/tls.hpp"
#include "server/access.hpp"
#include "server/camera.hpp"
#include "server/connection_table.hpp"
#include "server/rtc_desk.hpp"

namespace lenswire::server {

/// Totals over all sessions; exported as metrics.
struct Totals {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> frames_sent{0};
  std::atomic<std::uint64_t> bytes_sent{0};
  std::array<std::atomic<std::uint64_t>, kMissReasonCount> missed{};
  std::atomic<std::uint64_t> slow_clients_cut{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> rejected{0};

  void count_missed(const MissedList& list) noexcept {
    for (const auto& record : list.records())
      missed[static_cast<std::size_t>(record.reason) - 1].fetch_add(record.count,
                                                                    std::memory_order_relaxed);
  }
};

class Door;

/// A door that is open, for GET /api/v1/doors.
struct OpenDoor {
  std::string name;  ///< "ball"
  std::string camera;
  std::vector<std::string> addresses;
  const Door* door = nullptr;
};

/// Made by the server before any session, destroyed after all.
///
/// Threading: thread-safe; the lists of cameras and doors do not change.
class Services {
 public:
  const base::Clock& clock;
  std::string name;
  MonotonicTime started{};
  std::vector<std::unique_ptr<Camera>> cameras;
  std::vector<OpenDoor> doors;
  Access& access;
  ConnectionTable& connections;
  std::shared_ptr<net::TlsServerContext> tls;  // null: no TLS
  Totals totals;
  RtcDesk rtc;
  net::RtcPeerSettings rtc_settings;  ///< what every peer begins with: the STUN and TURN servers
  std::function<std::uint64_t()> io_wakeups;

  Services(const base::Clock& c, Access& a, ConnectionTable& t)
      : clock(c), access(a), connections(t), rtc(c) {}

  /// Errors: NotFound, naming the cameras there are.
  Result<Camera*> camera(std::string_view camera_name) const;
};

}  // namespace lenswire::server
