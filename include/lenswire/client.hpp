// client.hpp - frames and controls of a lenswire server.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lenswire/codec_id.hpp>
#include <lenswire/control.hpp>
#include <lenswire/frame.hpp>
#include <lenswire/missed.hpp>
#include <lenswire/result.hpp>
#include <lenswire/rtc_servers.hpp>
#include <lenswire/stream_calibration.hpp>
#include <lenswire/stream_profile.hpp>
#include <lenswire/time.hpp>

namespace lenswire {

/// How a client that lost its server comes back. The wait doubles from `first` to `max`, with
/// jitter, and starts at `first` again after a connection that worked.
struct ReconnectPolicy {
  bool enabled = true;
  /// Also wait for a server that is not there yet when connect() is called.
  bool wait_for_server = false;
  Nanoseconds first = std::chrono::milliseconds(250);
  Nanoseconds max = std::chrono::seconds(30);
};

struct ClientSettings {
  std::string client_name = "lenswire client";  ///< for the server's log
  std::string token;                            ///< the credential, where the server wants one
  std::string token_file;  ///< read at every connect; first line; used when `token` is empty
  Nanoseconds connect_timeout = std::chrono::seconds(10);
  Nanoseconds request_timeout = std::chrono::seconds(10);
  ReconnectPolicy reconnect;
  // For lenswires://, wss:// and rtcs:// URLs.
  std::string ca_file;     ///< PEM; empty = the system's certificates
  std::string pin_sha256;  ///< SHA-256 of the server's certificate; replaces chain and name checks
  bool insecure = false;   ///< accept any certificate
  RtcServers rtc;          ///< for rtc:// and rtcs:// URLs
};

/// What the server says of itself.
struct ServerInfo {
  std::string software;  ///< "lenswire 0.1.0"
  std::string name;
  std::string role;  ///< "view", "control", "record" or "admin": what this client may do
  int protocol_version = 0;
};

/// One stream of a camera.
struct StreamInfo {
  StreamProfilePtr profile;
  std::uint32_t profile_version = 0;
  double measured_hz = 0;
  std::uint64_t sequence = 0;  ///< of the newest frame
  std::uint64_t clients = 0;
  std::uint64_t encodes = 0;
  bool derived = false;  ///< made by the server of other streams, only while somebody subscribes
};

/// One camera and how it is.
struct CameraInfo {
  std::string name;
  std::string uri;
  std::string model;
  std::string serial;
  std::string bus;
  std::string state;  ///< "idle", "absent", "opening", "streaming", "stalled", "failed", "stopping"
  std::string reason;  ///< what is wrong and what to do; empty while all is well
  double since_s = 0;  ///< how long it has been in this state
  std::vector<StreamInfo> streams;
  std::vector<std::pair<std::string, std::uint64_t>> counters;

  /// The stream, or null.
  [[nodiscard]] const StreamInfo* stream(std::string_view id) const noexcept;
};

/// Which frames the server leaves out when this client or its link is slow.
enum class DeliveryPolicy : std::uint8_t {
  Latest,  ///< the newest frame whenever there is room
  Every,   ///< all of them, through a bounded queue on the server
  Pull,    ///< one for each Client::pull()
};

/// A rectangle in pixels of the source, after its filters.
struct Region {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  bool operator==(const Region&) const = default;
};

/// What to send, and how. docs/protocol.md, section 3, has the details.
struct SubscribeSettings {
  std::string camera;
  std::string stream;
  std::string codec = "auto";  ///< "raw", "jpeg", "png", "strata", "rvl"
  int quality = 80;            ///< JPEG, 1..100
  double rate_hz = 0;          ///< at most this many frames a second; 0 = all
  double scale = 1;            ///< 0 < scale <= 1
  std::string filter;          ///< for depth: "decimate:2,spatial,..." (docs/filters.md)
  std::optional<Region> region;
  std::optional<double> depth_min_m;  ///< nearer depth becomes 0
  std::optional<double> depth_max_m;  ///< farther depth becomes 0
  DeliveryPolicy policy = DeliveryPolicy::Latest;
  std::uint32_t queue_frames = 8;
  std::uint32_t window_frames = 2;  ///< frames on their way that next() has not moved past
  std::optional<std::uint64_t> window_bytes;
  bool decode = true;  ///< false: ReceivedFrame::frame holds the bytes as the codec left them
};

/// How a camera is to capture; what stays empty or 0 is left to the server.
struct ProfileWish {
  std::uint32_t width = 0;  ///< with `height`
  std::uint32_t height = 0;
  double rate_hz = 0;
  std::optional<PixelFormat> format;
};

/// A running subscription. Its number stays the same when the client reconnects.
struct Subscription {
  std::uint32_t id = 0;
  StreamProfilePtr profile;
  std::string codec;
};

/// One frame as it came over the wire.
struct ReceivedFrame {
  std::uint32_t subscription = 0;
  /// Decoded pixels, or with `decoded` false the payload in `codec`. Its capture and arrival times
  /// are on this machine's monotonic clock; the uncertainty includes that of the clocks' offset.
  FramePtr frame;
  CodecId codec = CodecId::Raw;
  bool decoded = true;
  bool keyframe = true;
  MissedList missed;             ///< what did not come between the previous frame and this one
  std::optional<Region> region;  ///< which part of the source this is, where not all
  double scale = 1;
  MonotonicTime server_capture_time{};  ///< the next three on the server's monotonic clock
  MonotonicTime server_arrival_time{};
  MonotonicTime server_send_time{};
  MonotonicTime received_time{};  ///< when the last byte was here, this machine's clock
  std::size_t wire_bytes = 0;     ///< the whole message
};

/// How the server's monotonic clock relates to this machine's.
struct ClockOffset {
  Nanoseconds server_minus_client{};
  Nanoseconds round_trip{};   ///< of the exchange the offset comes from
  Nanoseconds uncertainty{};  ///< half the round trip, and what the clocks may have drifted since
};

/// Something that happened other than a frame.
struct ClientEvent {
  enum class Kind : std::uint8_t {
    Disconnected,    ///< `reason`; the client tries again by itself
    Reconnected,     ///< subscriptions are running again
    CameraState,     ///< `camera`, `state`, `reason`
    CameraOpened,    ///< `camera_info`
    Controls,        ///< `camera`, `controls`: their new values
    ProfileChanged,  ///< `subscription`, `profile`: valid from the next frame on
    StreamEnded,     ///< `subscription`, `reason`: no more frames will come
  };
  Kind kind = Kind::Disconnected;
  std::string camera;
  std::string state;
  std::string reason;
  std::uint32_t subscription = 0;
  StreamProfilePtr profile;
  std::vector<Control> controls;
  std::optional<CameraInfo> camera_info;
};
[[nodiscard]] std::string_view to_string(ClientEvent::Kind kind) noexcept;

/// A connection to one server. It has no thread of its own: everything happens inside its calls,
/// and next() reads straight from the socket into the frame it returns.
///
/// A lost connection is mended inside next() and next_event(), as ClientSettings::reconnect says:
/// subscriptions start again under their old numbers, and the sequence numbers show what was
/// missed. While it mends, one call may last `connect_timeout` longer than its own timeout.
///
/// A broken or hostile server costs an Error, and never more memory than what it really sent.
///
/// Threading: thread-bound to one thread at a time; interrupt() is thread-safe.
class Client {
 public:
  /// Connects to `lenswire://host[:port]` (or `lenswires://` with TLS, `ws://` through a WebSocket,
  /// `rtc://host[:port]/camera` through a data channel, which needs the module `webrtc`, and these
  /// two over TLS as `wss://` and `rtcs://`), shakes hands and measures the clocks. Camera and
  /// stream in other URLs are ignored.
  ///
  /// Errors: InvalidArgument (URL, settings), NotFound (unknown host), Disconnected (nobody
  /// listens), Timeout, PermissionDenied (token, certificate), VersionMismatch, Busy (server full).
  static Result<std::unique_ptr<Client>> connect(std::string_view url,
                                                 ClientSettings settings = {});

  ~Client();  // close()
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// What the server said when the connection was made.
  [[nodiscard]] const ServerInfo& server() const noexcept;
  [[nodiscard]] bool connected() const noexcept;

  /// The server's cameras as they are now.
  Result<std::vector<CameraInfo>> cameras();

  /// Errors: NotFound (no such camera or stream; the message lists those there are), Unsupported
  /// (the server has no such codec), InvalidArgument, Busy (64 subscriptions are open).
  Result<Subscription> subscribe(const SubscribeSettings& settings);
  Result<void> unsubscribe(std::uint32_t subscription);

  /// Waits for the next frame of any subscription. The one returned before is acknowledged here, so
  /// a slow caller holds up no more frames than its window allows.
  ///
  /// Errors: Timeout; Closed when every subscription has ended or after interrupt(); Disconnected
  /// when reconnecting is off; InvalidArgument for a picture that does not decode (the next call
  /// goes on with the next frame).
  Result<ReceivedFrame> next(Nanoseconds timeout);

  /// DeliveryPolicy::Pull: lets so many more frames come.
  Result<void> pull(std::uint32_t subscription, std::uint32_t frames = 1);

  Result<std::vector<Control>> controls(std::string_view camera);

  /// Applies the group and returns the values read back from the device.
  /// Errors: NotFound, InvalidArgument (range), PermissionDenied (role, or read-only control).
  Result<std::vector<Control>> set_controls(std::string_view camera,
                                            const ControlSettings& settings);

  /// Changes how the camera captures, for everybody who watches it: their next frames come with a
  /// new profile. Returns the camera as it is then.
  /// Errors: InvalidArgument and Unsupported (what the camera does not offer; it goes on as
  /// before), PermissionDenied (role), Timeout.
  Result<CameraInfo> set_profile(std::string_view camera, const ProfileWish& wish);

  /// Gives a captured stream another calibration, which the server keeps; what is absent stays.
  /// Nothing = the device's own again. Everybody who watches hears of the changed profile, which is
  /// also the answer.
  /// Errors: NotFound, InvalidArgument (the number that is wrong and what to do), PermissionDenied,
  /// Unsupported (the server has no folder to keep it in).
  Result<StreamProfilePtr> set_calibration(std::string_view camera, std::string_view stream,
                                           const std::optional<StreamCalibration>& calibration);

  /// Asks the server for events of its cameras. Those of the connection and of subscriptions come
  /// in any case.
  Result<void> watch(bool wanted = true);

  /// The oldest event not yet taken; waits for one. Frames that come meanwhile are kept for next().
  /// At most 256 events are kept; beyond that the oldest go.
  /// Errors: Timeout; Closed after interrupt(); Disconnected when reconnecting is off.
  Result<ClientEvent> next_event(Nanoseconds timeout);

  /// Measures round trip and clock offset: the best of `count` exchanges, this call's only.
  Result<ClockOffset> ping(int count = 5);

  /// The present estimate, used to map capture times.
  [[nodiscard]] ClockOffset clock_offset() const noexcept;

  /// Makes the call in progress, and every later one, return Closed.
  void interrupt() noexcept;

  /// Says goodbye and closes the connection. Later calls return Closed.
  void close() noexcept;

  class Impl;
  explicit Client(std::unique_ptr<Impl> impl) noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lenswire
