// encode.hpp - answers of a Camera2TCP server.
#pragma once

#include <string>

#include "wire/camera2tcp/message.hpp"

namespace lenswire::wire::camera2tcp {

/// `rows,columns,channels`, or for KinectDepth `columns,rows,channels`, or the number of bodies for
/// KinectSkeleton: digits and commas only, because clients call int() on each part.
[[nodiscard]] std::string geometry_answer(Service service, const Geometry& geometry);

}  // namespace lenswire::wire::camera2tcp
