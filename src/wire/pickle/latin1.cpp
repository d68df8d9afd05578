#include "wire/pickle/latin1.hpp"

#include <algorithm>
#include <array>

namespace lenswire::wire::pickle {
namespace {

int hex_digit(std::byte b) noexcept {
  const auto c = static_cast<char>(b);
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// One or two bytes of UTF-8 for each byte, the first in the low half.
constexpr auto kPairs = [] {
  std::array<std::uint16_t, 256> pairs{};
  for (unsigned c = 0; c < 256; ++c)
    pairs[c] = static_cast<std::uint16_t>(c < 0x80 ? c : 0x80c0U | c >> 6 | (c & 0x3fU) << 8);
  return pairs;
}();

}  // namespace

std::byte* latin1_to_utf8(ByteSpan in, std::byte* out) noexcept {
  if (in.empty()) return out;
  // No branch on the data, which is as good as random: both bytes are written, and the second is
  // overwritten where it does not count. The last one must not reach beyond its place.
  for (const auto b : in.first(in.size() - 1)) {
    const auto c = static_cast<unsigned>(b);
    out[0] = static_cast<std::byte>(kPairs[c] & 0xffU);
    out[1] = static_cast<std::byte>(kPairs[c] >> 8);
    out += 1 + (c >> 7);
  }
  const auto last = static_cast<unsigned>(in.back());
  *out++ = static_cast<std::byte>(kPairs[last] & 0xffU);
  if (last >= 0x80) *out++ = static_cast<std::byte>(kPairs[last] >> 8);
  return out;
}

std::size_t count_high(ByteSpan in) noexcept {
  std::size_t count = 0;
  // Blocks of 255 keep the sum in a byte, which is what makes the loop vectorise well.
  while (!in.empty()) {
    const auto block = in.first(std::min<std::size_t>(in.size(), 255));
    std::uint8_t sum = 0;
    for (const auto b : block)
      sum = static_cast<std::uint8_t>(sum + (static_cast<unsigned>(b) >> 7));
    count += sum;
    in = in.subspan(block.size());
  }
  return count;
}

std::optional<std::size_t> utf8_latin1_length(ByteSpan text) noexcept {
  // Good is: every byte is ASCII, C2, C3 or a continuation, and there is a continuation exactly
  // after each C2 or C3. No branch depends on the data, so this too vectorises.
  if (text.empty()) return 0;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto is_lead = [](std::uint8_t b) { return static_cast<std::uint8_t>((b & 0xfe) == 0xc2); };
  const auto is_tail = [](std::uint8_t b) { return static_cast<std::uint8_t>((b & 0xc0) == 0x80); };
  const auto is_bad = [](std::uint8_t b) {
    return static_cast<std::uint8_t>((b & 0xc0) == 0xc0 && (b & 0xfe) != 0xc2);
  };
  if (is_tail(bytes[0]) || is_bad(bytes[0]) || is_lead(bytes[text.size() - 1])) return std::nullopt;
  std::size_t tails = 0;
  for (std::size_t i = 1; i < text.size();) {
    const auto end = std::min(text.size(), i + 255);
    std::uint8_t wrong = 0;
    std::uint8_t sum = 0;
    for (; i < end; ++i) {
      const auto tail = is_tail(bytes[i]);
      wrong = static_cast<std::uint8_t>(wrong | (tail ^ is_lead(bytes[i - 1])) | is_bad(bytes[i]));
      sum = static_cast<std::uint8_t>(sum + tail);
    }
    if (wrong != 0) return std::nullopt;
    tails += sum;
  }
  return text.size() - tails;
}

void utf8_to_latin1(ByteSpan text, std::byte* out) noexcept {
  // A C2 only says that a byte above 0x7f follows, a C3 also sets its bit 6. What is written for
  // the lead itself is overwritten by what follows it.
  unsigned before = 0;
  for (const auto b : text) {
    const auto c = static_cast<unsigned>(b);
    *out = static_cast<std::byte>(c | static_cast<unsigned>(before == 0xc3) << 6);
    out += 1 - static_cast<std::ptrdiff_t>(c >= 0xc0);
    before = c;
  }
}

std::optional<std::size_t> escaped_length(ByteSpan text) noexcept {
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++length) {
    if (text[i] != std::byte{'\\'}) {
      ++i;
      continue;
    }
    if (text.size() - i < 6 || text[i + 1] != std::byte{'u'} || text[i + 2] != std::byte{'0'} ||
        text[i + 3] != std::byte{'0'} || hex_digit(text[i + 4]) < 0 || hex_digit(text[i + 5]) < 0)
      return std::nullopt;
    i += 6;
  }
  return length;
}

std::optional<std::size_t> quoted_length(ByteSpan text, char quote) noexcept {
  std::size_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++length) {
    const auto c = static_cast<char>(text[i]);
    if (c < ' ' || c > '~' || c == quote) return std::nullopt;
    if (c != '\\') {
      ++i;
      continue;
    }
    if (text.size() - i < 2) return std::nullopt;
    switch (static_cast<char>(text[i + 1])) {
      case '\\':
      case '\'':
      case '"':
      case 'n':
      case 'r':
      case 't':
        i += 2;
        break;
      case 'x':
        if (text.size() - i < 4 || hex_digit(text[i + 2]) < 0 || hex_digit(text[i + 3]) < 0)
          return std::nullopt;
        i += 4;
        break;
      default:
        return std::nullopt;
    }
  }
  return length;
}

std::byte EscapedCursor::next() noexcept {
  const auto first = *at_++;
  if (first != std::byte{'\\'}) return first;
  const int value = hex_digit(at_[3]) << 4 | hex_digit(at_[4]);
  at_ += 5;
  return static_cast<std::byte>(value);
}

std::byte QuotedCursor::next() noexcept {
  const auto first = *at_++;
  if (first != std::byte{'\\'}) return first;
  const auto kind = *at_++;
  switch (static_cast<char>(kind)) {
    case 'n':
      return std::byte{'\n'};
    case 'r':
      return std::byte{'\r'};
    case 't':
      return std::byte{'\t'};
    case 'x': {
      const int value = hex_digit(at_[0]) << 4 | hex_digit(at_[1]);
      at_ += 2;
      return static_cast<std::byte>(value);
    }
    default:
      return kind;
  }
}

}  // namespace lenswire::wire::pickle
