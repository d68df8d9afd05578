// message.hpp - EtherSense on the wire: a wake-up datagram one way, frames the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lenswire/result.hpp>

namespace lenswire::wire::ethersense {

/// Sent by viewers to 224.0.0.1; every server that hears it connects back to TCP 1024.
inline constexpr std::string_view kPing = "EtherSensePing";
inline constexpr std::uint16_t kPort = 1024;

/// Whether a datagram is the ping: exactly, but for one line end or NUL that some senders add.
[[nodiscard]] bool is_ping(std::span<const std::byte> datagram) noexcept;

/// Before each frame's pickle: its length (u32) and a time in milliseconds (double), little-endian.
struct FrameHeader {
  std::uint32_t payload_bytes = 0;
  double timestamp_ms = 0;
};
inline constexpr std::size_t kHeaderBytes = 12;
/// The longest pickle we take: an uncompressed frame of 4096 x 4096, as text even.
inline constexpr std::uint32_t kMaxPayloadBytes = 64U << 20;

[[nodiscard]] std::array<std::byte, kHeaderBytes> encode(const FrameHeader& header) noexcept;

/// Errors: InvalidArgument for an empty payload, or one of more than kMaxPayloadBytes.
[[nodiscard]] Result<FrameHeader> decode_header(std::span<const std::byte, kHeaderBytes> bytes);

}  // namespace lenswire::wire::ethersense
