// frame_assembly.hpp - from a Frame message to a frame.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <lenswire/client.hpp>

#include "base/object_pool.hpp"
#include "client/clock_estimate.hpp"
#include "client/message_stream.hpp"
#include "codec/codec.hpp"

namespace lenswire::client {

/// The buffer a payload is received into. Grows as bytes arrive, by at most 1 MiB beyond them, so
/// that an announced size costs nothing; memory that a frame had before is used as it is.
class GrowingBuffer {
 public:
  void start(std::vector<std::byte>& data, std::size_t total);

  [[nodiscard]] bool complete() const noexcept { return filled_ == total_; }
  [[nodiscard]] std::size_t total() const noexcept { return total_; }
  /// Where the next bytes go. Never empty while incomplete.
  [[nodiscard]] std::span<std::byte> room();
  void advance(std::size_t count) noexcept { filled_ += count; }

 private:
  std::vector<std::byte>* data_ = nullptr;
  std::size_t total_ = 0;
  std::size_t filled_ = 0;
};

/// One subscription as the client keeps it over reconnects.
struct SubscriptionState {
  std::uint32_t id = 0;         // the user's
  std::uint32_t server_id = 0;  // this connection's; 0 = not running now
  SubscribeSettings settings;
  StreamProfilePtr profile;
  std::string codec;
  std::uint64_t frames_acknowledged = 0;  // on this connection, by Ack
  std::uint64_t frames_pulled = 0;        // asked for and not yet come
  bool ack_due = false;
  MonotonicTime retry_at{};
  Nanoseconds retry_wait{};
  std::string trouble;  // why it does not run
  bool ended = false;

  // What frames say of the picture may differ from the profile (a JPEG decoded to RGB).
  StreamProfilePtr delivered;
  StreamProfilePtr delivered_base;
};

/// A frame as it arrived, not decoded yet.
struct ArrivedFrame {
  ReceivedFrame out;
  std::shared_ptr<Frame> frame;
  wire::lwp::FrameHeader header;
  std::uint32_t connection = 0;  // which connection it came over
};

/// Keeps the pool and the decoders' memory.
///
/// Threading: reentrant.
class FrameAssembly {
 public:
  [[nodiscard]] std::shared_ptr<Frame> acquire() { return pool_.acquire(); }

  /// Errors: InvalidArgument for a head that no right server sends.
  static Result<void> check(const MessageHead& head);

  /// Puts the metadata into a frame whose payload is complete.
  static ArrivedFrame arrived(std::shared_ptr<Frame> frame, const MessageHead& head,
                              SubscriptionState& subscription, const ClockEstimate& clock,
                              MonotonicTime now);

  /// Decodes where that is wanted and needed.
  /// Errors: the decoder's; Unsupported for a codec this build does not have.
  Result<ReceivedFrame> finish(ArrivedFrame arrived, SubscriptionState& subscription);

 private:
  Result<std::shared_ptr<Frame>> decode(const ArrivedFrame& arrived,
                                        SubscriptionState& subscription);

  base::ObjectPool<Frame> pool_{16};
  std::array<std::unique_ptr<codec::Decoder>, 6> decoders_;
};

}  // namespace lenswire::client
