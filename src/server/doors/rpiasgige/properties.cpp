#include "server/doors/rpiasgige/properties.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace lenswire::server::rpiasgige {
namespace {

constexpr double kMaxSide = 16384;
constexpr double kLargestWhole = 9007199254740992.0;

struct PropertyControl {
  std::int32_t property;
  std::string_view control;
};

// The kernel has renamed some of its controls; both names are here, the newer first.
constexpr std::array kControls = {
    PropertyControl{10, "brightness"},
    PropertyControl{11, "contrast"},
    PropertyControl{12, "saturation"},
    PropertyControl{13, "hue"},
    PropertyControl{14, "gain"},
    PropertyControl{15, "exposure_time_absolute"},
    PropertyControl{15, "exposure_absolute"},
    PropertyControl{15, "exposure"},
    PropertyControl{20, "sharpness"},
    PropertyControl{21, "auto_exposure"},
    PropertyControl{21, "exposure_auto"},
    PropertyControl{21, "enable_auto_exposure"},
    PropertyControl{22, "gamma"},
    PropertyControl{23, "white_balance_temperature"},
    PropertyControl{27, "zoom_absolute"},
    PropertyControl{28, "focus_absolute"},
    PropertyControl{28, "focus"},
    PropertyControl{32, "backlight_compensation"},
    PropertyControl{33, "pan_absolute"},
    PropertyControl{34, "tilt_absolute"},
    PropertyControl{36, "iris_absolute"},
    PropertyControl{39, "focus_automatic_continuous"},
    PropertyControl{39, "focus_auto"},
    PropertyControl{39, "auto_focus"},
    PropertyControl{44, "white_balance_automatic"},
    PropertyControl{44, "white_balance_temperature_auto"},
    PropertyControl{44, "enable_auto_white_balance"},
    PropertyControl{45, "white_balance_temperature"},
    PropertyControl{45, "white_balance"},
};

}  // namespace

std::optional<PictureSize> choose_size(Property side, std::uint32_t value, PictureSize now,
                                       std::optional<std::uint32_t> kept,
                                       const std::vector<PictureSize>& offered) {
  const bool by_width = side == kWidth;
  const auto size_with = [&](std::uint32_t other) {
    return by_width ? PictureSize{value, other} : PictureSize{other, value};
  };
  const auto other_of = [&](const PictureSize& size) {
    return by_width ? size.height : size.width;
  };
  const auto possible = [&](const PictureSize& size) {
    return offered.empty() || std::find(offered.begin(), offered.end(), size) != offered.end();
  };
  if (kept && possible(size_with(*kept))) return size_with(*kept);
  const std::uint64_t present = by_width ? now.width : now.height;
  const auto in_proportion = present == 0
                                 ? std::uint64_t{value}
                                 : (std::uint64_t{value} * other_of(now) + present / 2) / present;
  const auto ideal = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(in_proportion, 1, static_cast<std::uint64_t>(kMaxSide)));
  if (possible(size_with(ideal))) return size_with(ideal);
  std::optional<PictureSize> best;
  const auto distance = [&](const PictureSize& size) {
    return std::llabs(std::int64_t{other_of(size)} - std::int64_t{ideal});
  };
  for (const auto& size : offered) {
    if ((by_width ? size.width : size.height) != value) continue;
    if (!best || distance(size) < distance(*best)) best = size;
  }
  return best;
}

std::optional<std::uint32_t> pixels_from(double value) noexcept {
  if (!(value >= 1 && value <= kMaxSide)) return std::nullopt;
  return static_cast<std::uint32_t>(std::lround(value));
}

std::optional<PixelFormat> format_from(double value) noexcept {
  if (!(value >= 0 && value <= std::numeric_limits<std::uint32_t>::max())) return std::nullopt;
  if (std::trunc(value) != value) return std::nullopt;
  return pixel_format_from_fourcc(static_cast<std::uint32_t>(value));
}

StreamKind kind_of(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::Z16:
      return StreamKind::Depth;
    case PixelFormat::Y8:
    case PixelFormat::Y16:
      return StreamKind::Infrared;
    default:
      return StreamKind::Color;
  }
}

std::optional<std::int32_t> opencv_type(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::BGR8:
      return 16;  // 8UC3
    case PixelFormat::Z16:
    case PixelFormat::Y16:
      return 2;  // 16UC1
    case PixelFormat::Y8:
      return 0;  // 8UC1
    default:
      return std::nullopt;
  }
}

const Control* find_control(std::int32_t property, const std::vector<Control>& controls) noexcept {
  for (const auto& entry : kControls) {
    if (entry.property != property) continue;
    const auto found = std::find_if(controls.begin(), controls.end(), [&](const Control& control) {
      return control.name == entry.control;
    });
    if (found != controls.end()) return &*found;
  }
  return nullptr;
}

double number_from(const Control& control) noexcept {
  if (const auto* whole = std::get_if<std::int64_t>(&control.value))
    return static_cast<double>(*whole);
  if (const auto* flag = std::get_if<bool>(&control.value)) return *flag ? 1 : 0;
  if (const auto* real = std::get_if<double>(&control.value)) return *real;
  return 0;
}

std::optional<ControlValue> control_value_from(const Control& control, double value) noexcept {
  if (!std::isfinite(value) || std::abs(value) > kLargestWhole) return std::nullopt;
  switch (control.type) {
    case ControlType::Integer:
    case ControlType::Menu:
      return std::int64_t{std::llround(value)};
    case ControlType::Boolean:
      return value != 0;
    case ControlType::Real:
      return value;
    case ControlType::Button:
    case ControlType::Text:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace lenswire::server::rpiasgige
