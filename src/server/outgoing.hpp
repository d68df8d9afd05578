// outgoing.hpp - what a session is sending right now: a head, a frame's payload, a tail.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "hub/encoded_frame.hpp"
#include "net/stream.hpp"

namespace lenswire::server {

/// At most one message at a time, so a slow client never owns more than one frame. Keeps its head's
/// memory; allocates nothing after the first.
///
/// Threading: thread-bound.
class Outgoing {
 public:
  [[nodiscard]] bool empty() const noexcept { return left_ == 0; }
  /// The head to fill, before start().
  [[nodiscard]] std::vector<std::byte>& head() noexcept { return head_; }

  void set_head(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    head_.assign(bytes.begin(), bytes.end());
  }

  /// Begins a message of the head, the frame's payload and `tail` (which outlives the message).
  void start(hub::EncodedFramePtr frame, std::string_view tail = {}) noexcept {
    frame_ = std::move(frame);
    tail_ = tail;
    left_ = total();
  }

  /// Sends what goes now. Done: all of it, or as much as the socket took (then empty() is false and
  /// the caller waits for room).
  net::IoStatus flush(net::Stream& stream);

  /// For a transport that sends the pieces itself: what they are, and that they have gone.
  [[nodiscard]] std::span<const std::byte> head_bytes() const noexcept { return head_; }
  [[nodiscard]] std::span<const std::byte> payload() const noexcept {
    return frame_ ? frame_->payload() : std::span<const std::byte>{};
  }
  void finish() noexcept {
    left_ = 0;
    frame_.reset();
  }

  /// What has not been sent yet.
  [[nodiscard]] std::size_t left() const noexcept { return left_; }

  [[nodiscard]] std::size_t total() const noexcept {
    return head_.size() + payload().size() + tail_.size();
  }

 private:
  std::vector<std::byte> head_;
  hub::EncodedFramePtr frame_;
  std::string_view tail_;
  std::size_t left_ = 0;
};

}  // namespace lenswire::server
