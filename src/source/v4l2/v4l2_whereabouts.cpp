#include "source/v4l2/v4l2_whereabouts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lenswire::source::v4l2 {

Result<std::string> Whereabouts::locate(MonotonicTime now) {
  const auto known = system_.known().find(place_);
  if (!known) return nodes_.locate(place_, index_);
  const auto file = system_.node(known->file.path);
  if (!file || file->identity != known->file.identity) return follow(*known, now);
  missed_since_.reset();
  return file->path;
}

Result<std::string> Whereabouts::follow(const KnownCamera& known, MonotonicTime now) {
  const auto cameras = nodes_.cameras();
  const auto alike = [&](const CameraNode& camera) {
    return camera.problem.empty() && camera.capability.card == known.card &&
           system_.index(camera.path) == known.index;
  };
  // The number is the maker's, the position the user's; a camera that has both is the same by the
  // first.
  const CameraNode* best = nullptr;
  for (const auto& camera : cameras) {
    if (!alike(camera)) continue;
    const auto serial = system_.serial(camera.path);
    if (!known.serial.empty() && serial == known.serial) {
      best = &camera;
      if (camera.capability.bus == known.bus) break;
    } else if (!best && serial == known.serial && camera.capability.bus == known.bus) {
      best = &camera;
    }
  }
  if (best) {
    missed_since_.reset();
    return best->path;
  }
  if (!missed_since_) missed_since_ = now;

  const auto there = std::find_if(cameras.begin(), cameras.end(),
                                  [&](const CameraNode& camera) { return camera.path == place_; });
  if (there == cameras.end() || !there->problem.empty()) return nodes_.locate(place_, index_);
  // One like it, without a number that tells them apart, in another socket: perhaps it was moved,
  // perhaps its twin was quicker to come back.
  const bool may_be_it = alike(*there) && system_.serial(there->path) == known.serial;
  if (may_be_it && now >= *missed_since_ + kPlaceHeld) return there->path;
  return fail(
      ErrorCode::NotFound,
      fmt::format("{} was {} at {}, which is not plugged in; now {} at {} has that name; "
                  "restart the server to take it, or name cameras by position or by-id as "
                  "`lenswire ls --local` shows",
                  place_, known.card, known.bus, there->capability.card, there->capability.bus));
}

void Whereabouts::found(const OpenNode& node) {
  missed_since_.reset();
  // Other names follow by themselves.
  if (!place_.starts_with("/dev/video")) return;
  auto file = system_.node(node.path);
  if (!file) return;
  system_.known().remember(place_, {std::move(*file), node.capability.card, node.capability.bus,
                                    system_.serial(node.path), system_.index(node.path)});
}

}  // namespace lenswire::source::v4l2
