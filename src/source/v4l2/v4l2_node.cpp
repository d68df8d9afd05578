#include "source/v4l2/v4l2_node.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/videodev2.h>

#include <cerrno>
#include <system_error>

namespace lenswire::source::v4l2 {
namespace {

std::string errno_text(int number) { return std::generic_category().message(number); }

Error not_found(const std::string& place, const std::vector<CameraNode>& cameras) {
  if (cameras.empty())
    return {ErrorCode::NotFound,
            fmt::format("no camera at {}, and no capture node at all: is one plugged in?", place)};
  std::vector<std::string> names;
  for (const auto& camera : cameras)
    names.push_back(camera.problem.empty()
                        ? fmt::format("{} ({} at {})", camera.path, camera.capability.card,
                                      camera.capability.bus)
                        : camera.path);
  return {ErrorCode::NotFound,
          fmt::format("no camera at {}; there are: {}", place, fmt::join(names, ", "))};
}

// Empty for a bus position.
std::string file_of(const std::string& place) {
  if (place.starts_with('/')) return place;
  if (place.starts_with("by-id/") || place.starts_with("by-path/"))
    return std::string(kLinkFolder) + place;
  return {};
}

Capability capability_of(const v4l2_capability& raw) {
  const auto flags =
      (raw.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? raw.device_caps : raw.capabilities;
  Capability capability;
  capability.driver = text_of(raw.driver);
  capability.card = text_of(raw.card);
  capability.bus = text_of(raw.bus_info);
  capability.captures = (flags & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE)) != 0 &&
                        (flags & V4L2_CAP_STREAMING) != 0;
  capability.multi_planar = (flags & V4L2_CAP_VIDEO_CAPTURE) == 0;
  return capability;
}

}  // namespace

std::uint32_t Capability::buffer_type() const noexcept {
  return multi_planar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

Error describe_failure(System& system, const std::string& path, std::string_view doing,
                       int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return not_found(path, NodeTable(system).cameras());
    case ENODEV:
    case ENXIO:
      return {ErrorCode::Disconnected, fmt::format("{} was unplugged ({})", path, doing)};
    case EBUSY: {
      const auto holder = system.holder(path);
      return {ErrorCode::Busy,
              holder.empty()
                  ? fmt::format("{} is in use by another program; `sudo fuser -v {}` names it",
                                path, path)
                  : fmt::format("{} is in use by {}; end that first", path, holder)};
    }
    case EACCES:
    case EPERM:
      return {ErrorCode::PermissionDenied,
              fmt::format("no permission for {}; add the user to the group video (`sudo usermod "
                          "-aG video NAME`) and log in again",
                          path)};
    case ENOSPC:
      return {ErrorCode::Busy,
              fmt::format("not enough USB bandwidth for {}; use format=mjpeg, a smaller size or a "
                          "lower fps, or plug the camera into another USB controller",
                          path)};
    case ENOMEM:
      return {ErrorCode::Busy,
              fmt::format("no memory for the buffers of {}; use a smaller size", path)};
    case ENOTTY:
      return {
          ErrorCode::Unsupported,
          fmt::format("{} is not a video capture device; `lenswire ls --local` lists those", path)};
    case EIO:
    case EPROTO:
    case ETIMEDOUT:
      return {ErrorCode::Timeout,
              fmt::format("{} does not answer while {} ({}); plug it in again if that lasts", path,
                          doing, errno_text(number))};
    default:
      return {ErrorCode::Unsupported,
              fmt::format("{} failed while {}: {}", path, doing, errno_text(number))};
  }
}

Error OpenNode::error(std::string_view doing, int number) const {
  return describe_failure(*system, path, doing, number);
}

bool OpenNode::alive() const {
  auto raw = zeroed<v4l2_capability>();
  return system->node(path) && device->ioctl(VIDIOC_QUERYCAP, &raw) == 0;
}

Result<OpenNode> open_node(System& system, const std::string& path) {
  auto opened = system.open(path);
  if (!opened.device) {
    // A node without its device is what a removed camera leaves for a moment.
    if (opened.error == ENODEV || opened.error == ENXIO)
      return fail(ErrorCode::NotFound, fmt::format("{} is there, but its camera is not", path));
    return fail(describe_failure(system, path, "opening it", opened.error));
  }
  auto raw = zeroed<v4l2_capability>();
  if (const int number = opened.device->ioctl(VIDIOC_QUERYCAP, &raw))
    return fail(describe_failure(system, path, "asking what it is", number));
  auto capability = capability_of(raw);
  if (!capability.captures)
    return fail(ErrorCode::Unsupported,
                fmt::format("{} ({}) is not a camera: it can't capture frames; `lenswire ls "
                            "--local` lists the nodes that can",
                            path, capability.card));
  return OpenNode{&system, path, std::move(opened.device), std::move(capability)};
}

std::vector<CameraNode> NodeTable::cameras() {
  std::map<std::string, Capability> now;
  std::vector<CameraNode> found;
  for (const auto& file : system_->nodes()) {
    const auto key = file.path + ' ' + file.identity;
    auto known = seen_.find(key);
    if (known == seen_.end()) {
      auto opened = system_->open(file.path);
      auto raw = zeroed<v4l2_capability>();
      int number = opened.error;
      if (opened.device) number = opened.device->ioctl(VIDIOC_QUERYCAP, &raw);
      if (number == ENODEV || number == ENXIO || number == ENOENT) continue;
      if (number != 0) {
        found.push_back(
            {file.path,
             {},
             number == EACCES ? "no permission; join the group video" : errno_text(number)});
        continue;
      }
      known = seen_.emplace(key, capability_of(raw)).first;
    }
    if (known->second.captures) found.push_back({file.path, known->second, {}});
    now.insert(*known);
  }
  seen_ = std::move(now);
  return found;
}

Result<std::string> NodeTable::locate(const std::string& place, std::size_t index) {
  if (const auto file = file_of(place); !file.empty()) {
    if (system_->node(file)) return file;
    return fail(not_found(file, cameras()));
  }
  const auto all = cameras();
  std::size_t at = 0;
  for (const auto& camera : all)
    if (camera.problem.empty() && camera.capability.bus == place && at++ == index)
      return camera.path;
  return fail(not_found(index == 0 ? place : fmt::format("{} (index {})", place, index), all));
}

}  // namespace lenswire::source::v4l2
