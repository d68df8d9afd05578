#include <lenswire/stream_profile.hpp>

#include <bit>

namespace lenswire {
namespace {

class Fnv1a {
 public:
  void add(std::uint64_t value) noexcept {
    for (int i = 0; i < 8; ++i) {
      hash_ ^= (value >> (8 * i)) & 0xff;
      hash_ *= 0x100000001b3ULL;
    }
  }
  void add(double value) noexcept { add(std::bit_cast<std::uint64_t>(value)); }
  [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace

std::string_view to_string(StreamKind kind) noexcept {
  switch (kind) {
    case StreamKind::Color:
      return "color";
    case StreamKind::Depth:
      return "depth";
    case StreamKind::Infrared:
      return "infrared";
    case StreamKind::Points:
      return "points";
    case StreamKind::Skeleton:
      return "skeleton";
    case StreamKind::Motion:
      return "motion";
  }
  return "color";
}

std::uint64_t calibration_version(const StreamProfile& profile) noexcept {
  if (!profile.intrinsics && !profile.reference_from_stream) return 0;
  Fnv1a hash;
  hash.add(profile.depth_unit_m);
  if (const auto& camera = profile.intrinsics) {
    hash.add(std::uint64_t{camera->width});
    hash.add(std::uint64_t{camera->height});
    for (const double value : {camera->fx, camera->fy, camera->cx, camera->cy}) hash.add(value);
    hash.add(static_cast<std::uint64_t>(camera->model));
    for (const double value : camera->distortion) hash.add(value);
  }
  if (const auto& pose = profile.reference_from_stream) {
    for (const double value : pose->rotation) hash.add(value);
    for (const double value : pose->translation_m) hash.add(value);
  }
  return hash.value();
}

}  // namespace lenswire
