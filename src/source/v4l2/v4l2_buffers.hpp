// v4l2_buffers.hpp - the memory-mapped buffers that driver and program pass to and fro.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "source/v4l2/v4l2_node.hpp"

namespace lenswire::source::v4l2 {

/// Pieces of memory that one picture may be spread over.
inline constexpr std::size_t kMaxPlanes = 2;

/// One filled buffer; its bytes are valid until it is queued again.
struct FilledBuffer {
  std::uint32_t index = 0;
  std::uint32_t flags = 0;  ///< V4L2_BUF_FLAG_...
  std::uint32_t sequence = 0;
  MonotonicTime stamp{};
  std::span<const std::byte> bytes;   ///< the first plane, or all there is
  std::span<const std::byte> chroma;  ///< the second plane of NV12M
};

/// A running capture stream. The destructor stops it and frees the buffers.
///
/// Threading: thread-bound to the capturing thread.
class BufferQueue {
 public:
  /// Allocates, maps and queues buffers of so many planes each, and starts the stream.
  /// Errors: Busy (in use, no USB bandwidth, no memory), Disconnected, Unsupported.
  static Result<std::unique_ptr<BufferQueue>> start(const OpenNode& node, std::size_t planes = 1);
  ~BufferQueue();
  BufferQueue(const BufferQueue&) = delete;
  BufferQueue& operator=(const BufferQueue&) = delete;

  /// 0 or an errno value; EAGAIN when no buffer is filled.
  [[nodiscard]] int dequeue(FilledBuffer& out) noexcept;
  [[nodiscard]] int requeue(std::uint32_t index) noexcept;

 private:
  using Planes = std::array<std::span<std::byte>, kMaxPlanes>;

  BufferQueue(const OpenNode& node, std::size_t planes) noexcept
      : device_(node.device), type_(node.capability.buffer_type()), planes_(planes) {}
  Result<void> map_all(const OpenNode& node, std::uint32_t count);

  std::shared_ptr<Device> device_;
  std::uint32_t type_;
  std::size_t planes_;
  std::vector<Planes> mapped_;
};

}  // namespace lenswire::source::v4l2
