// message_stream.hpp - native messages from a byte stream, without a detour for large payloads.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/time.hpp>

#include "net/tcp_client.hpp"
#include "wire/lwp/message.hpp"

namespace lenswire::client {

struct MessageHead {
  wire::lwp::Prefix prefix;
  wire::lwp::Extensions extensions;
};

/// Prefix and extensions come through a small buffer; the payload goes straight to where the
/// caller wants it. Both may be interrupted by a deadline and resumed.
///
/// Threading: thread-bound.
class MessageStream {
 public:
  explicit MessageStream(std::unique_ptr<net::ClientStream> stream);

  /// The next head, or nothing at the deadline. The payload before it must have been taken.
  /// Errors: the stream's; VersionMismatch, InvalidArgument: the peer broke the protocol.
  Result<std::optional<MessageHead>> next_head(MonotonicTime deadline);

  /// Fills `into` from the payload; returns how much. Less than asked only at the deadline.
  Result<std::size_t> payload(std::span<std::byte> into, MonotonicTime deadline);

  Result<void> send(std::span<const std::byte> bytes, MonotonicTime deadline) {
    return stream_->send(bytes, deadline);
  }

 private:
  [[nodiscard]] std::span<const std::byte> buffered() const noexcept {
    return std::span(buffer_).subspan(begin_, end_ - begin_);
  }
  Result<bool> buffer_up_to(std::size_t count, MonotonicTime deadline);

  std::unique_ptr<net::ClientStream> stream_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace lenswire::client
