// text.hpp - cutting lines of SDP into words.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace lenswire::wire::sdp {

/// Takes the text up to the next `separator` from the front, and the separator.
inline std::string_view take(std::string_view& text, char separator) noexcept {
  const auto end = text.find(separator);
  const auto word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

/// The next word of a line whose words stand apart by one space or more.
inline std::string_view take_word(std::string_view& text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  return take(text, ' ');
}

/// A decimal number that fills the whole word.
template <typename Number>
std::optional<Number> number(std::string_view word) noexcept {
  Number value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return value;
}

/// Nothing but what SDP calls a token, so that it may be written again.
inline bool is_token(std::string_view word, std::size_t max) noexcept {
  if (word.empty() || word.size() > max) return false;
  for (const char c : word)
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>') return false;
  return true;
}

}  // namespace lenswire::wire::sdp
