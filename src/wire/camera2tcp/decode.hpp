// decode.hpp - requests from bytes, and a server's geometry text.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include <lenswire/result.hpp>

#include "wire/camera2tcp/message.hpp"

namespace lenswire::wire::camera2tcp {

/// The service with this word, of any version ("RGBWebcam", "Depth", ...).
[[nodiscard]] std::optional<Service> service_from_word(std::string_view word) noexcept;

/// Cuts bytes into requests. Words have no end mark and may be glued to each other: the longest
/// known one is taken. CR, LF and NUL between words are dropped; other bytes that begin no word
/// become one Unknown request up to the next word.
///
/// A word that may still become a longer one (`RGB`, `RGBWebcam`), and the beginning of a word,
/// stay open: the caller gives them the time of open_for() and then calls settle().
///
/// Threading: reentrant.
class RequestParser {
 public:
  /// Takes bytes; at most kMaxRequestBytes are kept, so call next() until it gives nothing before
  /// feeding more. Returns how many were taken.
  std::size_t feed(std::span<const std::byte> bytes) noexcept;

  /// The next request that is certain, or nothing.
  [[nodiscard]] std::optional<Request> next() noexcept;

  enum class Open : std::uint8_t { Nothing, Word, Beginning };
  /// What is left after next() gave nothing.
  [[nodiscard]] Open open() const noexcept;

  /// No more came in time: takes an open word as it is, and gives the beginning of a word up as
  /// Unknown. Then call next() again.
  [[nodiscard]] std::optional<Request> settle() noexcept;

  [[nodiscard]] std::size_t kept_bytes() const noexcept { return size_; }

 private:
  struct Match {
    std::size_t length = 0;  // of the longest word at the front; 0: none
    Request request;
    bool may_grow = false;  // all that is there is the beginning of a longer word
  };
  [[nodiscard]] std::string_view text() const noexcept { return {kept_.data(), size_}; }
  [[nodiscard]] static Match match(std::string_view text) noexcept;
  void drop(std::size_t bytes) noexcept;
  void drop_separators() noexcept;

  std::array<char, kMaxRequestBytes> kept_{};
  std::size_t size_ = 0;
  bool in_unknown_ = false;  // the bytes before were Unknown, and have been told
};

/// Reads `rows,columns,channels` (KinectDepth: columns first).
/// Errors: NotFound for `no service available`; Unsupported for `Invalid request`; Truncated where
/// more may follow; InvalidArgument for all else, and for more than kMaxFrameBytes.
[[nodiscard]] Result<Geometry> parse_geometry(Service service, std::string_view answer);

}  // namespace lenswire::wire::camera2tcp
