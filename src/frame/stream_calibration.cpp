#include <lenswire/stream_calibration.hpp>

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace lenswire {
namespace {

constexpr std::uint32_t kMaxSide = 32766;
constexpr double kMinFieldDegrees = 1;
constexpr double kMaxFieldDegrees = 175;
constexpr double kMaxCoefficient = 1000;
constexpr double kMaxTranslationM = 100;
constexpr double kPi = 3.14159265358979323846;

auto wrong(const std::string& what) {
  return fail(ErrorCode::InvalidArgument, "calibration: " + what);
}

Result<void> check(const Intrinsics& camera) {
  if (camera.width < 1 || camera.height < 1 || camera.width > kMaxSide || camera.height > kMaxSide)
    return wrong(fmt::format("a picture of {}x{}; give the size of the pictures it was made from",
                             camera.width, camera.height));
  const auto focal = [](const char* name, double f, std::uint32_t size) -> Result<void> {
    const double field = 2 * std::atan2(size / 2.0, f) * 180 / kPi;
    if (std::isfinite(f) && f > 0 && field >= kMinFieldDegrees && field <= kMaxFieldDegrees)
      return {};
    return wrong(
        fmt::format("{} = {} px is no focal length for {} px; is it in pixels, and of this "
                    "picture size?",
                    name, f, size));
  };
  if (auto ok = focal("fx", camera.fx, camera.width); !ok) return ok;
  if (auto ok = focal("fy", camera.fy, camera.height); !ok) return ok;
  if (camera.fx > 1.5 * camera.fy || camera.fy > 1.5 * camera.fx)
    return wrong(
        fmt::format("fx = {} and fy = {} do not belong to one camera; calibrate again with "
                    "pictures that show the pattern from several sides",
                    camera.fx, camera.fy));
  const auto centre = [](double c, double size) { return c >= -size && c <= 2 * size; };
  if (!centre(camera.cx, camera.width) || !centre(camera.cy, camera.height))
    return wrong(fmt::format("the centre ({}, {}) is far outside of the picture of {}x{}",
                             camera.cx, camera.cy, camera.width, camera.height));
  for (const double value : camera.distortion)
    if (!(std::abs(value) <= kMaxCoefficient))
      return wrong(
          fmt::format("the lens coefficient {} is too large; calibrate again with the "
                      "pattern in all corners",
                      value));
  return {};
}

Result<void> check(const Extrinsics& pose) {
  const auto& r = pose.rotation;
  constexpr double kAllowed = 1e-3;
  bool good = true;
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) {
      double product = 0;
      for (std::size_t k = 0; k < 3; ++k) product += r.at(3 * i + k) * r.at(3 * j + k);
      good = good && std::abs(product - (i == j ? 1 : 0)) <= kAllowed;
    }
  const double turned = r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6]) +
                        r[2] * (r[3] * r[7] - r[4] * r[6]);
  if (!good || !(turned > 0))
    return wrong(
        "the rotation is none: its rows must be at right angles, 1 long, and not mirrored");
  for (const double value : pose.translation_m)
    if (!(std::abs(value) <= kMaxTranslationM))
      return wrong(fmt::format("a translation of {} m; is it in metres, not millimetres?", value));
  return {};
}

}  // namespace

Result<void> check_calibration(const StreamCalibration& calibration) {
  if (!calibration.intrinsics && !calibration.reference_from_stream && !calibration.depth_unit_m)
    return wrong("it says nothing; give intrinsics, reference_from_stream or depth_unit_m");
  if (calibration.intrinsics)
    if (auto ok = check(*calibration.intrinsics); !ok) return ok;
  if (calibration.reference_from_stream)
    if (auto ok = check(*calibration.reference_from_stream); !ok) return ok;
  if (const auto unit = calibration.depth_unit_m; unit && !(*unit >= 1e-6 && *unit <= 0.1))
    return wrong(fmt::format("a depth unit of {} m; 0.001 is a millimetre", *unit));
  return {};
}

Result<StreamProfile> with_calibration(const StreamProfile& profile,
                                       const StreamCalibration& calibration) {
  auto out = profile;
  if (const auto& camera = calibration.intrinsics) {
    // The height that the calibrated picture would have at this width.
    const double height =
        static_cast<double>(camera->height) * profile.width / static_cast<double>(camera->width);
    if (!(std::abs(height - profile.height) <= 1))
      return wrong(fmt::format(
          "it was made from pictures of {}x{}, and stream '{}' has {}x{}, which "
          "is another shape; calibrate with the stream's own size",
          camera->width, camera->height, profile.stream, profile.width, profile.height));
    out.intrinsics = camera->cropped_and_scaled(0, 0, camera->width, camera->height, profile.width,
                                                profile.height);
  }
  if (calibration.reference_from_stream)
    out.reference_from_stream = calibration.reference_from_stream;
  if (calibration.depth_unit_m) {
    if (profile.kind != StreamKind::Depth)
      return wrong(fmt::format("a depth unit for stream '{}', which is no depth", profile.stream));
    out.depth_unit_m = *calibration.depth_unit_m;
  }
  return out;
}

}  // namespace lenswire
