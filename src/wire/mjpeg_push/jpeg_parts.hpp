// jpeg_parts.hpp - pictures out of a multipart body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <lenswire/result.hpp>

#include "wire/mjpeg_push/line_reader.hpp"

namespace lenswire::wire::mjpeg_push {

/// The largest picture that is taken.
inline constexpr std::size_t kMaxPictureBytes = std::size_t{32} << 20;

/// Cuts a multipart body into its parts. The line before a part may be the boundary as announced or
/// with two more dashes; without an announced one, whatever the first such line is. A part without
/// Content-Length ends where the next one begins.
///
/// Threading: reentrant.
class JpegParts {
 public:
  explicit JpegParts(std::string boundary = {}) : boundary_(std::move(boundary)) {}

  /// Consumes from the front of `bytes`; true when picture() is whole, which the next call ends.
  /// Errors: InvalidArgument, also past the limits.
  Result<bool> read(std::span<const std::byte>& bytes);

  [[nodiscard]] std::span<const std::byte> picture() const noexcept { return picture_; }
  /// The closing delimiter has come.
  [[nodiscard]] bool ended() const noexcept { return state_ == State::Ended; }

 private:
  enum class State : std::uint8_t { Delimiter, Head, Counted, Search, Whole, Ended };

  Result<void> on_delimiter(std::string_view line);
  Result<void> on_header(std::string_view line);
  Result<void> take_counted(std::span<const std::byte>& bytes);
  Result<void> search(std::span<const std::byte>& bytes);

  const std::string boundary_;
  std::string delimiter_;  // the line that came, once one has
  State state_ = State::Delimiter;
  LineReader line_;
  std::size_t head_bytes_ = 0;
  bool has_length_ = false;
  std::size_t length_ = 0;
  std::vector<std::byte> picture_;
};

}  // namespace lenswire::wire::mjpeg_push
