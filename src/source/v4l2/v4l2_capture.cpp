#include "source/v4l2/v4l2_capture.hpp"

#include <fmt/format.h>
#include <linux/videodev2.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "source/v4l2/jpeg_extent.hpp"

namespace lenswire::source::v4l2 {
namespace {

// How long a removed camera may go unnoticed when its driver wakes nobody.
constexpr Nanoseconds kCheckInterval = std::chrono::milliseconds(500);
constexpr int kMaxErrorsInARow = 10;
constexpr Nanoseconds kUnknownFrameTime = std::chrono::milliseconds(33);

// What so many rows take in memory; the last one need not be padded.
std::size_t bytes_of_rows(std::size_t rows, std::uint32_t stride, std::uint32_t packed) noexcept {
  return rows == 0 ? 0 : (rows - 1) * stride + packed;
}

void copy_rows(std::span<const std::byte> from, std::uint32_t from_stride, std::span<std::byte> to,
               std::uint32_t to_stride) noexcept {
  if (from_stride == to_stride) {
    std::memcpy(to.data(), from.data(), to.size());
    return;
  }
  for (std::size_t row = 0; row < to.size() / to_stride; ++row)
    std::memcpy(to.data() + row * to_stride, from.data() + row * from_stride, to_stride);
}

}  // namespace

Capture::Capture(Uses uses, BufferQueue& queue, const Negotiated& format, StreamProfilePtr profile,
                 std::vector<ControlEntry> controls)
    : uses_(uses),
      queue_(queue),
      format_(format),
      profile_(std::move(profile)),
      controls_(std::move(controls)),
      is_uvc_(uses.node.capability.driver == "uvcvideo"),
      frame_time_(format.rate_hz > 0 ? Nanoseconds(static_cast<std::int64_t>(1e9 / format.rate_hz))
                                     : kUnknownFrameTime) {
  uses_.numbers.restart();
}

Result<CaptureEnd> Capture::run(const base::StopToken& stop) {
  while (!stop.stop_requested()) {
    const auto ready = uses_.node.device->poll(stop.poll_fd(), kCheckInterval);
    if (ready.stop) break;
    if (ready.frame || ready.error) {
      if (auto taken = take_frame(ready.error); !taken) return fail(taken.error());
    } else if (!ready.event && !uses_.node.alive()) {
      return fail(uses_.node.error("waiting for a frame", ENODEV));
    }
    if (ready.event && handle_events()) return CaptureEnd::FormatLost;
  }
  return CaptureEnd::Stopped;
}

Result<void> Capture::take_frame(bool poll_error) {
  FilledBuffer filled;
  const int error = queue_.dequeue(filled);
  if (error == ENODEV || error == ENXIO || (error != 0 && !uses_.node.alive()))
    return fail(uses_.node.error("waiting for a frame", ENODEV));
  if (error == EAGAIN && !poll_error) return {};
  if (error == EIO && !poll_error && ++errors_in_a_row_ < kMaxErrorsInARow) {
    trouble(ErrorCode::Timeout, "lost a frame (I/O error)");
    return {};
  }
  if (error != 0)
    return fail(
        ErrorCode::Timeout,
        fmt::format("{} stopped streaming ({}); if that repeats, try another cable or port",
                    uses_.node.path,
                    error == EAGAIN ? "its driver reports an error" : std::strerror(error)));
  errors_in_a_row_ = 0;

  const auto arrival = uses_.clock.now();
  const auto sequence = uses_.numbers.next(filled.sequence);
  auto frame = copy_out(filled);
  if (frame) stamp(*frame, filled, arrival);
  // Back to the driver before anybody looks at the copy, and whatever became of it.
  const int requeued = queue_.requeue(filled.index);
  if (frame) {
    frame->sequence = sequence;
    if (format_.rate_hz <= 0 && last_ && sequence > last_->first)
      frame_time_ = (arrival - last_->second) / static_cast<std::int64_t>(sequence - last_->first);
    last_ = {sequence, arrival};
    uses_.sink.frame(std::move(frame));
  }
  if (requeued != 0) {
    if (!uses_.node.alive()) return fail(uses_.node.error("returning a buffer", ENODEV));
    return fail(uses_.node.error("returning a buffer", requeued));
  }
  return {};
}

std::shared_ptr<Frame> Capture::copy_out(const FilledBuffer& filled) {
  if ((filled.flags & V4L2_BUF_FLAG_ERROR) != 0) {
    trouble(ErrorCode::Truncated, "marked a frame as damaged; a bad cable or hub does that");
    return nullptr;
  }
  if (filled.bytes.empty()) {
    trouble(ErrorCode::Truncated, "gave an empty frame");
    return nullptr;
  }
  if (is_compressed(format_.format)) {
    const auto extent = jpeg_extent(filled.bytes, format_.size.width, format_.size.height);
    if (!extent) {
      trouble(ErrorCode::Truncated,
              fmt::format("gave {} bytes that are no whole {}x{} JPEG", filled.bytes.size(),
                          format_.size.width, format_.size.height));
      return nullptr;
    }
    auto frame = uses_.pool.acquire(profile_);
    const auto picture = filled.bytes.first(*extent);
    frame->data.assign(picture.begin(), picture.end());
    return frame;
  }
  const auto packed = packed_stride(format_.format, format_.size.width);
  const bool split = format_.chroma_stride_bytes > 0;
  const std::size_t rows = frame_bytes(format_.format, packed, format_.size.height) / packed;
  const std::size_t first_rows = split ? format_.size.height : rows;
  const auto needed = bytes_of_rows(first_rows, format_.stride_bytes, packed);
  const auto chroma_needed = bytes_of_rows(rows - first_rows, format_.chroma_stride_bytes, packed);
  if (filled.bytes.size() < needed || filled.chroma.size() < chroma_needed) {
    trouble(ErrorCode::Truncated,
            fmt::format("gave a short frame: {} of {} bytes",
                        filled.bytes.size() + filled.chroma.size(), needed + chroma_needed));
    return nullptr;
  }
  auto frame = uses_.pool.acquire(profile_);
  const std::span<std::byte> out(frame->data);
  copy_rows(filled.bytes, format_.stride_bytes, out.first(first_rows * packed), packed);
  if (split)
    copy_rows(filled.chroma, format_.chroma_stride_bytes, out.subspan(first_rows * packed), packed);
  return frame;
}

void Capture::stamp(Frame& frame, const FilledBuffer& filled, MonotonicTime arrival) {
  const auto stamp =
      capture_stamp(filled.stamp, stamp_meaning(filled.flags, is_uvc_), frame_time_, arrival);
  frame.capture_time = stamp.time;
  frame.capture_uncertainty = stamp.uncertainty;
  frame.domain = stamp.domain;
  frame.arrival_time = arrival;
}

bool Capture::handle_events() {
  const auto changes = take_events(uses_.node);
  if (changes.source) return true;
  if (changes.control_ids.empty()) return false;
  std::vector<Control> changed;
  for (auto& entry : controls_) {
    if (std::find(changes.control_ids.begin(), changes.control_ids.end(), entry.id) ==
        changes.control_ids.end())
      continue;
    refresh(uses_.node, entry);
    changed.push_back(entry.control);
  }
  if (!changed.empty()) uses_.sink.controls_changed(std::move(changed));
  return false;
}

void Capture::trouble(ErrorCode code, std::string what) {
  uses_.sink.trouble({code, fmt::format("{} {}", uses_.node.path, what)});
}

}  // namespace lenswire::source::v4l2
