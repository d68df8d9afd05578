// v4l2_buffers.hpp - the memory-mapped buffers that driver and program pass to and fro.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "source/v4l2/v4l2_node.hpp"

namespace lenswire::source::v4l2 {

/// One filled buffer; its bytes are valid until it is queued again.
struct FilledBuffer {
  std::uint32_t index = 0;
  std::uint32_t flags = 0;  ///< V4L2_BUF_FLAG_...
  std::uint32_t sequence = 0;
  MonotonicTime stamp{};
  std::span<const std::byte> bytes;
};

/// A running capture stream. The destructor stops it and frees the buffers.
///
/// Threading: thread-bound to the capturing thread.
class BufferQueue {
 public:
  /// Allocates, maps and queues buffers, and starts the stream.
  /// Errors: Busy (in use, no USB bandwidth, no memory), Disconnected, Unsupported.
  static Result<std::unique_ptr<BufferQueue>> start(const OpenNode& node);
  ~BufferQueue();
  BufferQueue(const BufferQueue&) = delete;
  BufferQueue& operator=(const BufferQueue&) = delete;

  /// 0 or an errno value; EAGAIN when no buffer is filled.
  [[nodiscard]] int dequeue(FilledBuffer& out) noexcept;
  [[nodiscard]] int requeue(std::uint32_t index) noexcept;

 private:
  explicit BufferQueue(const OpenNode& node) noexcept
      : device_(node.device), type_(node.capability.buffer_type()) {}
  Result<void> map_all(const OpenNode& node, std::uint32_t count);

  std::shared_ptr<Device> device_;
  std::uint32_t type_;
  std::vector<std::span<std::byte>> mapped_;
};

}  // namespace lenswire::source::v4l2
