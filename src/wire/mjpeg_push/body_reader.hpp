// body_reader.hpp - the bytes of an HTTP request body without their framing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <lenswire/result.hpp>

#include "wire/mjpeg_push/line_reader.hpp"

namespace lenswire::wire::mjpeg_push {

/// A body in chunks, of a known length, or up to the end of the connection.
///
/// Threading: reentrant.
class BodyReader {
 public:
  BodyReader() = default;  // up to the end of the connection
  static BodyReader chunked() noexcept;
  static BodyReader of_length(std::uint64_t bytes) noexcept;

  /// Takes framing from the front of `bytes` and returns the body bytes that follow it, which the
  /// caller takes with taken(). Empty: more is needed, or the body has ended().
  /// Errors: InvalidArgument.
  Result<std::span<const std::byte>> peek(std::span<const std::byte>& bytes);
  void taken(std::size_t count) noexcept;

  [[nodiscard]] bool ended() const noexcept { return state_ == State::Ended; }

 private:
  enum class State : std::uint8_t { UntilClose, Counted, Size, Data, DataEnd, Trailer, Ended };

  Result<void> begin_chunk();

  State state_ = State::UntilClose;
  std::uint64_t left_ = 0;
  std::size_t trailers_ = 0;
  LineReader line_;
};

}  // namespace lenswire::wire::mjpeg_push
