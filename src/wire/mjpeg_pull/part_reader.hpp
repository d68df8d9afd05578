// part_reader.hpp - the parts of a lenswire server's multipart stream, with what they say of a
// frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <lenswire/annotation.hpp>
#include <lenswire/result.hpp>

#include "wire/mjpeg_push/line_reader.hpp"

namespace lenswire::wire::mjpeg_pull {

inline constexpr std::size_t kMaxPictureBytes = std::size_t{32} << 20;
inline constexpr std::size_t kMaxPartHeadBytes = std::size_t{8} << 10;

/// What a part's head says; anything may lack but the length.
struct PartHead {
  std::size_t length = 0;
  std::optional<std::uint64_t> sequence;        ///< X-Sequence
  std::optional<std::int64_t> capture_time_ns;  ///< X-Capture-Time-Ns: the server's monotonic clock
  std::optional<Annotation> ball;               ///< X-Ball: x, y and radius in px
};

/// Cuts `multipart/x-mixed-replace` into pictures, from any pieces. Each part has its
/// Content-Length. Memory grows with what has come, not with what was announced.
///
/// Threading: reentrant.
class PartReader {
 public:
  /// Consumes from the front of `bytes`; true when a picture is whole, which the next call ends.
  /// Errors: InvalidArgument, also past the limits.
  Result<bool> read(std::span<const std::byte>& bytes);

  [[nodiscard]] const PartHead& head() const noexcept { return head_; }
  [[nodiscard]] std::span<const std::byte> picture() const noexcept { return picture_; }

 private:
  enum class State : std::uint8_t { Delimiter, Head, Body, Whole };

  Result<void> on_header(std::string_view line);

  State state_ = State::Delimiter;
  mjpeg_push::LineReader line_;
  std::size_t head_bytes_ = 0;
  bool has_length_ = false;
  PartHead head_;
  std::vector<std::byte> picture_;
};

}  // namespace lenswire::wire::mjpeg_pull
