// decode.hpp - bytes to native messages; the bytes come from strangers.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <lenswire/result.hpp>
#include <nlohmann/json_fwd.hpp>

#include "wire/lwp/message.hpp"

namespace lenswire::wire::lwp {

/// Which limits of docs/protocol.md, section 1 apply.
enum class Receiver { Server, Client };

/// Errors: VersionMismatch for another version; InvalidArgument for a wrong magic, an unknown type
/// or a size past the limits. `bytes` holds kPrefixBytes.
Result<Prefix> decode_prefix(std::span<const std::byte> bytes, Receiver receiver);

/// Reads the extension area; unknown types are skipped.
/// Errors: InvalidArgument for lengths that do not add up, repeats, or values out of range.
Result<Extensions> decode_extensions(std::span<const std::byte> bytes);

/// A CBOR payload that must be a map.
/// Errors: InvalidArgument for anything else, or nesting deeper than kMaxNesting.
Result<nlohmann::json> decode_map(std::span<const std::byte> payload);

/// One message, borrowed from the assembler until its next call.
struct MessageView {
  Prefix prefix;
  Extensions extensions;
  std::span<const std::byte> payload;
};

/// Cuts a byte stream into messages. Grows by what has arrived, never by what was announced, and
/// gives memory back after a large message.
///
/// Threading: reentrant.
class MessageAssembler {
 public:
  explicit MessageAssembler(Receiver receiver) noexcept : receiver_(receiver) {}

  /// Appends what arrived.
  void feed(std::span<const std::byte> bytes);

  /// The next whole message, or nothing yet. After an error the stream cannot be resumed.
  Result<std::optional<MessageView>> next();

 private:
  void drop_consumed();

  Receiver receiver_;
  std::vector<std::byte> buffer_;
  std::size_t consumed_ = 0;
};

}  // namespace lenswire::wire::lwp
