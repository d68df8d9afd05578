// stream_profile.hpp - what a stream of frames looks like, calibration included.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <lenswire/calibration.hpp>
#include <lenswire/pixel_format.hpp>

namespace lenswire {

enum class StreamKind : std::uint8_t {
  Color = 0,
  Depth = 1,
  Infrared = 2,
  Points = 3,
  Skeleton = 4,
  Motion = 5,  ///< XYZ32F of 1x1: "accel" in m/s^2, "gyro" in rad/s
};

[[nodiscard]] std::string_view to_string(StreamKind kind) noexcept;

/// Format, size, rate and calibration of one stream. A value; shared as `StreamProfilePtr` by all
/// frames that were captured with it, so comparing pointers tells whether the profile changed.
struct StreamProfile {
  std::string stream;  ///< the stream's id: "color", "depth", "infrared", ...
  StreamKind kind = StreamKind::Color;
  PixelFormat format = PixelFormat::RGB8;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  double rate_hz = 0;       ///< nominal; 0 = irregular
  double depth_unit_m = 0;  ///< metres per raw step; 0 unless `kind` is Depth
  std::optional<Intrinsics> intrinsics;
  /// From this stream's camera frame to the device's reference frame (its depth camera, or its
  /// only camera).
  std::optional<Extrinsics> reference_from_stream;

  bool operator==(const StreamProfile&) const = default;
};

using StreamProfilePtr = std::shared_ptr<const StreamProfile>;

/// A hash of everything that turns pixels into metres (intrinsics, extrinsics, depth unit); 0 when
/// the profile carries no calibration. Equal versions mean equal calibration, on any machine.
/// Source: FNV-1a, 64 bit, over the fields' IEEE 754 bits in declaration order.
[[nodiscard]] std::uint64_t calibration_version(const StreamProfile& profile) noexcept;

}  // namespace lenswire
