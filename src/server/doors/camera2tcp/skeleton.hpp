// skeleton.hpp - bodies for KinectSkeleton.
#pragma once

#include <string>
#include <string_view>

#include "frame/image.hpp"

namespace lenswire::server::camera2tcp {

/// A skeleton picture is XYZ32F: a row for each body, a column for each joint, in metres in the
/// camera's frame; NaN = this joint is not seen.
[[nodiscard]] bool is_skeleton(const frame::ImageView& picture) noexcept;

/// The original's word for it: `no bodies` without a row, `no tracked bodies` where no joint is
/// seen, else `on track`. What is no skeleton has no bodies.
[[nodiscard]] std::string_view status_word(const frame::ImageView& picture) noexcept;

/// One line: {"bodies":[{"joints":[[x,y,z],null,...]},...]} and a newline; without any body the
/// original's word.
[[nodiscard]] std::string bodies_json(const frame::ImageView& picture);

}  // namespace lenswire::server::camera2tcp
