// signal.hpp - the ball protocol's signalling: lines of JSON that carry an offer and an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <lenswire/result.hpp>

namespace lenswire::wire::ball {

/// The longest line, without its line end: what asyncio's readers take.
inline constexpr std::size_t kMaxLineBytes = std::size_t{64} << 10;

struct Signal {
  enum class Type : std::uint8_t { Offer, Answer, Bye, Candidate };
  Type type = Type::Bye;
  std::string sdp;          ///< Offer, Answer
  std::string candidate;    ///< Candidate: "candidate:..."
  std::string id;           ///< Candidate: the media section's `mid`
  std::uint32_t label = 0;  ///< Candidate: the media section's number

  bool operator==(const Signal&) const = default;
};

/// One line without its line end.
/// Errors: InvalidArgument for anything but a JSON object with a known `type`, and with the texts
/// that belong to it.
/// Threading: reentrant.
Result<Signal> parse_line(std::string_view line);

/// The line with its line end, as the originals write it: keys in order, ASCII alone.
/// Errors: InvalidArgument for a line past kMaxLineBytes, or texts that are no UTF-8.
Result<std::string> encode(const Signal& signal);

/// Cuts signals out of a byte stream, split anywhere. Memory grows with what has come, and ends at
/// kMaxLineBytes.
///
/// Threading: reentrant.
class SignalReader {
 public:
  /// Consumes from the front of `bytes` until there is a signal; nothing when all is consumed.
  /// Errors: those of parse_line(), and InvalidArgument for a line that is too long. The connection
  /// has to end then.
  Result<std::optional<Signal>> read(std::span<const std::byte>& bytes);

 private:
  std::string line_;
};

}  // namespace lenswire::wire::ball
