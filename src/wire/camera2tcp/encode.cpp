#include "wire/camera2tcp/encode.hpp"

#include <fmt/format.h>

namespace lenswire::wire::camera2tcp {

std::string geometry_answer(Service service, const Geometry& geometry) {
  if (service == Service::KinectSkeleton) return fmt::format("{}", kMaxBodies);
  if (service == Service::KinectDepth)
    return fmt::format("{},{},{}", geometry.columns, geometry.rows, geometry.channels);
  return fmt::format("{},{},{}", geometry.rows, geometry.columns, geometry.channels);
}

}  // namespace lenswire::wire::camera2tcp
