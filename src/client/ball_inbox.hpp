// ball_inbox.hpp - what a data channel's thread has for the ball client's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/time.hpp>

#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "net/rtc.hpp"

namespace lenswire::client {

/// Frames that may wait for the detector; then the oldest goes.
inline constexpr std::size_t kBallQueueFrames = 4;

/// Keeps a few messages, in memory that is used again and again.
///
/// Threading: thread-safe.
class BallInbox final : public net::RtcListener {
 public:
  BallInbox();

  /// Readable while there is something to take.
  [[nodiscard]] int poll_fd() const noexcept { return event_.get(); }

  struct Message {
    std::vector<std::byte> bytes;
    MonotonicTime received{};
  };
  struct News {
    std::optional<std::string> description;
    std::shared_ptr<net::RtcChannel> channel;
    std::optional<Error> end;
  };
  /// What happened since the last call, but for messages.
  News take_news();
  /// The oldest message, in exchange for a used one.
  bool take_message(Message& message);
  /// Messages that found no place.
  [[nodiscard]] std::uint64_t dropped() const;

  void on_description(std::string sdp) override;
  void on_open(std::shared_ptr<net::RtcChannel> channel) override;
  void on_message(net::RtcChannel& channel, std::span<const std::byte> bytes,
                  net::RtcPayload payload) override;
  void on_drained(net::RtcChannel&) override {}
  void on_channel_closed(net::RtcChannel& channel) override;
  void on_end(const Error& why) override;

 private:
  void signal() noexcept;

  const base::UniqueFd event_;
  mutable base::Mutex mutex_;
  News news_ LENSWIRE_GUARDED_BY(mutex_);
  std::array<Message, kBallQueueFrames> messages_ LENSWIRE_GUARDED_BY(mutex_);
  std::size_t first_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::size_t count_ LENSWIRE_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ LENSWIRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace lenswire::client
