// message.hpp - the native protocol's messages as values. The bytes are in docs/protocol.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <lenswire/annotation.hpp>
#include <lenswire/codec_id.hpp>
#include <lenswire/frame.hpp>
#include <lenswire/missed.hpp>
#include <lenswire/pixel_format.hpp>
#include <lenswire/stream_profile.hpp>
#include <lenswire/time.hpp>

namespace lenswire::wire::lwp {

inline constexpr std::array<std::uint8_t, 4> kMagic = {0x89, 'L', 'W', 'P'};
inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kPrefixBytes = 16;
inline constexpr std::size_t kMaxMessageToServer = std::size_t{32} << 20;
inline constexpr std::size_t kMaxMessageToClient = std::size_t{257} << 20;
inline constexpr std::size_t kMaxControlToServer = std::size_t{64} << 10;
inline constexpr std::size_t kMaxControlToClient = std::size_t{1} << 20;
inline constexpr int kMaxNesting = 32;

enum class MessageType : std::uint8_t {
  Hello = 1,
  Welcome = 2,
  Request = 3,
  Reply = 4,
  Event = 5,
  Frame = 6,
  Ack = 7,
  Pull = 8,
  TimeRequest = 9,
  TimeReply = 10,
  Bye = 11,
  Fragment = 12,
};

struct Prefix {
  MessageType type = MessageType::Hello;
  std::uint16_t extension_bytes = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t tag = 0;

  [[nodiscard]] std::size_t body_bytes() const noexcept {
    return std::size_t{extension_bytes} + payload_bytes;
  }
};

using lenswire::kMaxMissedRecords;
using lenswire::Missed;
using lenswire::MissedList;
using lenswire::MissReason;

/// The extension `frame`.
struct FrameHeader {
  std::uint64_t sequence = 0;
  std::int64_t capture_time_ns = 0;
  std::int64_t arrival_time_ns = 0;
  std::int64_t send_time_ns = 0;
  std::uint32_t capture_uncertainty_ns = 0;
  TimestampDomain domain = TimestampDomain::HostMonotonic;
  CodecId codec = CodecId::Raw;
  StreamKind kind = StreamKind::Color;
  std::uint8_t flags = 0;
  PixelFormat format = PixelFormat::Z16;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t profile_version = 0;
  std::uint64_t calibration_version = 0;
  std::uint64_t decoded_bytes = 0;

  bool operator==(const FrameHeader&) const = default;
};
inline constexpr std::uint8_t kFlagKeyframe = 1;

/// The extension `region`.
struct RegionExtension {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  double scale = 1;

  bool operator==(const RegionExtension&) const = default;
};

/// The extension `time`.
struct TimeExtension {
  std::int64_t t0 = 0;
  std::int64_t t1 = 0;
  std::int64_t t2 = 0;

  bool operator==(const TimeExtension&) const = default;
};

/// Everything that may stand between prefix and payload.
struct Extensions {
  std::optional<FrameHeader> frame;
  MissedList missed;
  std::optional<RegionExtension> region;
  std::optional<std::int64_t> device_time_ns;
  AnnotationList annotations;
  CaptureConditions conditions;  ///< absent where all its parts are
  std::optional<std::uint64_t> ack_frames;
  std::optional<std::uint32_t> pull_frames;
  std::optional<TimeExtension> time;
};

}  // namespace lenswire::wire::lwp
