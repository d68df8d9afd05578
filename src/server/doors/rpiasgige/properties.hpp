// properties.hpp - OpenCV's capture properties, as far as a camera of ours has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/control.hpp>
#include <lenswire/source.hpp>

namespace lenswire::server::rpiasgige {

/// The numbers that have a meaning of their own here; OpenCV calls them CAP_PROP_*.
enum Property : std::int32_t {
  kWidth = 3,
  kHeight = 4,
  kRate = 5,
  kFourcc = 6,
  kBufferSize = 38,
};

/// The picture size for a new width (`side` kWidth) or height (kHeight), out of those offered
/// (none: any will do). The other side is the `kept` one, if that is possible; else the one that
/// keeps the proportions of `now`, or comes nearest to that. Nothing where no size has that side.
[[nodiscard]] std::optional<PictureSize> choose_size(Property side, std::uint32_t value,
                                                     PictureSize now,
                                                     std::optional<std::uint32_t> kept,
                                                     const std::vector<PictureSize>& offered);

/// A number of pixels as a property carries it.
[[nodiscard]] std::optional<std::uint32_t> pixels_from(double value) noexcept;

/// A FourCC as a property carries it ("MJPG" = 1196444237.0), where lenswire knows it.
[[nodiscard]] std::optional<PixelFormat> format_from(double value) noexcept;

/// The kind of stream that a camera has in this format.
[[nodiscard]] StreamKind kind_of(PixelFormat format) noexcept;

/// OpenCV's type of a picture in this format; nothing for those that OpenCV can't hold.
[[nodiscard]] std::optional<std::int32_t> opencv_type(PixelFormat format) noexcept;

/// The control behind an OpenCV property, or null. Cameras name their controls in various ways; the
/// first that fits is it.
[[nodiscard]] const Control* find_control(std::int32_t property,
                                          const std::vector<Control>& controls) noexcept;

/// A control's value as a property; texts are 0.
[[nodiscard]] double number_from(const Control& control) noexcept;

/// A property's value for this control, rounded where it takes whole numbers. Nothing where it
/// takes none.
[[nodiscard]] std::optional<ControlValue> control_value_from(const Control& control,
                                                             double value) noexcept;

}  // namespace lenswire::server::rpiasgige
