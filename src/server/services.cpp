#include "server/services.hpp"

#include <fmt/format.h>

namespace lenswire::server {

Result<Camera*> Services::camera(std::string_view camera_name) const {
  std::vector<std::string> names;
  for (const auto& camera : cameras) {
    if (camera->name() == camera_name) return camera.get();
    names.push_back(camera->name());
  }
  return fail(ErrorCode::NotFound,
              fmt::format("no camera '{}' here; there is: {}", camera_name,
                          names.empty() ? "none (start the server with --camera NAME=URI)"
                                        : fmt::format("{}", fmt::join(names, ", "))));
}

}  // namespace lenswire::server
