#include "server/doors/camera2tcp/kinect_bodies.hpp"

#include <algorithm>

#include <lenswire/skeleton.hpp>
#include <nlohmann/json.hpp>

#include "wire/camera2tcp/message.hpp"

namespace lenswire::server::camera2tcp {
namespace {

bool shows_a_joint(const Person& person) noexcept {
  return std::any_of(person.joints.begin(), person.joints.end(),
                     [](const Joint& joint) { return joint.seen(); });
}

// Nobody where the bytes are no skeleton.
Skeleton bodies_of(std::span<const std::byte> bytes) {
  Skeleton skeleton;
  if (!decode_skeleton(bytes, skeleton)) return {};
  if (skeleton.persons.size() > kMaxBodies) skeleton.persons.resize(kMaxBodies);
  return skeleton;
}

}  // namespace

std::string_view status_word(std::span<const std::byte> skeleton) {
  const auto bodies = bodies_of(skeleton);
  if (bodies.persons.empty()) return wire::camera2tcp::kNoBodies;
  return std::any_of(bodies.persons.begin(), bodies.persons.end(), shows_a_joint)
             ? wire::camera2tcp::kOnTrack
             : wire::camera2tcp::kNoTrackedBodies;
}

std::string bodies_json(std::span<const std::byte> skeleton) {
  const auto found = bodies_of(skeleton);
  if (found.persons.empty()) return std::string(wire::camera2tcp::kNoBodies);
  auto bodies = nlohmann::json::array();
  for (const auto& person : found.persons) {
    auto joints = nlohmann::json::array();
    for (const auto& [tracking, joint] : kinect_joints(person)) {
      const auto& at = joint.position;
      if (at.known())
        joints.push_back({at.x_m, at.y_m, at.z_m});
      else
        joints.push_back(nullptr);
    }
    bodies.push_back({{"id", person.id}, {"joints", std::move(joints)}});
  }
  return nlohmann::json{{"bodies", std::move(bodies)}}.dump() + "\n";
}

}  // namespace lenswire::server::camera2tcp
