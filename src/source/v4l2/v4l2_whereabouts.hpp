// v4l2_whereabouts.hpp - at which node a camera is now, also after it came back under another one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <lenswire/result.hpp>

#include "source/v4l2/v4l2_node.hpp"

namespace lenswire::source::v4l2 {

/// How long a camera may be away before another one of its kind may take its place.
inline constexpr Nanoseconds kPlaceHeld = std::chrono::seconds(10);

/// Follows one camera over nodes.
///
/// A bus position and udev's names need no memory. "/dev/video0" means whatever is there at first;
/// from then on, as long as the process runs, it means that very camera wherever it comes back, and
/// not another one that happened to get its number.
///
/// Threading: thread-bound.
class Whereabouts {
 public:
  Whereabouts(System& system, std::string place, std::size_t index)
      : system_(system), nodes_(system), place_(std::move(place)), index_(index) {}

  /// The node's path.
  /// Errors: NotFound, naming the cameras there are.
  Result<std::string> locate(MonotonicTime now);

  /// It was opened: this is the camera to follow.
  void found(const OpenNode& node);

 private:
  Result<std::string> follow(const KnownCamera& known, MonotonicTime now);

  System& system_;
  NodeTable nodes_;
  const std::string place_;
  const std::size_t index_;
  std::optional<MonotonicTime> missed_since_;
};

}  // namespace lenswire::source::v4l2
