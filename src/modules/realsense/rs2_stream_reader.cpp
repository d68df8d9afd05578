#include "modules/realsense/rs2_stream_reader.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

namespace lenswire::realsense {
namespace {

constexpr std::size_t kMotionBytes = 3 * sizeof(float);
// The library fits its global time to answers over USB, which take a millisecond or two.
constexpr Nanoseconds kGlobalTimeUncertainty = std::chrono::milliseconds(2);
constexpr Nanoseconds kOldestPlausible = std::chrono::seconds(10);

std::optional<std::uint32_t> to_u32(std::optional<std::int64_t> value) noexcept {
  if (!value || *value < 0 || *value > 0xFFFFFFFF) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

Nanoseconds frame_time_of(const StreamProfile& profile) noexcept {
  return Nanoseconds(static_cast<std::int64_t>(1e9 / (profile.rate_hz > 0 ? profile.rate_hz : 30)));
}

}  // namespace

StreamReader::StreamReader(const Library& library, const base::Clock& clock, frame::FramePool& pool,
                           StreamProfilePtr profile)
    : library_(library),
      clock_(clock),
      pool_(pool),
      profile_(std::move(profile)),
      frame_time_(frame_time_of(*profile_)) {}

Result<FramePtr> StreamReader::read(const rs2_frame* from) {
  auto frame = pool_.acquire(profile_);
  frame->arrival_time = clock_.now();
  if (const auto copied = copy_pixels(from, *frame); !copied) return fail(copied.error());
  const auto number = library_.call(&Api::get_frame_number, from);
  if (!number) return fail(number.error());
  frame->sequence = numbers_.next(*number);
  const auto stamps = read_stamps(from);
  if (!stamps) return fail(stamps.error());
  read_conditions(from, *frame);
  stamp(*stamps, *frame);
  return frame;
}

Result<void> StreamReader::copy_pixels(const rs2_frame* from, Frame& to) const {
  const auto data = library_.call(&Api::get_frame_data, from);
  if (!data) return fail(data.error());
  const auto bytes = library_.call(&Api::get_frame_data_size, from);
  if (!bytes) return fail(bytes.error());
  const auto size = static_cast<std::size_t>(std::max(0, *bytes));
  const auto* pixels = static_cast<const std::byte*>(*data);
  if (profile_->kind == StreamKind::Motion) {
    if (pixels == nullptr || size < kMotionBytes)
      return fail(ErrorCode::Truncated,
                  fmt::format("{}: a sample of {} bytes", profile_->stream, size));
    std::memcpy(to.data.data(), pixels, kMotionBytes);
    return {};
  }
  const int width = library_.call(&Api::get_frame_width, from).value_or(0);
  const int height = library_.call(&Api::get_frame_height, from).value_or(0);
  const auto stride = static_cast<std::size_t>(
      std::max(0, library_.call(&Api::get_frame_stride_in_bytes, from).value_or(0)));
  const std::size_t packed = to.stride_bytes;
  const std::size_t rows = profile_->height;
  if (pixels == nullptr || static_cast<std::uint32_t>(width) != profile_->width ||
      static_cast<std::uint32_t>(height) != profile_->height || stride < packed ||
      size < stride * (rows - 1) + packed)
    return fail(ErrorCode::Truncated,
                fmt::format("{}: a frame of {}x{} in {} bytes instead of {}x{}", profile_->stream,
                            width, height, size, profile_->width, profile_->height));
  if (stride == packed) {
    std::memcpy(to.data.data(), pixels, packed * rows);
    return {};
  }
  for (std::size_t row = 0; row < rows; ++row)
    std::memcpy(to.data.data() + row * packed, pixels + row * stride, packed);
  return {};
}

std::optional<std::int64_t> StreamReader::metadata(const rs2_frame* from, Metadata what) const {
  const int key = static_cast<int>(what);
  if (library_.call(&Api::supports_frame_metadata, from, key).value_or(0) == 0) return std::nullopt;
  const auto value = library_.call(&Api::get_frame_metadata, from, key);
  if (!value) return std::nullopt;
  return *value;
}

Result<StreamReader::Stamps> StreamReader::read_stamps(const rs2_frame* from) const {
  const auto time = library_.call(&Api::get_frame_timestamp, from);
  if (!time) return fail(time.error());
  const auto domain = library_.call(&Api::get_frame_timestamp_domain, from);
  if (!domain) return fail(domain.error());
  return Stamps{.timestamp_ms = *time,
                .domain = static_cast<ClockDomain>(*domain),
                .readout_us = metadata(from, Metadata::FrameTimestamp),
                .middle_us = metadata(from, Metadata::SensorTimestamp)};
}

void StreamReader::read_conditions(const rs2_frame* from, Frame& to) const {
  if (profile_->kind == StreamKind::Motion) return;
  auto& conditions = to.conditions;
  if (const auto exposure = to_u32(metadata(from, Metadata::ActualExposure)))
    conditions.exposure = std::chrono::microseconds(*exposure);
  conditions.gain = to_u32(metadata(from, Metadata::GainLevel));
  if (profile_->kind == StreamKind::Color) return;
  conditions.laser_power_mw = to_u32(metadata(from, Metadata::LaserPower));
  auto mode = metadata(from, Metadata::EmitterMode);
  if (!mode) mode = metadata(from, Metadata::LaserPowerMode);
  if (mode) conditions.laser_on = *mode != 0;
}

// The library's stamp is that of the readout; the middle of the exposure lies before it.
void StreamReader::stamp(const Stamps& stamps, Frame& frame) {
  const auto arrival = frame.arrival_time;
  std::optional<Nanoseconds> before_readout;
  if (stamps.readout_us && stamps.middle_us && *stamps.middle_us <= *stamps.readout_us &&
      *stamps.readout_us - *stamps.middle_us < 1'000'000)
    before_readout = std::chrono::microseconds(*stamps.readout_us - *stamps.middle_us);
  else if (profile_->kind == StreamKind::Motion)
    before_readout = Nanoseconds::zero();
  else if (frame.conditions.exposure)
    before_readout = *frame.conditions.exposure / 2;
  const auto unknown_part = before_readout ? Nanoseconds::zero() : frame_time_ / 2;

  const bool is_number =
      std::isfinite(stamps.timestamp_ms) && stamps.timestamp_ms >= 0 && stamps.timestamp_ms < 1e13;
  const Nanoseconds stamp(is_number ? std::llround(stamps.timestamp_ms * 1e6) : 0);
  MonotonicTime readout = arrival;
  bool known = is_number;
  switch (stamps.domain) {
    case ClockDomain::Hardware:
      frame.device_time_ns = stamp.count();
      readout = device_clock_.map(stamp, arrival);
      // How long the quickest frame was on its way stays unknown.
      frame.capture_uncertainty = unknown_part + frame_time_ / 2;
      break;
    case ClockDomain::Global:
    case ClockDomain::System:
      readout = arrival - (clock_.to_utc(arrival) - utc_from_ns(stamp.count()));
      frame.capture_uncertainty =
          unknown_part +
          (stamps.domain == ClockDomain::Global ? kGlobalTimeUncertainty : frame_time_ / 2);
      if (stamps.middle_us) frame.device_time_ns = *stamps.middle_us * 1000;
      break;
    default:
      known = false;
  }
  // Recordings carry the times of when they were made.
  known =
      known && readout <= arrival + kGlobalTimeUncertainty && readout >= arrival - kOldestPlausible;
  if (!known) {
    readout = arrival;
    frame.capture_uncertainty = frame_time_;
  }
  frame.domain = known && stamps.domain != ClockDomain::System ? TimestampDomain::Device
                                                               : TimestampDomain::HostMonotonic;
  frame.capture_time = std::min(readout, arrival) - before_readout.value_or(frame_time_ / 2);
}

}  // namespace lenswire::realsense
