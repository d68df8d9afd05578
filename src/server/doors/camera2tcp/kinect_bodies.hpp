// kinect_bodies.hpp - bodies for KinectSkeleton.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lenswire::server::camera2tcp {

/// As many as a Kinect v2 tells apart, and as the service announces.
inline constexpr std::size_t kMaxBodies = 6;

/// The original's word for a frame of a skeleton stream: `no bodies` without a person, `no tracked
/// bodies` where no joint is seen, else `on track`. What is no skeleton has no bodies.
[[nodiscard]] std::string_view status_word(std::span<const std::byte> skeleton);

/// One line: {"bodies":[{"id":1,"joints":[[x,y,z],null,...]},...]} and a newline, the joints being
/// a Kinect v2's 25 in its order, in metres; without anybody the original's word.
[[nodiscard]] std::string bodies_json(std::span<const std::byte> skeleton);

}  // namespace lenswire::server::camera2tcp
