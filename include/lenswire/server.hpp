// server.hpp - cameras in, clients out: the whole server as one object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/rtc_servers.hpp>
#include <lenswire/source.hpp>

namespace lenswire {

namespace source {
class SourceTable;
}

struct CameraSettings {
  std::string name;        ///< [A-Za-z0-9._-]{1,64}, no leading dot
  std::string uri;         ///< "v4l2:/dev/video0"
  bool always_on = false;  ///< capture even while nobody watches
};

/// When credentials are asked for.
enum class AuthMode : std::uint8_t {
  RemoteOnly,  ///< not from loopback
  Always,
};

struct ServerSettings {
  std::string name;  ///< shown to clients; empty = the host's name
  std::vector<CameraSettings> cameras;
  /// HOST:PORT each; port 0 takes a free one. Addresses beyond loopback need `state_dir` for the
  /// token and the certificate, or `insecure_lan`.
  std::vector<std::string> listen = {"127.0.0.1:6480"};
  /// Older protocols to serve beside our own, `NAME[:[HOST:]PORT][=CAMERA][?options]` each
  /// (docs/doors.md). They have no credentials, so beyond loopback they need `insecure_lan`.
  std::vector<std::string> doors;
  bool insecure_lan = false;
  AuthMode auth = AuthMode::RemoteOnly;
  /// Where the token and the self-signed certificate live; made when needed, mode 0700.
  std::string state_dir;
  /// Where the calibrations that clients give are kept; empty = `state_dir`/calibration. Without
  /// either, none are taken.
  std::string calibration_dir;
  std::string certificate_file;  ///< with key_file: instead of the self-signed one
  std::string key_file;
  std::vector<std::string> host_names;  ///< names under which browsers may come, beside literals
  unsigned io_threads = 0;              ///< 0 = half the cores, at most 4
  unsigned encoder_threads = 0;         ///< 0 = the cores, at most 8
  double linger_s = 5;                  ///< how long a camera runs on after its last client
  unsigned max_connections = 2048;
  RtcServers rtc;  ///< for data channels: `POST /rtc/{camera}` and the door `ball`
};

/// A running server.
///
/// Threading: thread-safe. Owns its threads; a SourceTable that is given must outlive it.
class Server {
 public:
  /// Opens every port, then starts the cameras.
  /// Errors: Busy (port in use), InvalidArgument (names, URIs, addresses), PermissionDenied; the
  /// message names the thing and the remedy.
  static Result<std::unique_ptr<Server>> start(ServerSettings settings,
                                               const source::SourceTable& sources);
  /// The same with the built-in kinds of sources.
  static Result<std::unique_ptr<Server>> start(ServerSettings settings);
  ~Server();  // stop()

  /// Ends every session and camera. Takes at most 2 s; a camera whose driver does not come back
  /// is abandoned.
  void stop();

  /// The addresses that are really listened on, as "HOST:PORT".
  [[nodiscard]] std::vector<std::string> addresses() const;
  /// The same for the doors, in the order they were asked for.
  [[nodiscard]] std::vector<std::string> door_addresses() const;
  /// The token file's path; empty where no token is needed.
  [[nodiscard]] std::string token_file() const;

  /// Whether every event loop came round within `patience`: what a watchdog wants to know.
  [[nodiscard]] bool responsive(Nanoseconds patience) const;

  struct Counters {
    std::uint64_t sessions = 0;
    std::uint64_t io_wakeups = 0;
    std::uint64_t frames_published = 0;
    std::uint64_t encodes = 0;
  };
  [[nodiscard]] Counters counters() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lenswire
