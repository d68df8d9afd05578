// message.hpp - how data channels are opened inside SCTP: RFC 8832.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::wire::dcep {

/// The protocol's number in SCTP, and those of the channels' own messages (RFC 8831).
inline constexpr std::uint32_t kPpid = 50;
inline constexpr std::uint32_t kText = 51;
inline constexpr std::uint32_t kBinary = 53;
inline constexpr std::uint32_t kEmptyText = 56;  ///< one byte, that counts for none
inline constexpr std::uint32_t kEmptyBinary = 57;

inline constexpr std::size_t kMaxLabelBytes = 1024;

enum class Reliability : std::uint8_t { Full, Retransmits, Lifetime };

/// What a new channel is like.
struct Open {
  bool ordered = true;
  Reliability reliability = Reliability::Full;
  std::uint32_t limit = 0;  ///< retransmissions, or milliseconds
  std::uint16_t priority = 256;
  std::string label;
  std::string protocol;
  bool operator==(const Open&) const = default;
};

enum class Kind : std::uint8_t { Open, Ack };

struct Message {
  Kind kind = Kind::Ack;
  Open open;  ///< of an Open
};

/// Errors: Truncated, InvalidArgument (unknown type, texts longer than kMaxLabelBytes or than the
/// message, bytes behind them).
/// Threading: reentrant.
Result<Message> decode(std::span<const std::byte> bytes);

[[nodiscard]] std::vector<std::byte> encode(const Open& open);
[[nodiscard]] std::vector<std::byte> encode_ack();

}  // namespace lenswire::wire::dcep
