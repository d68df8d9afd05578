// stream_calibration.hpp - a calibration as somebody made it for a stream.
#pragma once

#include <optional>

#include <lenswire/calibration.hpp>
#include <lenswire/result.hpp>
#include <lenswire/stream_profile.hpp>

namespace lenswire {

/// What is absent stays as the device gives it.
struct StreamCalibration {
  std::optional<Intrinsics> intrinsics;
  std::optional<Extrinsics> reference_from_stream;
  std::optional<double> depth_unit_m;

  bool operator==(const StreamCalibration&) const = default;
};

/// Whether a real camera can be like this.
/// Errors: InvalidArgument with the number that is wrong and what to do: a size of 1 to 32766 a
/// side; focal lengths that see between 1 and 175 degrees and differ by less than half; a centre
/// not farther outside than the picture is large; coefficients within 1000; a rotation whose rows
/// are orthonormal within 0.001 and turn right-handed; less than 100 m; a depth unit of 1e-6 to
/// 0.1 m.
[[nodiscard]] Result<void> check_calibration(const StreamCalibration& calibration);

/// The profile with this calibration. Intrinsics of another size are scaled where the shape is the
/// same, within a pixel.
/// Errors: InvalidArgument for another shape, or a depth unit for a stream that is not depth.
[[nodiscard]] Result<StreamProfile> with_calibration(const StreamProfile& profile,
                                                     const StreamCalibration& calibration);

}  // namespace lenswire
