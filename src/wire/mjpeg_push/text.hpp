// text.hpp - the words of HTTP headers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lenswire::wire::mjpeg_push {

/// Without the blanks at both ends.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

[[nodiscard]] constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Compares without case.
[[nodiscard]] constexpr bool same_word(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

struct Header {
  std::string_view name;
  std::string_view value;
};

/// "Name: value"; nothing for a folded line or a name with a blank in it.
[[nodiscard]] constexpr std::optional<Header> split_header(std::string_view line) noexcept {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto name = line.substr(0, colon);
  if (name.find_first_of(" \t") != std::string_view::npos) return std::nullopt;
  return Header{name, trimmed(line.substr(colon + 1))};
}

/// Digits only, at most 18 of them.
[[nodiscard]] inline std::optional<std::uint64_t> decimal(std::string_view text) noexcept {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

}  // namespace lenswire::wire::mjpeg_push
