// replay_calibration.hpp - the optional calibration.json beside replayed pictures.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <lenswire/calibration.hpp>
#include <lenswire/result.hpp>

namespace lenswire::source::replay {

/// Larger files are refused.
inline constexpr std::size_t kMaxCalibrationBytes = 64 * 1024;

struct StreamCalibration {
  std::optional<double> unit_mm;  ///< of depth only
  std::optional<Intrinsics> intrinsics;
  std::optional<Extrinsics> reference_from_stream;
};

struct Calibration {
  StreamCalibration depth;
  StreamCalibration color;
};

/// Reads the form that docs/sources.md describes. Safe on hostile input.
///
/// Errors: InvalidArgument, naming the key, for text that is no JSON, unknown keys, missing or
/// unreasonable numbers, deep nesting, or too much of it.
/// Threading: reentrant.
Result<Calibration> parse_calibration(std::string_view text);

}  // namespace lenswire::source::replay
