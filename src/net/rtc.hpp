// rtc.hpp - WebRTC data channels, as the module `webrtc` implements them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::net {

enum class RtcPayload : std::uint8_t { Text, Binary };

/// Reliable and ordered unless it says otherwise; at most one of the two limits.
struct RtcChannelSettings {
  std::string label;
  std::string protocol;
  bool ordered = true;
  std::optional<std::uint16_t> max_retransmits;
  std::optional<std::uint16_t> max_lifetime_ms;
};

/// One data channel of a peer.
///
/// Threading: thread-safe; none of the calls blocks. Stays valid after its peer has ended; sends
/// fail then.
class RtcChannel {
 public:
  virtual ~RtcChannel() = default;
  [[nodiscard]] virtual const RtcChannelSettings& settings() const noexcept = 0;
  /// Queues one whole message; `pieces` are copied or sent before it returns.
  /// Errors: Closed (not open, or over), Busy (buffered_bytes() would pass buffer_limit_bytes),
  /// InvalidArgument (longer than the settings' max_message_bytes).
  virtual Result<void> send(std::span<const std::span<const std::byte>> pieces,
                            RtcPayload payload) = 0;
  /// What waits here to be sent: the caller's measure for skipping frames. SCTP holds up to 1 MiB
  /// more, under way or about to be.
  [[nodiscard]] virtual std::size_t buffered_bytes() const noexcept = 0;
  /// The longest message that the other side says it takes (max-message-size); 0: any. send() does
  /// not hold to it: some announce 64 KiB and take what comes.
  [[nodiscard]] virtual std::uint64_t peer_max_message_bytes() const noexcept = 0;
  virtual void close() = 0;
};

/// What a peer tells. All calls come one after the other from a thread of the module: none may
/// block, and a listener hands over to its own thread. No call comes once RtcPeer's destructor has
/// returned.
class RtcListener {
 public:
  virtual ~RtcListener() = default;
  /// Our description with all candidates in it, after offer() or answer().
  virtual void on_description(std::string sdp) = 0;
  /// A channel is open: one of ours, or one that the other side made.
  virtual void on_open(std::shared_ptr<RtcChannel> channel) = 0;
  /// A whole message; `bytes` is valid during the call.
  virtual void on_message(RtcChannel& channel, std::span<const std::byte> bytes,
                          RtcPayload payload) = 0;
  /// buffered_bytes() fell below RtcPeerSettings::low_water_bytes.
  virtual void on_drained(RtcChannel& channel) = 0;
  virtual void on_channel_closed(RtcChannel& channel) = 0;
  /// The connection is over or never came up; the last call. Timeout, Disconnected or Closed, with
  /// the reason.
  virtual void on_end(const Error& why) = 0;
};

struct RtcServer {
  std::string host;  ///< a literal address or a name
  std::uint16_t port = 3478;
  std::string user;  ///< TURN only
  std::string password;
};

struct RtcPeerSettings {
  std::optional<RtcServer> stun;
  std::vector<RtcServer> turn;
  bool relay_only = false;  ///< offer no candidates but TURN's
  /// Literal addresses of this machine to offer. Empty: all that it has but loopback's, and those
  /// where it has no other.
  std::vector<std::string> local_addresses;
  /// As offerer: `DTLS/SCTP 5000` with `sctpmap`, which old peers know, instead of
  /// `UDP/DTLS/SCTP` with `sctp-port`. An answer takes the form of the offer.
  bool old_syntax = false;
  std::size_t max_message_bytes =
      4 << 20;  ///< longer ones end the channel, whatever the peer announces
  std::size_t buffer_limit_bytes = 16 << 20;
  std::size_t low_water_bytes = 256 << 10;
  /// From the descriptions to an open SCTP association; then on_end(Timeout).
  std::chrono::milliseconds connect_patience{20'000};
  /// Without any sign of life from the peer (consent, RFC 7675).
  std::chrono::milliseconds dead_peer{15'000};
};

struct RtcStatistics {
  std::string local_candidate;  ///< "host 10.0.0.1:40000 udp", once connected
  std::string remote_candidate;
  std::uint64_t bytes_sent = 0;  ///< datagrams
  std::uint64_t bytes_received = 0;
};

/// One connection to another WebRTC stack: ICE, DTLS, SCTP.
///
/// Threading: thread-safe. The destructor ends the connection (an SCTP ABORT and a DTLS
/// close_notify go out) and waits for a listener call in progress, so it must not run inside one.
class RtcPeer {
 public:
  virtual ~RtcPeer() = default;
  /// Makes the offer, with these channels: on_description(), then set_answer().
  virtual Result<void> offer(std::vector<RtcChannelSettings> channels) = 0;
  /// Errors: InvalidArgument for an SDP that is none of a data channel, naming what is wrong.
  virtual Result<void> set_answer(std::string_view sdp) = 0;
  /// Takes an offer and makes the answer: on_description(). Errors: as set_answer().
  virtual Result<void> answer(std::string_view offer_sdp) = 0;
  /// A trickled candidate ("candidate:..."). Errors: InvalidArgument, also past 128 of them.
  virtual Result<void> add_candidate(std::string_view candidate) = 0;
  /// A further channel, once connected.
  virtual Result<void> open(RtcChannelSettings channel) = 0;
  [[nodiscard]] virtual RtcStatistics statistics() const = 0;
};

/// The module's object: `base::load_module<net::RtcStack>("webrtc")`.
///
/// Threading: thread-safe.
class RtcStack {
 public:
  static constexpr const char* kModuleInterface = "net.RtcStack.1";
  virtual ~RtcStack() = default;
  /// `listener` outlives the peer.
  virtual Result<std::unique_ptr<RtcPeer>> make_peer(RtcPeerSettings settings,
                                                     RtcListener& listener) = 0;
};

}  // namespace lenswire::net
