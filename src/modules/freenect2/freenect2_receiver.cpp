#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "modules/freenect2/freenect2_source.hpp"

namespace lenswire::freenect2 {
namespace {

using libfreenect2::Frame;

constexpr std::size_t kMaxWaiting = 8;
constexpr Nanoseconds kStampUnit = std::chrono::microseconds(100);

// Depth comes as millimetres, infrared as 0 to 65535; what is not a number within is nothing.
std::uint16_t to_16_bit(float value) noexcept {
  return value > 0 && value < 65535.5F ? static_cast<std::uint16_t>(std::lround(value))
                                       : std::uint16_t{0};
}

void copy_floats(const unsigned char* from, std::span<std::byte> to) {
  for (std::size_t i = 0; i < to.size() / 2; ++i) {
    float value = 0;
    std::memcpy(&value, from + i * sizeof value, sizeof value);
    const auto whole = to_16_bit(value);
    std::memcpy(to.data() + i * 2, &whole, sizeof whole);
  }
}

void copy_colors(const unsigned char* from, bool blue_first, std::span<std::byte> to) {
  for (std::size_t i = 0; i < to.size() / 3; ++i) {
    const auto* pixel = from + i * 4;
    to[i * 3] = static_cast<std::byte>(pixel[blue_first ? 2 : 0]);
    to[i * 3 + 1] = static_cast<std::byte>(pixel[1]);
    to[i * 3 + 2] = static_cast<std::byte>(pixel[blue_first ? 0 : 2]);
  }
}

}  // namespace

Receiver::Stream* Receiver::stream_of(Frame::Type type) noexcept {
  switch (type) {
    case Frame::Depth:
      return &depth_;
    case Frame::Color:
      return &color_;
    case Frame::Ir:
      return &infrared_;
  }
  return nullptr;
}

void Receiver::expect(Frame::Type type, StreamProfilePtr profile) {
  base::MutexLock lock(mutex_);
  if (auto* stream = stream_of(type)) stream->profile = std::move(profile);
}

bool Receiver::onNewFrame(Frame::Type type, Frame* frame) {
  auto* stream = stream_of(type);
  if (stream == nullptr || frame == nullptr) return false;
  StreamProfilePtr profile;
  {
    base::MutexLock lock(mutex_);
    profile = stream->profile;
  }
  if (!profile) return false;
  auto converted = convert(*stream, profile, *frame);
  base::MutexLock lock(mutex_);
  frames_.push_back(std::move(converted));
  // The oldest goes; its number shows the gap.
  if (frames_.size() > kMaxWaiting) frames_.pop_front();
  changed_.notify_one();
  return false;  // it stays the library's
}

Result<FramePtr> Receiver::convert(Stream& stream, const StreamProfilePtr& profile,
                                   const Frame& from) {
  auto to = pool_.acquire(profile);
  to->arrival_time = clock_.now();
  to->sequence = stream.numbers.next(from.sequence);
  const bool is_color = profile->kind == StreamKind::Color;
  const bool fits = from.data != nullptr && from.status == 0 && from.bytes_per_pixel == 4 &&
                    from.width == profile->width && from.height == profile->height &&
                    (!is_color || from.format == Frame::BGRX || from.format == Frame::RGBX);
  if (!fits)
    return fail(
        ErrorCode::Truncated,
        fmt::format("{}: a damaged frame (status {}, {}x{}, {} bytes a pixel)", profile->stream,
                    from.status, from.width, from.height, from.bytes_per_pixel));
  if (is_color)
    copy_colors(from.data, from.format == Frame::BGRX, to->data);
  else
    copy_floats(from.data, to->data);
  if (is_color && from.exposure > 0 && from.exposure < 1000)
    to->conditions.exposure = std::chrono::microseconds(std::lround(from.exposure * 1000));

  // A counter of 32 bits and of about 0.1 ms; when in the frame it is taken nobody says.
  if (stream.last_stamp)
    stream.device_stamp += static_cast<std::uint32_t>(from.timestamp - *stream.last_stamp);
  stream.last_stamp = from.timestamp;
  const Nanoseconds device = kStampUnit * stream.device_stamp;
  const auto frame_time = Nanoseconds(std::chrono::seconds(1)) / 30;
  to->device_time_ns = device.count();
  to->domain = TimestampDomain::Device;
  to->capture_time =
      std::min(stream.clock.map(device, to->arrival_time), to->arrival_time) - frame_time / 2;
  to->capture_uncertainty = frame_time;
  return to;
}

Result<FramePtr> Receiver::next(Nanoseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  base::MutexLock lock(mutex_);
  while (frames_.empty() && std::chrono::steady_clock::now() < deadline)
    changed_.wait_until(mutex_, deadline);
  if (frames_.empty()) return FramePtr();
  auto out = std::move(frames_.front());
  frames_.pop_front();
  return out;
}

}  // namespace lenswire::freenect2
