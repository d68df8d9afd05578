// latin1.hpp - bytes as text: the forms in which pickles carry them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lenswire::wire::pickle {

using ByteSpan = std::span<const std::byte>;

/// Writes each byte as the UTF-8 of the character with its number; returns the end of what was
/// written. `out` has room for two bytes for each of `in`, and is none of its memory.
std::byte* latin1_to_utf8(ByteSpan in, std::byte* out) noexcept;

/// How many bytes above 0x7f there are, each of which takes two in UTF-8.
[[nodiscard]] std::size_t count_high(ByteSpan in) noexcept;

/// How many characters the text has; nothing unless it is UTF-8 of U+0000..U+00FF throughout.
[[nodiscard]] std::optional<std::size_t> utf8_latin1_length(ByteSpan text) noexcept;
/// The inverse of latin1_to_utf8(), for text that the above has passed.
void utf8_to_latin1(ByteSpan text, std::byte* out) noexcept;

/// Bytes of a raw-unicode-escape text, where every backslash begins \u00NN; nothing for any other.
[[nodiscard]] std::optional<std::size_t> escaped_length(ByteSpan text) noexcept;

/// Bytes of the inside of a Python 2 string literal in `quote`s, with the escapes that repr()
/// writes: \\ \' \" \n \r \t \xNN; nothing for any other.
[[nodiscard]] std::optional<std::size_t> quoted_length(ByteSpan text, char quote) noexcept;

/// Takes texts that the functions above have passed apart, byte by byte.
class EscapedCursor {
 public:
  explicit EscapedCursor(ByteSpan text) noexcept : at_(text.data()) {}
  std::byte next() noexcept;

 private:
  const std::byte* at_;
};
class QuotedCursor {
 public:
  explicit QuotedCursor(ByteSpan text) noexcept : at_(text.data()) {}
  std::byte next() noexcept;

 private:
  const std::byte* at_;
};
class Utf8Cursor {
 public:
  explicit Utf8Cursor(ByteSpan text) noexcept : at_(text.data()) {}
  std::byte next() noexcept {
    const auto first = static_cast<unsigned>(*at_++);
    if (first < 0x80) return static_cast<std::byte>(first);
    return static_cast<std::byte>((first & 3) << 6 | (static_cast<unsigned>(*at_++) & 0x3f));
  }

 private:
  const std::byte* at_;
};
class RawCursor {
 public:
  explicit RawCursor(ByteSpan bytes) noexcept : at_(bytes.data()) {}
  std::byte next() noexcept { return *at_++; }

 private:
  const std::byte* at_;
};

}  // namespace lenswire::wire::pickle
