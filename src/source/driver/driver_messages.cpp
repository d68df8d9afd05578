#include "source/driver/driver_messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace lenswire::source::driver {
namespace {

constexpr std::uint8_t kLastKind = static_cast<std::uint8_t>(StreamKind::Motion);

class Writer {
 public:
  explicit Writer(std::vector<std::byte>& out) : w(out) {}

  void text(std::string_view text) {
    const auto cut = text.substr(0, kMaxTextBytes);
    w.u32(static_cast<std::uint32_t>(cut.size()));
    w.text(cut);
  }
  template <typename T, typename Put>
  void list(const std::vector<T>& items, std::size_t most, Put put) {
    const auto count = std::min(items.size(), most);
    w.u32(static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) put(items[i]);
  }
  void flag(bool value) { w.u8(value ? 1 : 0); }
  template <typename T, typename Put>
  void maybe(const std::optional<T>& value, Put put) {
    flag(value.has_value());
    if (value) put(*value);
  }
  template <typename T, typename Put>
  void result(const Result<T>& result, Put put) {
    flag(result.has_value());
    if (result)
      put();
    else
      error(result.error());
  }
  void error(const Error& error) {
    text(to_string(error.code));
    text(error.message);
  }
  void value(const ControlValue& value) {
    w.u8(static_cast<std::uint8_t>(value.index()));
    if (const auto* whole = std::get_if<std::int64_t>(&value)) w.i64(*whole);
    if (const auto* truth = std::get_if<bool>(&value)) flag(*truth);
    if (const auto* real = std::get_if<double>(&value)) w.f64(*real);
    if (const auto* words = std::get_if<std::string>(&value)) text(*words);
  }
  void control(const Control& c) {
    text(c.name);
    text(c.label);
    w.u8(static_cast<std::uint8_t>(c.type));
    value(c.value);
    value(c.default_value);
    w.f64(c.minimum);
    w.f64(c.maximum);
    w.f64(c.step);
    list(c.menu, kMaxMenuItems, [&](const MenuItem& item) {
      w.i64(item.index);
      text(item.name);
    });
    flag(c.read_only);
    flag(c.inactive);
    flag(c.volatile_value);
  }
  void controls(const std::vector<Control>& all) {
    list(all, kMaxControls, [&](const Control& c) { control(c); });
  }
  void profile(const StreamProfile& p) {
    text(p.stream);
    w.u8(static_cast<std::uint8_t>(p.kind));
    w.u32(static_cast<std::uint32_t>(p.format));
    w.u32(p.width);
    w.u32(p.height);
    w.f64(p.rate_hz);
    w.f64(p.depth_unit_m);
    maybe(p.intrinsics, [&](const Intrinsics& i) {
      w.u32(i.width);
      w.u32(i.height);
      for (const double v : {i.fx, i.fy, i.cx, i.cy}) w.f64(v);
      w.u8(static_cast<std::uint8_t>(i.model));
      for (const double v : i.distortion) w.f64(v);
    });
    maybe(p.reference_from_stream, [&](const Extrinsics& e) {
      for (const double v : e.rotation) w.f64(v);
      for (const double v : e.translation_m) w.f64(v);
    });
  }
  void frame(const Frame& f) {
    w.u64(f.sequence);
    w.i64(to_ns(f.capture_time));
    w.i64(f.capture_uncertainty.count());
    w.i64(to_ns(f.arrival_time));
    w.u8(static_cast<std::uint8_t>(f.domain));
    maybe(f.device_time_ns, [&](std::int64_t v) { w.i64(v); });
    maybe(f.conditions.exposure, [&](std::chrono::microseconds v) { w.i64(v.count()); });
    maybe(f.conditions.gain, [&](std::uint32_t v) { w.u32(v); });
    maybe(f.conditions.laser_power_mw, [&](std::uint32_t v) { w.u32(v); });
    maybe(f.conditions.laser_on, [&](bool v) { flag(v); });
  }

  void put(const Make& m) { text(m.uri); }
  void put(const Find&) {}
  void put(const Run&) {}
  void put(const Stop&) {}
  void put(const Free& m) {
    w.u32(m.memory);
    w.u32(m.slot);
  }
  void put(const Ask& m) {
    w.u32(m.number);
    list(m.settings, kMaxControls, [&](const auto& setting) {
      text(setting.first);
      value(setting.second);
    });
  }
  void put(const Made& m) {
    w.u32(m.version);
    result(m.result, [] {});
  }
  void put(const Found& m) {
    list(m.sources, kMaxFound, [&](const FoundSource& found) {
      text(found.uri);
      text(found.description);
    });
  }
  void put(const Answer& m) {
    w.u32(m.number);
    result(m.result, [&] { controls(*m.result); });
  }
  void put(const Opened& m) {
    text(m.description.model);
    text(m.description.serial);
    text(m.description.bus);
    list(m.description.streams, kMaxStreams,
         [&](const StreamProfilePtr& stream) { profile(*stream); });
    controls(m.description.controls);
    w.u32(m.memory);
    w.u32(m.slots);
    w.u64(m.slot_bytes);
  }
  void put(const FrameIn& m) {
    w.u32(m.memory);
    w.u32(m.slot);
    w.u32(m.stream);
    w.u64(m.bytes);
    frame(m.frame);
  }
  void put(const ControlsChanged& m) { controls(m.controls); }
  void put(const Trouble& m) { error(m.error); }
  void put(const Ended& m) {
    result(m.result, [] {});
  }

  base::ByteWriter w;
};

// Every get() checks what it reads; the first mistake makes the reader fail for good.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> packet) : r(packet) {}

  std::string text() {
    const auto length = r.u32();
    if (length > kMaxTextBytes) r.fail();
    return std::string(r.text(r.ok() ? length : 0));
  }
  template <typename T, typename Get>
  std::vector<T> list(std::size_t most, Get get) {
    const auto count = r.u32();
    if (count > most) r.fail();
    std::vector<T> out;
    for (std::uint32_t i = 0; i < count && r.ok(); ++i) out.push_back(get());
    return out;
  }
  template <typename T>
  T one_of(std::uint8_t last) {
    const auto value = r.u8();
    if (value > last) r.fail();
    return static_cast<T>(value);
  }
  bool flag() { return one_of<bool>(1); }
  double number() {
    const double value = r.f64();
    if (!std::isfinite(value)) r.fail();
    return value;
  }
  template <typename T, typename Get>
  std::optional<T> maybe(Get get) {
    if (!flag()) return std::nullopt;
    return static_cast<T>(get());
  }
  Error error() {
    Error out;
    out.code = error_code_from_string(text());
    out.message = text();
    return out;
  }
  Result<void> result() {
    if (flag()) return {};
    return fail(error());
  }
  ControlValue value() {
    switch (r.u8()) {
      case 0:
        return r.i64();
      case 1:
        return flag();
      case 2:
        return number();
      case 3:
        return text();
      default:
        r.fail();
        return {};
    }
  }
  Control control() {
    Control c;
    c.name = text();
    c.label = text();
    c.type = one_of<ControlType>(static_cast<std::uint8_t>(ControlType::Text));
    c.value = value();
    c.default_value = value();
    c.minimum = number();
    c.maximum = number();
    c.step = number();
    c.menu = list<MenuItem>(kMaxMenuItems, [&] {
      MenuItem item;
      item.index = r.i64();
      item.name = text();
      return item;
    });
    c.read_only = flag();
    c.inactive = flag();
    c.volatile_value = flag();
    return c;
  }
  std::vector<Control> controls() {
    return list<Control>(kMaxControls, [&] { return control(); });
  }
  StreamProfilePtr profile() {
    auto p = std::make_shared<StreamProfile>();
    p->stream = text();
    p->kind = one_of<StreamKind>(kLastKind);
    const auto format = pixel_format_from_fourcc(r.u32());
    if (!format) r.fail();
    p->format = format.value_or(PixelFormat::Z16);
    p->width = side();
    p->height = side();
    p->rate_hz = number();
    p->depth_unit_m = number();
    p->intrinsics = maybe<Intrinsics>([&] {
      Intrinsics i;
      i.width = side();
      i.height = side();
      for (double* v : {&i.fx, &i.fy, &i.cx, &i.cy}) *v = number();
      i.model = one_of<DistortionModel>(static_cast<std::uint8_t>(DistortionModel::KannalaBrandt4));
      for (double& v : i.distortion) v = number();
      return i;
    });
    p->reference_from_stream = maybe<Extrinsics>([&] {
      Extrinsics e;
      for (double& v : e.rotation) v = number();
      for (double& v : e.translation_m) v = number();
      return e;
    });
    if (r.ok() && !is_compressed(p->format) &&
        frame_bytes(p->format, packed_stride(p->format, p->width), p->height) > kMaxFrameBytes)
      r.fail();
    return p;
  }
  Frame frame() {
    Frame f;
    f.sequence = r.u64();
    f.capture_time = monotonic_from_ns(r.i64());
    f.capture_uncertainty = Nanoseconds(r.i64());
    f.arrival_time = monotonic_from_ns(r.i64());
    f.domain = one_of<TimestampDomain>(static_cast<std::uint8_t>(TimestampDomain::Utc));
    f.device_time_ns = maybe<std::int64_t>([&] { return r.i64(); });
    f.conditions.exposure =
        maybe<std::chrono::microseconds>([&] { return std::chrono::microseconds(r.i64()); });
    f.conditions.gain = maybe<std::uint32_t>([&] { return r.u32(); });
    f.conditions.laser_power_mw = maybe<std::uint32_t>([&] { return r.u32(); });
    f.conditions.laser_on = maybe<bool>([&] { return flag(); });
    return f;
  }
  std::uint32_t side() {
    const auto value = r.u32();
    if (value == 0 || value > 0xFFFF) r.fail();
    return value;
  }

  Message message() {
    switch (r.u8()) {
      case 0:
        return Make{text()};
      case 1:
        return Find{};
      case 2:
        return Run{};
      case 3:
        return Stop{};
      case 4: {
        Free m;
        m.memory = r.u32();
        m.slot = r.u32();
        return m;
      }
      case 5: {
        Ask m;
        m.number = r.u32();
        m.settings = list<std::pair<std::string, ControlValue>>(kMaxControls, [&] {
          auto name = text();
          auto wanted = value();
          return std::pair(std::move(name), std::move(wanted));
        });
        return m;
      }
      case 6: {
        Made m;
        m.version = r.u32();
        m.result = result();
        return m;
      }
      case 7:
        return Found{list<FoundSource>(kMaxFound, [&] {
          FoundSource found;
          found.uri = text();
          found.description = text();
          return found;
        })};
      case 8: {
        Answer m;
        m.number = r.u32();
        if (flag())
          m.result = controls();
        else
          m.result = fail(error());
        return m;
      }
      case 9:
        return opened();
      case 10: {
        FrameIn m;
        m.memory = r.u32();
        m.slot = r.u32();
        m.stream = r.u32();
        m.bytes = r.u64();
        m.frame = frame();
        return m;
      }
      case 11:
        return ControlsChanged{controls()};
      case 12:
        return Trouble{error()};
      case 13:
        return Ended{result()};
      default:
        r.fail();
        return Find{};
    }
  }
  Opened opened() {
    Opened m;
    m.description.model = text();
    m.description.serial = text();
    m.description.bus = text();
    m.description.streams = list<StreamProfilePtr>(kMaxStreams, [&] { return profile(); });
    m.description.controls = controls();
    m.memory = r.u32();
    m.slots = r.u32();
    m.slot_bytes = r.u64();
    if (m.slots > kMaxSlots || m.slot_bytes > kMaxFrameBytes) r.fail();
    return m;
  }

  base::ByteReader r;
};

}  // namespace

void encode(const Message& message, std::vector<std::byte>& out) {
  out.clear();
  Writer writer(out);
  writer.w.u8(static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& m) { writer.put(m); }, message);
}

Result<Message> decode(std::span<const std::byte> packet) {
  if (packet.size() > kMaxMessageBytes)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("a driver's message of {} bytes", packet.size()));
  Reader reader(packet);
  auto message = reader.message();
  if (!reader.r.ok() || reader.r.remaining() != 0)
    return fail(ErrorCode::InvalidArgument, "a driver's message is damaged");
  return message;
}

}  // namespace lenswire::source::driver
