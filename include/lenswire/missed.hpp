// missed.hpp - which frames did not come, and why.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lenswire {

/// Why a subscriber did not get a frame. Numbers as in the native protocol.
enum class MissReason : std::uint8_t {
  SlowClient = 1,   ///< the client, its link or its window had no room
  EncoderBusy = 2,  ///< the encoder was still at an earlier frame
  SourceGap = 3,    ///< the device or the driver lost it
  RateLimit = 4,    ///< the client asked for fewer frames
  ServerBusy = 5,   ///< the server's own I/O was behind
};
inline constexpr std::size_t kMissReasonCount = 5;

[[nodiscard]] std::string_view to_string(MissReason reason) noexcept;

/// A run of frames that were missed for one reason.
struct Missed {
  MissReason reason = MissReason::SlowClient;
  std::uint32_t count = 0;
  std::uint64_t first_sequence = 0;

  bool operator==(const Missed&) const = default;
};
inline constexpr std::size_t kMaxMissedRecords = 16;

/// A fixed-capacity list, so that keeping account of a frame allocates nothing.
class MissedList {
 public:
  void clear() noexcept { size_ = 0; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::span<const Missed> records() const noexcept {
    return {records_.data(), size_};
  }
  [[nodiscard]] std::uint64_t total() const noexcept;

  /// Adds one run, joined to the last one where reason and numbers continue. When the list is
  /// full, the count goes to the last record: the total stays right.
  void add(MissReason reason, std::uint64_t first_sequence, std::uint32_t count) noexcept;
  void add(const MissedList& other) noexcept;

 private:
  std::array<Missed, kMaxMissedRecords> records_{};
  std::size_t size_ = 0;
};

}  // namespace lenswire
