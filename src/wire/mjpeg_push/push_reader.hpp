// push_reader.hpp - an endless POST of JPEG parts, as the RealSense applications and we send it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <lenswire/result.hpp>

#include "wire/mjpeg_push/body_reader.hpp"
#include "wire/mjpeg_push/jpeg_parts.hpp"

namespace lenswire::wire::mjpeg_push {

inline constexpr std::size_t kMaxHeadLineBytes = 8 << 10;
inline constexpr std::size_t kMaxHeadBytes = 32 << 10;
inline constexpr std::size_t kMaxHeaders = 100;
inline constexpr std::size_t kMaxStreamIdBytes = 256;

/// What the head of a push says. Everything but the request line may be missing.
struct PushHead {
  std::string method;
  std::string target;
  std::string stream_id;  ///< empty where none was given
  std::string boundary;
  struct Resolution {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
  };
  std::optional<Resolution> resolution;  ///< of Content-Resolution, where that makes sense
  bool chunked = false;
  std::optional<std::uint64_t> length;
  bool expects_continue = false;
};

/// Cuts a push into its head and its pictures, from any pieces. Safe on hostile input; memory grows
/// with what has come, not with what was announced.
///
/// Threading: reentrant.
class PushReader {
 public:
  enum class Step : std::uint8_t { NeedMore, Head, Picture, End };

  /// Consumes from the front of `bytes` until there is something to tell. Picture: picture() holds
  /// it until the next call. After End nothing more is read.
  /// Errors: InvalidArgument (malformed, or past a limit), Unsupported (neither POST nor PUT, or
  /// another transfer encoding than chunked). The connection has to end then.
  Result<Step> read(std::span<const std::byte>& bytes);

  [[nodiscard]] const PushHead& head() const noexcept { return head_; }
  [[nodiscard]] bool head_complete() const noexcept { return state_ != State::Head; }
  [[nodiscard]] std::span<const std::byte> picture() const noexcept { return parts_->picture(); }

 private:
  enum class State : std::uint8_t { Head, Body, Ended };

  Result<Step> read_head(std::span<const std::byte>& bytes);
  Result<void> on_request_line(std::string_view line);
  Result<void> on_header(std::string_view line);
  Result<void> on_head_end();
  Result<Step> read_body(std::span<const std::byte>& bytes);

  State state_ = State::Head;
  LineReader line_;
  std::size_t head_bytes_ = 0;
  std::size_t headers_ = 0;
  PushHead head_;
  BodyReader body_;
  std::optional<JpegParts> parts_;
};

}  // namespace lenswire::wire::mjpeg_push
