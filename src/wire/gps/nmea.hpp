// nmea.hpp - positions out of what a serial GPS receiver says.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/gps/reading.hpp"

namespace lenswire::wire::gps {

/// Longer than any sentence of the standard (82), for receivers that add digits.
inline constexpr std::size_t kMaxSentenceBytes = 120;

/// Reads RMC and GGA sentences of any talker (GP, GN, GL, ...); others are passed over, and so is
/// whatever is damaged: noise, a wrong or missing checksum, a line that is too long. The speed
/// comes from RMC and holds for the GGA positions after it.
///
/// Threading: reentrant.
/// Source: NMEA 0183, sentences RMC and GGA.
class NmeaReader {
 public:
  /// Consumes from the front of `bytes` up to the next sentence that says where the receiver is, or
  /// that it does not know. Nothing: more is needed.
  std::optional<Reading> read(std::span<const std::byte>& bytes);

 private:
  std::optional<Reading> on_sentence(std::string_view sentence);

  std::string line_;
  bool inside_ = false;  // after a '$'
  std::optional<double> speed_knots_;
};

/// Whether `sentence`, from '$' to the two hexadecimal digits after '*', carries its checksum.
[[nodiscard]] bool nmea_checksum_ok(std::string_view sentence) noexcept;

}  // namespace lenswire::wire::gps
