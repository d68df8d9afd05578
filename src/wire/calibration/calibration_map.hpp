// calibration_map.hpp - a stream's calibration as a map: CBOR in the native protocol, JSON in
// files.
#pragma once

#include <cstddef>
#include <string_view>

#include <lenswire/result.hpp>
#include <lenswire/stream_calibration.hpp>
#include <nlohmann/json_fwd.hpp>

namespace lenswire::wire {

/// Larger calibration files are refused.
inline constexpr std::size_t kMaxCalibrationBytes = 64 * 1024;

[[nodiscard]] nlohmann::json to_map(const StreamCalibration& calibration);

/// What a profile knows, with `camera`, `stream`, `width`, `height` and `calibration_version`: what
/// `lenswire calibration show --json` prints and HTTP answers.
[[nodiscard]] nlohmann::json calibration_map(std::string_view camera, const StreamProfile& profile);

/// `intrinsics`, `reference_from_stream` and `depth_unit_m` as in docs/protocol.md, section 5;
/// other keys are left alone, so the output of `lenswire calibration show --json` can be read.
/// Errors: InvalidArgument, naming the key; and those of check_calibration(). Safe on hostile
/// input.
Result<StreamCalibration> calibration_from_map(const nlohmann::json& map);

/// What the profile knows; the other way round of with_calibration().
[[nodiscard]] StreamCalibration calibration_of(const StreamProfile& profile);

}  // namespace lenswire::wire
