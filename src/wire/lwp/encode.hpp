// encode.hpp - native messages to bytes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "wire/lwp/message.hpp"

namespace lenswire::wire::lwp {

/// The largest head (prefix and extensions) of a Frame message.
inline constexpr std::size_t kMaxFrameHeadBytes = 768;

/// Replaces `out` with prefix and extensions of a message whose `payload_bytes` follow. Allocates
/// only where `out` has to grow.
void encode_head(MessageType type, std::uint32_t tag, const Extensions& extensions,
                 std::uint32_t payload_bytes, std::vector<std::byte>& out);

/// A whole message with a CBOR payload.
[[nodiscard]] std::vector<std::byte> encode_map(MessageType type, std::uint32_t tag,
                                                const nlohmann::json& map);

/// A whole message without payload: Ack, Pull, TimeRequest, TimeReply.
[[nodiscard]] std::vector<std::byte> encode_plain(MessageType type, std::uint32_t tag,
                                                  const Extensions& extensions);

}  // namespace lenswire::wire::lwp
