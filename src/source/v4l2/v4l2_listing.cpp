#include "source/v4l2/v4l2_listing.hpp"

#include <fmt/format.h>

#include <map>

#include "source/v4l2/v4l2_controls.hpp"

namespace lenswire::source::v4l2 {
namespace {

constexpr std::uint32_t kBigEndian = std::uint32_t{1} << 31;

void look_at(System& system, CameraListing& camera, const std::string& path) {
  const auto node = open_node(system, path);
  if (!node) {
    camera.problem = node.error().message;
    return;
  }
  camera.formats = list_formats(*node, SizesOf::AllFormats);
  if (auto controls = read_controls(*node))
    camera.controls = std::move(*controls);
  else
    camera.problem = controls.error().message;
}

}  // namespace

std::string fourcc_text(std::uint32_t code) {
  std::string text;
  for (int byte = 0; byte < 4; ++byte) {
    const auto c = static_cast<char>((code & ~kBigEndian) >> (8 * byte) & 0xff);
    text.push_back(c >= ' ' && c <= '~' ? c : '?');
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return (code & kBigEndian) != 0 ? text + "-BE" : text;
}

std::vector<CameraListing> list_cameras(System& system) {
  std::vector<CameraListing> found;
  std::map<std::string, int> at_position;  // capture nodes seen there so far
  for (const auto& node : NodeTable(system).cameras()) {
    auto& camera = found.emplace_back();
    camera.uris.push_back("v4l2:" + node.path);
    for (const auto& link : system.links(node.path)) camera.uris.push_back("v4l2:" + link);
    camera.serial = system.serial(node.path);
    camera.capability = node.capability;
    if (node.problem.empty()) {
      const int index = at_position[node.capability.bus]++;
      auto uri = "v4l2:" + node.capability.bus;
      if (index > 0) uri += fmt::format("?index={}", index);
      camera.uris.push_back(std::move(uri));
    }
    look_at(system, camera, node.path);
  }
  return found;
}

}  // namespace lenswire::source::v4l2
