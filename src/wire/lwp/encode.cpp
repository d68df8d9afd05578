#include "wire/lwp/encode.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/byte_writer.hpp"
#include "wire/lwp/extension_type.hpp"

namespace lenswire::wire::lwp {
namespace {

constexpr std::size_t kExtensionBytesOffset = 6;

void patch_u16(std::vector<std::byte>& out, std::size_t offset, std::size_t value) {
  out.at(offset) = static_cast<std::byte>(value & 0xff);
  out.at(offset + 1) = static_cast<std::byte>(value >> 8 & 0xff);
}

class HeadWriter {
 public:
  explicit HeadWriter(std::vector<std::byte>& out) : out_(out), writer_(out) {}

  template <typename Fill>
  void extension(ExtensionType type, Fill fill) {
    writer_.u16(static_cast<std::uint16_t>(type));
    const auto length_at = out_.size();
    writer_.u16(0);
    const auto start = out_.size();
    fill(writer_);
    patch_u16(out_, length_at, out_.size() - start);
  }

 private:
  std::vector<std::byte>& out_;
  base::ByteWriter writer_;
};

void write_frame(base::ByteWriter& w, const FrameHeader& f) {
  w.u64(f.sequence);
  w.i64(f.capture_time_ns);
  w.i64(f.arrival_time_ns);
  w.i64(f.send_time_ns);
  w.u32(f.capture_uncertainty_ns);
  w.u8(static_cast<std::uint8_t>(f.domain));
  w.u8(static_cast<std::uint8_t>(f.codec));
  w.u8(static_cast<std::uint8_t>(f.kind));
  w.u8(f.flags);
  w.u32(static_cast<std::uint32_t>(f.format));
  w.u32(f.width);
  w.u32(f.height);
  w.u32(f.profile_version);
  w.u64(f.calibration_version);
  w.u64(f.decoded_bytes);
}

void write_conditions(base::ByteWriter& w, const CaptureConditions& c) {
  w.u32((c.exposure ? 1U : 0U) | (c.gain ? 2U : 0U) | (c.laser_power_mw ? 4U : 0U) |
        (c.laser_on ? 8U : 0U));
  w.u32(static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(c.exposure ? c.exposure->count() : 0, 0, 0xFFFFFFFF)));
  w.u32(c.gain.value_or(0));
  w.u32(c.laser_power_mw.value_or(0));
  w.u32(c.laser_on.value_or(false) ? 1 : 0);
}

}  // namespace

void encode_head(MessageType type, std::uint32_t tag, const Extensions& extensions,
                 std::uint32_t payload_bytes, std::vector<std::byte>& out) {
  out.clear();
  out.reserve(kMaxFrameHeadBytes);
  base::ByteWriter writer(out);
  for (const auto byte : kMagic) writer.u8(byte);
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(0);
  writer.u32(payload_bytes);
  writer.u32(tag);

  HeadWriter head(out);
  if (extensions.frame)
    head.extension(ExtensionType::Frame, [&](auto& w) { write_frame(w, *extensions.frame); });
  if (!extensions.missed.empty())
    head.extension(ExtensionType::Missed, [&](auto& w) {
      for (const auto& record : extensions.missed.records()) {
        w.u8(static_cast<std::uint8_t>(record.reason));
        for (int i = 0; i < 3; ++i) w.u8(0);
        w.u32(record.count);
        w.u64(record.first_sequence);
      }
    });
  if (const auto& region = extensions.region)
    head.extension(ExtensionType::Region, [&](auto& w) {
      w.u32(region->x);
      w.u32(region->y);
      w.u32(region->width);
      w.u32(region->height);
      w.f64(region->scale);
    });
  if (extensions.device_time_ns)
    head.extension(ExtensionType::DeviceTime, [&](auto& w) { w.i64(*extensions.device_time_ns); });
  if (!extensions.annotations.empty())
    head.extension(ExtensionType::Annotations, [&](auto& w) {
      for (const auto& item : extensions.annotations.items()) {
        w.u16(static_cast<std::uint16_t>(item.kind));
        for (int i = 0; i < 3; ++i) w.u16(0);
        w.f64(item.x_px);
        w.f64(item.y_px);
        w.f64(item.radius_px);
      }
    });
  if (extensions.conditions != CaptureConditions{})
    head.extension(ExtensionType::Conditions,
                   [&](auto& w) { write_conditions(w, extensions.conditions); });
  if (extensions.ack_frames)
    head.extension(ExtensionType::Ack, [&](auto& w) { w.u64(*extensions.ack_frames); });
  if (extensions.pull_frames)
    head.extension(ExtensionType::Pull, [&](auto& w) { w.u32(*extensions.pull_frames); });
  if (const auto& time = extensions.time)
    head.extension(ExtensionType::Time, [&](auto& w) {
      w.i64(time->t0);
      w.i64(time->t1);
      w.i64(time->t2);
    });
  patch_u16(out, kExtensionBytesOffset, out.size() - kPrefixBytes);
}

std::vector<std::byte> encode_map(MessageType type, std::uint32_t tag, const nlohmann::json& map) {
  const auto payload = nlohmann::json::to_cbor(map);
  std::vector<std::byte> out;
  encode_head(type, tag, {}, static_cast<std::uint32_t>(payload.size()), out);
  const auto bytes = std::as_bytes(std::span(payload));
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

std::vector<std::byte> encode_plain(MessageType type, std::uint32_t tag,
                                    const Extensions& extensions) {
  std::vector<std::byte> out;
  encode_head(type, tag, extensions, 0, out);
  return out;
}

}  // namespace lenswire::wire::lwp
