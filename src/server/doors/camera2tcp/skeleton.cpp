#include "server/doors/camera2tcp/skeleton.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <optional>

#include <nlohmann/json.hpp>

#include "wire/camera2tcp/message.hpp"

namespace lenswire::server::camera2tcp {
namespace {

using Joint = std::array<float, 3>;

std::optional<Joint> joint_at(const frame::ImageView& picture, std::uint32_t body,
                              std::uint32_t joint) noexcept {
  Joint at{};
  std::memcpy(at.data(),
              picture.data.data() + std::size_t{body} * picture.stride_bytes + joint * sizeof at,
              sizeof at);
  for (const auto coordinate : at)
    if (!std::isfinite(coordinate)) return std::nullopt;
  return at;
}

}  // namespace

bool is_skeleton(const frame::ImageView& picture) noexcept {
  return picture.format == PixelFormat::XYZ32F && picture.complete();
}

std::string_view status_word(const frame::ImageView& picture) noexcept {
  if (!is_skeleton(picture)) return wire::camera2tcp::kNoBodies;
  for (std::uint32_t body = 0; body < picture.height; ++body)
    for (std::uint32_t joint = 0; joint < picture.width; ++joint)
      if (joint_at(picture, body, joint)) return wire::camera2tcp::kOnTrack;
  return wire::camera2tcp::kNoTrackedBodies;
}

std::string bodies_json(const frame::ImageView& picture) {
  if (!is_skeleton(picture)) return std::string(wire::camera2tcp::kNoBodies);
  auto bodies = nlohmann::json::array();
  for (std::uint32_t body = 0; body < picture.height; ++body) {
    auto joints = nlohmann::json::array();
    for (std::uint32_t joint = 0; joint < picture.width; ++joint) {
      const auto at = joint_at(picture, body, joint);
      joints.push_back(at ? nlohmann::json(*at) : nlohmann::json(nullptr));
    }
    bodies.push_back({{"joints", std::move(joints)}});
  }
  return nlohmann::json{{"bodies", std::move(bodies)}}.dump() + "\n";
}

}  // namespace lenswire::server::camera2tcp
