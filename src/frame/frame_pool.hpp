// frame_pool.hpp - frames whose memory is used again.
#pragma once

#include <memory>

#include <lenswire/frame.hpp>

#include "base/object_pool.hpp"

namespace lenswire::frame {

/// Hands out writable frames; after the first few, without allocating.
///
/// Threading: thread-safe.
class FramePool {
 public:
  explicit FramePool(std::size_t max_idle = 8) : pool_(max_idle) {}

  /// A frame of this profile, all metadata reset. Raw formats get packed rows and data of the right
  /// size (contents undefined); compressed ones get empty data that keeps its capacity.
  [[nodiscard]] std::shared_ptr<Frame> acquire(const StreamProfilePtr& profile);

 private:
  base::ObjectPool<Frame> pool_;
};

}  // namespace lenswire::frame
