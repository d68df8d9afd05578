// driver_channel.hpp - packets and descriptors between two processes of ours, and the memory they
// share.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "source/driver/driver_messages.hpp"

namespace lenswire::source::driver {

/// One end of a socket that keeps messages apart (SOCK_SEQPACKET).
///
/// Threading: send() thread-safe; receive() from one thread.
class Channel {
 public:
  explicit Channel(base::UniqueFd socket) : socket_(std::move(socket)) {}

  struct Pair {
    base::UniqueFd ours;
    base::UniqueFd theirs;
  };
  static Result<Pair> make_pair();

  enum class Patience : std::uint8_t { Wait, DontWait };
  /// `descriptor` goes along; the caller keeps its own.
  /// Errors: Closed (the other side is gone), Busy (it does not read, with DontWait).
  Result<void> send(const Message& message, int descriptor = -1,
                    Patience patience = Patience::Wait);

  struct Received {
    Message message;
    base::UniqueFd descriptor;
  };
  /// Blocks until a message is there; poll fd() to know. Nothing when the other side is gone.
  /// Errors: InvalidArgument for a damaged message.
  Result<std::optional<Received>> receive();

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

 private:
  const base::UniqueFd socket_;
  std::vector<std::byte> packet_;
  base::Mutex mutex_;
  std::vector<std::byte> out_ LENSWIRE_GUARDED_BY(mutex_);
};

/// Slots for frames, in memory that both processes see.
class SharedSlots {
 public:
  /// Of one's own, sealed against shrinking. Errors: Busy (no memory).
  static Result<std::unique_ptr<SharedSlots>> create(std::size_t slots, std::size_t slot_bytes);
  /// Of the other side. Errors: InvalidArgument where it is smaller than said, or could shrink.
  static Result<std::unique_ptr<SharedSlots>> open(base::UniqueFd memory, std::size_t slots,
                                                   std::size_t slot_bytes);
  ~SharedSlots();
  SharedSlots(const SharedSlots&) = delete;
  SharedSlots& operator=(const SharedSlots&) = delete;

  [[nodiscard]] std::span<std::byte> slot(std::size_t index) const noexcept {
    return {memory_ + index * slot_bytes_, slot_bytes_};
  }
  [[nodiscard]] std::size_t slots() const noexcept { return slots_; }
  [[nodiscard]] std::size_t slot_bytes() const noexcept { return slot_bytes_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  SharedSlots() = default;
  static Result<std::unique_ptr<SharedSlots>> map(base::UniqueFd memory, std::size_t slots,
                                                  std::size_t slot_bytes, int protection);

  base::UniqueFd fd_;
  std::byte* memory_ = nullptr;
  std::size_t slots_ = 0;
  std::size_t slot_bytes_ = 0;
};

}  // namespace lenswire::source::driver
