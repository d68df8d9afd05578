// door.hpp - an older wire protocol on ports of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/server.hpp>
#include <nlohmann/json.hpp>

#include "base/uri.hpp"
#include "net/address.hpp"
#include "server/reception.hpp"

namespace lenswire::server {

class Camera;
class Services;
class Worker;

/// `NAME[:[HOST:]PORT][=CAMERA][?options]`, as `--door` takes it.
struct DoorRequest {
  std::string text;  ///< as the user wrote it
  std::string name;  ///< "rpiasgige"
  std::string host;  ///< empty: loopback, or everywhere with --insecure-lan
  std::optional<std::uint16_t> port;
  std::string camera;  ///< empty: the first one
  base::QueryOptions options;

  /// Errors: InvalidArgument, with how it should look.
  static Result<DoorRequest> parse(std::string_view text);
};

/// What a door may use; outlives it.
struct DoorContext {
  Services& services;
  Camera& camera;  ///< the one it serves
  const ServerSettings& settings;
  std::string host;                      ///< where it listens: a literal address
  std::vector<std::uint16_t> ports;      ///< asked for, or the kind's own
  std::function<Worker&()> next_worker;  ///< thread-safe; for connections that the door makes
};

/// One older protocol for one camera. Listening is done for it: each TCP connection to its ports
/// comes to greet().
class Door : public Reception {
 public:
  /// The TCP ports to listen on; a door that works otherwise returns none.
  [[nodiscard]] virtual std::vector<std::uint16_t> tcp_ports(const DoorContext& context) const {
    return context.ports;
  }

  /// Called once the workers run and before the first connection: the place for own sockets and
  /// threads. Errors name the thing and the remedy.
  virtual Result<void> open() { return {}; }

  /// Called before the workers stop: ends what open() began, within a second.
  virtual void close() {}

  /// What the door knows of its clients, for GET /api/v1/doors. Thread-safe. The default: nothing.
  [[nodiscard]] virtual nlohmann::json describe() const { return nlohmann::json::object(); }
};

/// Checks the request's options (finish() them) and makes the door, without touching the network.
/// Errors: InvalidArgument.
using MakeDoor = Result<std::unique_ptr<Door>> (*)(DoorRequest request, const DoorContext& context);

struct DoorKind {
  std::string_view name;
  std::string_view summary;  ///< one line for --help
  std::string_view example;
  std::span<const std::uint16_t> ports;  ///< where the originals listen
  MakeDoor make;
  /// The source that `lenswire serve` gives it where no camera is named; empty: the first camera.
  std::string_view own_source = {};
};

/// The kinds there are, one line each in doors/builtin_doors.cpp.
[[nodiscard]] std::span<const DoorKind> builtin_doors() noexcept;

/// Errors: Unsupported, naming the doors there are.
Result<const DoorKind*> find_door(std::string_view name);

}  // namespace lenswire::server
