#include "wire/lwp/decode.hpp"

#include <fmt/format.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "base/byte_reader.hpp"
#include "wire/depth_limit.hpp"
#include "wire/lwp/extension_type.hpp"

namespace lenswire::wire::lwp {
namespace {

constexpr std::size_t kMissedRecordBytes = 16;
constexpr std::size_t kAnnotationBytes = 32;
constexpr std::size_t kKeepCapacityBytes = 64 << 10;

auto broken(std::string what) { return fail(ErrorCode::InvalidArgument, std::move(what)); }

bool known_type(std::uint8_t type) noexcept {
  return type >= static_cast<std::uint8_t>(MessageType::Hello) &&
         type <= static_cast<std::uint8_t>(MessageType::Fragment);
}

std::size_t limit_for(MessageType type, Receiver receiver) noexcept {
  const bool frame = type == MessageType::Frame || type == MessageType::Fragment;
  if (receiver == Receiver::Server) return frame ? kMaxMessageToServer : kMaxControlToServer;
  return frame ? kMaxMessageToClient : kMaxControlToClient;
}

CaptureConditions decode_conditions(base::ByteReader& r) {
  CaptureConditions out;
  const auto present = r.u32();
  const auto exposure = r.u32();
  const auto gain = r.u32();
  const auto laser_power = r.u32();
  const auto laser_on = r.u32();
  if (present & 1) out.exposure = std::chrono::microseconds(exposure);
  if (present & 2) out.gain = gain;
  if (present & 4) out.laser_power_mw = laser_power;
  if (present & 8) out.laser_on = laser_on != 0;
  return out;
}

Result<FrameHeader> decode_frame(base::ByteReader& r) {
  FrameHeader f;
  f.sequence = r.u64();
  f.capture_time_ns = r.i64();
  f.arrival_time_ns = r.i64();
  f.send_time_ns = r.i64();
  f.capture_uncertainty_ns = r.u32();
  const auto domain = r.u8();
  const auto codec = r.u8();
  const auto kind = r.u8();
  f.flags = r.u8();
  const auto format = pixel_format_from_fourcc(r.u32());
  f.width = r.u32();
  f.height = r.u32();
  f.profile_version = r.u32();
  f.calibration_version = r.u64();
  f.decoded_bytes = r.u64();
  if (!r.ok()) return broken("extension 'frame' is too short");
  if (domain > static_cast<std::uint8_t>(TimestampDomain::Utc) ||
      codec > static_cast<std::uint8_t>(CodecId::Json) ||
      kind > static_cast<std::uint8_t>(StreamKind::Motion) || !format)
    return broken("extension 'frame' has an unknown codec, format, kind or clock");
  f.domain = static_cast<TimestampDomain>(domain);
  f.codec = static_cast<CodecId>(codec);
  f.kind = static_cast<StreamKind>(kind);
  f.format = *format;
  constexpr std::uint32_t max_side = 65535;
  if (f.width == 0 || f.height == 0 || f.width > max_side || f.height > max_side)
    return broken("extension 'frame' has an impossible size");
  const auto expected = frame_bytes(f.format, packed_stride(f.format, f.width), f.height);
  if (f.decoded_bytes != expected || expected > kMaxMessageToClient)
    return broken("extension 'frame' has a byte count that does not fit its size");
  return f;
}

Result<void> decode_missed(base::ByteReader& r, std::size_t length, MissedList& missed) {
  if (length % kMissedRecordBytes != 0 || length / kMissedRecordBytes > kMaxMissedRecords)
    return broken("extension 'missed' has a bad length");
  for (std::size_t i = 0; i < length / kMissedRecordBytes; ++i) {
    const auto reason = r.u8();
    r.skip(3);
    const auto count = r.u32();
    const auto first = r.u64();
    if (reason < 1 || reason > static_cast<std::uint8_t>(MissReason::ServerBusy))
      return broken("extension 'missed' has an unknown reason");
    missed.add(static_cast<MissReason>(reason), first, count);
  }
  return {};
}

Result<void> decode_annotations(base::ByteReader& r, std::size_t length, AnnotationList& list) {
  if (length % kAnnotationBytes != 0 || length / kAnnotationBytes > kMaxAnnotations)
    return broken("extension 'annotations' has a bad length");
  for (std::size_t i = 0; i < length / kAnnotationBytes; ++i) {
    const auto kind = r.u16();
    r.skip(6);
    Annotation item;
    item.x_px = r.f64();
    item.y_px = r.f64();
    item.radius_px = r.f64();
    if (!std::isfinite(item.x_px) || !std::isfinite(item.y_px) || !(item.radius_px >= 0) ||
        !std::isfinite(item.radius_px))
      return broken("extension 'annotations' has a place that is none");
    // Kinds of later versions are none of ours.
    if (kind == static_cast<std::uint16_t>(AnnotationKind::Ball)) list.add(item);
  }
  return {};
}

}  // namespace

Result<Prefix> decode_prefix(std::span<const std::byte> bytes, Receiver receiver) {
  base::ByteReader reader(bytes);
  for (const auto byte : kMagic)
    if (reader.u8() != byte) return broken("not a lenswire message: wrong magic");
  const auto version = reader.u8();
  const auto type = reader.u8();
  Prefix prefix;
  prefix.extension_bytes = reader.u16();
  prefix.payload_bytes = reader.u32();
  prefix.tag = reader.u32();
  if (!reader.ok()) return fail(ErrorCode::Truncated, "message prefix is cut short");
  if (version != kVersion)
    return fail(ErrorCode::VersionMismatch,
                fmt::format("the peer speaks protocol version {}, this side {}; update the older "
                            "of the two",
                            version, kVersion));
  if (!known_type(type)) return broken(fmt::format("unknown message type {}", type));
  prefix.type = static_cast<MessageType>(type);
  if (prefix.payload_bytes > limit_for(prefix.type, receiver))
    return broken(fmt::format("message of {} bytes is past the limit of {}", prefix.payload_bytes,
                              limit_for(prefix.type, receiver)));
  return prefix;
}

Result<Extensions> decode_extensions(std::span<const std::byte> bytes) {
  Extensions out;
  base::ByteReader area(bytes);
  std::uint64_t seen = 0;
  while (area.remaining() > 0) {
    const auto type = area.u16();
    const auto length = area.u16();
    const auto value = area.bytes(length);
    if (!area.ok()) return broken("extensions do not fill their area");
    if (type < 64) {
      if (seen >> type & 1) return broken(fmt::format("extension {} appears twice", type));
      seen |= std::uint64_t{1} << type;
    }
    base::ByteReader r(value);
    switch (static_cast<ExtensionType>(type)) {
      case ExtensionType::Frame: {
        auto frame = decode_frame(r);
        if (!frame) return fail(std::move(frame).error());
        out.frame = *frame;
        break;
      }
      case ExtensionType::Missed:
        if (auto result = decode_missed(r, length, out.missed); !result)
          return fail(std::move(result).error());
        break;
      case ExtensionType::Region: {
        RegionExtension region;
        region.x = r.u32();
        region.y = r.u32();
        region.width = r.u32();
        region.height = r.u32();
        region.scale = r.f64();
        if (!(region.scale > 0 && region.scale <= 1)) return broken("extension 'region': scale");
        out.region = region;
        break;
      }
      case ExtensionType::DeviceTime:
        out.device_time_ns = r.i64();
        break;
      case ExtensionType::Annotations:
        if (auto result = decode_annotations(r, length, out.annotations); !result)
          return fail(std::move(result).error());
        break;
      case ExtensionType::Conditions:
        out.conditions = decode_conditions(r);
        break;
      case ExtensionType::Ack:
        out.ack_frames = r.u64();
        break;
      case ExtensionType::Pull:
        out.pull_frames = r.u32();
        break;
      case ExtensionType::Time: {
        TimeExtension time;
        time.t0 = r.i64();
        time.t1 = r.i64();
        time.t2 = r.i64();
        out.time = time;
        break;
      }
      case ExtensionType::Fragment:
      case ExtensionType::Lease:
        break;
      default:
        break;
    }
    if (!r.ok()) return broken(fmt::format("extension {} is too short", type));
  }
  return out;
}

Result<nlohmann::json> decode_map(std::span<const std::byte> payload) {
  if (!cbor_nesting_ok(payload, kMaxNesting))
    return broken("payload is not CBOR of at most 32 levels with definite lengths");
  auto map = nlohmann::json::from_cbor(payload.begin(), payload.end(), true, false);
  if (!map.is_object()) return broken("payload is not a CBOR map");
  return map;
}

void MessageAssembler::feed(std::span<const std::byte> bytes) {
  drop_consumed();
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<MessageView>> MessageAssembler::next() {
  const auto rest = std::span<const std::byte>(buffer_).subspan(consumed_);
  if (rest.size() < kPrefixBytes) return std::nullopt;
  const auto prefix = decode_prefix(rest.first(kPrefixBytes), receiver_);
  if (!prefix) return fail(prefix.error());
  if (rest.size() < kPrefixBytes + prefix->body_bytes()) return std::nullopt;
  auto extensions = decode_extensions(rest.subspan(kPrefixBytes, prefix->extension_bytes));
  if (!extensions) return fail(std::move(extensions).error());
  consumed_ += kPrefixBytes + prefix->body_bytes();
  return MessageView{*prefix, *extensions,
                     rest.subspan(kPrefixBytes + prefix->extension_bytes, prefix->payload_bytes)};
}

void MessageAssembler::drop_consumed() {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(consumed_));
  consumed_ = 0;
  if (buffer_.empty() && buffer_.capacity() > kKeepCapacityBytes) buffer_.shrink_to_fit();
}

}  // namespace lenswire::wire::lwp
