// session.hpp - session descriptions (SDP) of data channels: RFC 8866, 8841, 8839, 8122.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::wire::sdp {

inline constexpr std::size_t kMaxSdpBytes = 64 << 10;
inline constexpr std::size_t kMaxLines = 2000;
inline constexpr std::size_t kMaxMedia = 16;
inline constexpr std::size_t kMaxCandidates = 128;
/// What a description without max-message-size means (RFC 8841).
inline constexpr std::uint64_t kDefaultMaxMessageBytes = 65536;

enum class Setup : std::uint8_t { ActPass, Active, Passive };

enum class CandidateType : std::uint8_t { Host, ServerReflexive, PeerReflexive, Relay };

/// One address where a peer can be reached over UDP.
struct Candidate {
  std::string foundation;
  std::uint32_t priority = 0;
  std::string address;  ///< literal IPv4 or IPv6
  std::uint16_t port = 0;
  CandidateType type = CandidateType::Host;
  std::string related_address;  ///< of a reflexive or relayed one; may be empty
  std::uint16_t related_port = 0;
  bool operator==(const Candidate&) const = default;
};

/// A section that is no data channel: an answer refuses it.
struct OtherMedia {
  std::string media;     ///< "audio"
  std::string protocol;  ///< "UDP/TLS/RTP/SAVPF"
  std::string formats;   ///< "111 63"
  std::string mid;
};

/// What two peers must know of each other for data channels.
struct DataSession {
  /// `DTLS/SCTP 5000` and `sctpmap` instead of `UDP/DTLS/SCTP` and `sctp-port`.
  bool old_syntax = false;
  std::string mid;  ///< may be empty
  bool bundled = false;
  std::uint16_t sctp_port = 5000;
  std::uint64_t max_message_bytes = kDefaultMaxMessageBytes;  ///< 0: any
  std::string ufrag;
  std::string password;
  Setup setup = Setup::ActPass;
  std::array<std::byte, 32> fingerprint{};  ///< SHA-256 of the certificate
  std::vector<Candidate> candidates;
  std::vector<OtherMedia> before;  ///< sections ahead of this one, and behind it
  std::vector<OtherMedia> after;
};

/// Reads a description. Candidates that are of no use here (TCP, RTCP, names ending in .local,
/// multicast and the like) are left out; a peer that hides its address so is met when it calls.
///
/// Errors: InvalidArgument, naming what is wrong or missing; Unsupported for a certificate hash
/// other than SHA-256.
/// Threading: reentrant.
Result<DataSession> parse(std::string_view text);

/// "candidate:..." with or without "a=" before it. Nothing for one that is of no use here.
/// Errors: InvalidArgument.
Result<std::optional<Candidate>> parse_candidate(std::string_view line);

/// The description's text, with `session_id` in its origin line.
[[nodiscard]] std::string write(const DataSession& session, std::uint64_t session_id);

}  // namespace lenswire::wire::sdp
