#include "source/v4l2/v4l2_buffers.hpp"

#include <fmt/format.h>
#include <linux/videodev2.h>

#include <algorithm>
#include <cerrno>

namespace lenswire::source::v4l2 {
namespace {

// One being filled, one waiting, one being copied, one in reserve.
constexpr std::uint32_t kBuffers = 4;

// A hundred years of uptime; more would overflow the nanoseconds.
constexpr std::int64_t kMaxStampSeconds = 3'000'000'000;

// A v4l2_buffer that knows its planes, for either API.
class BufferCall {
 public:
  BufferCall(std::uint32_t type, std::uint32_t index, std::size_t planes) noexcept
      : buffer_(zeroed<v4l2_buffer>()) {
    planes_.fill(zeroed<v4l2_plane>());
    buffer_.type = type;
    buffer_.memory = V4L2_MEMORY_MMAP;
    buffer_.index = index;
    if (multi_planar()) {
      buffer_.m.planes = planes_.data();
      buffer_.length = static_cast<std::uint32_t>(planes);
    }
  }
  BufferCall(const BufferCall&) = delete;
  BufferCall& operator=(const BufferCall&) = delete;

  int make(Device& device, unsigned long request) noexcept {
    return device.ioctl(request, &buffer_);
  }
  [[nodiscard]] const v4l2_buffer& buffer() const noexcept { return buffer_; }
  [[nodiscard]] std::uint32_t length(std::size_t plane) const noexcept {
    return multi_planar() ? planes_[plane].length : buffer_.length;
  }
  [[nodiscard]] std::uint32_t offset(std::size_t plane) const noexcept {
    return multi_planar() ? planes_[plane].m.mem_offset : buffer_.m.offset;
  }
  // What of the plane's mapped memory was filled.
  [[nodiscard]] std::span<const std::byte> filled(
      std::size_t plane, std::span<const std::byte> memory) const noexcept {
    const std::size_t skip = multi_planar() ? planes_[plane].data_offset : 0;
    const std::size_t used = multi_planar() ? planes_[plane].bytesused : buffer_.bytesused;
    const auto end = std::min(used, memory.size());
    return skip < end ? memory.subspan(skip, end - skip) : std::span<const std::byte>{};
  }

 private:
  [[nodiscard]] bool multi_planar() const noexcept {
    return buffer_.type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
  }
  v4l2_buffer buffer_;
  std::array<v4l2_plane, kMaxPlanes> planes_;
};

int request_buffers(Device& device, std::uint32_t type, std::uint32_t& count) noexcept {
  auto request = zeroed<v4l2_requestbuffers>();
  request.type = type;
  request.memory = V4L2_MEMORY_MMAP;
  request.count = count;
  const int error = device.ioctl(VIDIOC_REQBUFS, &request);
  count = request.count;
  return error;
}

}  // namespace

Result<std::unique_ptr<BufferQueue>> BufferQueue::start(const OpenNode& node, std::size_t planes) {
  auto count = kBuffers;
  if (const int error = request_buffers(*node.device, node.capability.buffer_type(), count))
    return fail(node.error("asking for buffers", error));
  std::unique_ptr<BufferQueue> queue(new BufferQueue(node, planes));
  if (count < 2 || count > 32)
    return fail(ErrorCode::Unsupported,
                fmt::format("{} gave {} buffers; 2 to 32 are of use", node.path, count));
  if (auto mapped = queue->map_all(node, count); !mapped) return fail(mapped.error());
  for (std::uint32_t i = 0; i < count; ++i)
    if (const int error = queue->requeue(i)) return fail(node.error("queuing its buffers", error));
  auto type = static_cast<int>(node.capability.buffer_type());
  if (const int error = node.device->ioctl(VIDIOC_STREAMON, &type))
    return fail(node.error("starting the stream", error));
  return queue;
}

Result<void> BufferQueue::map_all(const OpenNode& node, std::uint32_t count) {
  mapped_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    BufferCall call(type_, i, planes_);
    if (const int error = call.make(*device_, VIDIOC_QUERYBUF))
      return fail(node.error("asking for its buffers", error));
    auto& buffer = mapped_.emplace_back();
    for (std::size_t plane = 0; plane < planes_; ++plane) {
      auto* start = device_->map(call.length(plane), call.offset(plane));
      if (start == nullptr) return fail(node.error("mapping its buffers", ENOMEM));
      buffer[plane] = {start, call.length(plane)};
    }
  }
  return {};
}

BufferQueue::~BufferQueue() {
  auto type = static_cast<int>(type_);
  [[maybe_unused]] int ignored = device_->ioctl(VIDIOC_STREAMOFF, &type);
  for (const auto& buffer : mapped_)
    for (const auto& memory : buffer)
      if (!memory.empty()) device_->unmap(memory.data(), memory.size());
  std::uint32_t none = 0;
  ignored = request_buffers(*device_, type_, none);
}

int BufferQueue::dequeue(FilledBuffer& out) noexcept {
  BufferCall call(type_, 0, planes_);
  if (const int error = call.make(*device_, VIDIOC_DQBUF)) return error;
  const auto& buffer = call.buffer();
  if (buffer.index >= mapped_.size()) return EIO;
  out.index = buffer.index;
  out.flags = buffer.flags;
  out.sequence = buffer.sequence;
  const auto seconds = buffer.timestamp.tv_sec;
  const auto micros = buffer.timestamp.tv_usec;
  if (seconds < 0 || seconds > kMaxStampSeconds || micros < 0 || micros > 999'999)
    out.flags &= ~static_cast<std::uint32_t>(V4L2_BUF_FLAG_TIMESTAMP_MASK);  // no clock of ours
  else
    out.stamp = monotonic_from_ns(seconds * 1'000'000'000 + micros * 1'000);
  out.bytes = call.filled(0, mapped_[buffer.index][0]);
  out.chroma =
      planes_ > 1 ? call.filled(1, mapped_[buffer.index][1]) : std::span<const std::byte>{};
  return 0;
}

int BufferQueue::requeue(std::uint32_t index) noexcept {
  BufferCall call(type_, index, planes_);
  return call.make(*device_, VIDIOC_QBUF);
}

}  // namespace lenswire::source::v4l2
