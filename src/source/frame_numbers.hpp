// frame_numbers.hpp - from a device's frame numbers to a stream's sequence numbers.
#pragma once

#include <cstdint>
#include <optional>

namespace lenswire::source {

/// Keeps gaps as gaps. A device that begins to count anew, counts backwards or jumps wildly gives
/// +1.
///
/// Threading: reentrant.
class FrameNumbers {
 public:
  /// The device begins anew: its next frame follows the last one.
  void restart() noexcept { last_raw_.reset(); }

  std::uint64_t next(std::uint64_t raw) noexcept {
    const bool follows = last_raw_ && raw > *last_raw_ && raw - *last_raw_ < kLargestGap;
    const auto step = follows ? raw - *last_raw_ : 1;
    if (has_number_) number_ += step;
    has_number_ = true;
    last_raw_ = raw;
    return number_;
  }

 private:
  static constexpr std::uint64_t kLargestGap = 10'000;
  std::optional<std::uint64_t> last_raw_;
  std::uint64_t number_ = 0;
  bool has_number_ = false;
};

}  // namespace lenswire::source
