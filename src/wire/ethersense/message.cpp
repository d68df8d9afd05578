#include "wire/ethersense/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/byte_reader.hpp"

namespace lenswire::wire::ethersense {

bool is_ping(std::span<const std::byte> datagram) noexcept {
  if (datagram.size() < kPing.size()) return false;
  const auto* text = reinterpret_cast<const char*>(datagram.data());
  const std::string_view rest(text + kPing.size(), datagram.size() - kPing.size());
  constexpr std::string_view nul("\0", 1);
  return std::string_view(text, kPing.size()) == kPing &&
         (rest.empty() || rest == "\n" || rest == "\r\n" || rest == nul);
}

std::array<std::byte, kHeaderBytes> encode(const FrameHeader& header) noexcept {
  std::array<std::byte, kHeaderBytes> out{};
  const auto time = std::bit_cast<std::uint64_t>(header.timestamp_ms);
  for (unsigned i = 0; i < 4; ++i)
    out[i] = static_cast<std::byte>(header.payload_bytes >> (8 * i) & 0xffU);
  for (unsigned i = 0; i < 8; ++i) out[4 + i] = static_cast<std::byte>(time >> (8 * i) & 0xffU);
  return out;
}

Result<FrameHeader> decode_header(std::span<const std::byte, kHeaderBytes> bytes) {
  base::ByteReader reader(bytes);
  FrameHeader header;
  header.payload_bytes = reader.u32();
  header.timestamp_ms = reader.f64();
  if (header.payload_bytes == 0 || header.payload_bytes > kMaxPayloadBytes)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("EtherSense: a frame of {} bytes; 1 to {} are allowed",
                            header.payload_bytes, kMaxPayloadBytes));
  return header;
}

}  // namespace lenswire::wire::ethersense
