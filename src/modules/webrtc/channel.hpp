// channel.hpp - a data channel as its user holds it, and the queue between users and the peer.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "modules/webrtc/sctp.hpp"
#include "net/rtc.hpp"

namespace lenswire::webrtc {

class Channel;

/// One message on its way to SCTP, or the wish to close its channel behind those before.
struct OutMessage {
  std::shared_ptr<Channel> channel;  ///< whose buffered bytes it is part of; null: the peer's own
  std::uint16_t stream = 0;
  std::uint32_t ppid = 0;
  SctpDelivery delivery;
  std::vector<std::byte> bytes;
  std::size_t sent = 0;
  bool close = false;
};

/// Threading: thread-safe.
class Outbox {
 public:
  /// `wake` is called, from the pusher's thread, when something came into an empty box;
  /// thread-safe.
  explicit Outbox(std::function<void()> wake) : wake_(std::move(wake)) {}
  void push(OutMessage message);
  /// Forgets what is in it and what comes later: channels, which hold it, may outlive the peer.
  void close();
  /// Moves what came to the end of `out`.
  void take(std::deque<OutMessage>& out);

 private:
  const std::function<void()> wake_;
  base::Mutex mutex_;
  std::deque<OutMessage> messages_ LENSWIRE_GUARDED_BY(mutex_);
  bool closed_ LENSWIRE_GUARDED_BY(mutex_) = false;
};

/// Threading: as RtcChannel; what the peer calls, on its loop.
class Channel final : public net::RtcChannel, public std::enable_shared_from_this<Channel> {
 public:
  struct Bounds {
    std::size_t max_message_bytes;
    std::size_t buffer_limit_bytes;
    std::uint64_t peer_max_message_bytes;
  };
  Channel(net::RtcChannelSettings settings, std::uint16_t stream, const Bounds& bounds,
          std::shared_ptr<Outbox> outbox);

  [[nodiscard]] const net::RtcChannelSettings& settings() const noexcept override {
    return settings_;
  }
  Result<void> send(std::span<const std::span<const std::byte>> pieces,
                    net::RtcPayload payload) override;
  [[nodiscard]] std::size_t buffered_bytes() const noexcept override { return buffered_; }
  [[nodiscard]] std::uint64_t peer_max_message_bytes() const noexcept override {
    return bounds_.peer_max_message_bytes;
  }
  void close() override;

  // For the peer.
  enum class State : std::uint8_t { Opening, Open, Closing, Closed };
  [[nodiscard]] State state() const noexcept { return state_; }
  void set_state(State state) noexcept { state_ = state; }
  [[nodiscard]] std::uint16_t stream() const noexcept { return stream_; }
  [[nodiscard]] const SctpDelivery& delivery() const noexcept { return delivery_; }
  /// True when this took it from `low` or more to less.
  bool took(std::size_t bytes, std::size_t low) noexcept;

 private:
  const net::RtcChannelSettings settings_;
  const std::uint16_t stream_;
  const Bounds bounds_;
  SctpDelivery delivery_;
  const std::shared_ptr<Outbox> outbox_;
  std::atomic<State> state_{State::Opening};
  std::atomic<std::size_t> buffered_{0};
};

}  // namespace lenswire::webrtc
