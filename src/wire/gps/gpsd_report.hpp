// gpsd_report.hpp - positions out of what gpsd says.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/gps/reading.hpp"

namespace lenswire::wire::gps {

/// gpsd's own limit for one report is 10240.
inline constexpr std::size_t kMaxReportBytes = 64 << 10;

/// Asks for reports.
inline constexpr std::string_view kGpsdWatch = "?WATCH={\"enable\":true,\"json\":true};\n";

/// Reads TPV reports and lists of devices, one JSON object a line; others are passed over, and so
/// is what does not parse or is too long.
///
/// Threading: reentrant.
/// Source: gpsd_json(5).
class GpsdReader {
 public:
  /// Consumes from the front of `bytes` up to the next report that tells something. Nothing: more
  /// is needed.
  std::optional<Reading> read(std::span<const std::byte>& bytes);

 private:
  std::string line_;
  bool too_long_ = false;
};

}  // namespace lenswire::wire::gps
