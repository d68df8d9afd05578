#include "source/v4l2/v4l2_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "source/v4l2/v4l2_buffers.hpp"
#include "source/v4l2/v4l2_controls.hpp"

namespace lenswire::source {
namespace v4l2 {
namespace {

constexpr std::string_view kKnownOptions = "size, fps, format, index, depth_unit";
constexpr double kMaxRateHz = 1000;

std::pair<StreamKind, std::string_view> stream_of(PixelFormat format) noexcept {
  switch (format) {
    case PixelFormat::Z16:
      return {StreamKind::Depth, "depth"};
    case PixelFormat::Y8:
    case PixelFormat::Y16:
      return {StreamKind::Infrared, "infrared"};
    default:
      return {StreamKind::Color, "color"};
  }
}

Result<std::optional<PixelFormat>> parse_format(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto format = name == "grey" ? PixelFormat::Y8 : pixel_format_from_string(name);
  if (format && is_readable(*format)) return format;
  return fail(ErrorCode::InvalidArgument,
              fmt::format("option format={}: expected one of {}", name, readable_names()));
}

}  // namespace

Result<Options> Options::parse(base::SourceUri uri) {
  Options options;
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{}: {}", uri.text, why));
  };
  options.place = uri.path;
  if (options.place.empty() || options.place.find('\0') != std::string::npos)
    return bad(
        "name a node or a bus position, as in v4l2:/dev/video0 or "
        "v4l2:usb-0000:00:14.0-1; `lenswire ls --local` lists them, and the by-id names");
  const auto format = parse_format(uri.options.text("format", {}));
  if (!format) return bad(format.error().message);
  options.wish.format = *format;
  const bool sized = uri.options.contains("size");
  const auto size = uri.options.size("size", {}, kMaxSide);
  if (!size) return bad(size.error().message);
  if (sized) options.wish.size = Size{size->width, size->height};
  const bool rated = uri.options.contains("fps");
  const auto rate = uri.options.number("fps", 0, 0.01, kMaxRateHz);
  if (!rate) return bad(rate.error().message);
  if (rated) options.wish.rate_hz = *rate;
  const auto index = uri.options.integer("index", 0, 0, 63);
  if (!index) return bad(index.error().message);
  options.index = static_cast<std::size_t>(*index);
  const auto unit = uri.options.number("depth_unit", options.depth_unit_m, 1e-6, 1);
  if (!unit) return bad(unit.error().message);
  options.depth_unit_m = *unit;
  if (const auto rest = uri.options.finish(kKnownOptions); !rest) return bad(rest.error().message);
  return options;
}

V4l2Source::V4l2Source(Options options, System& system, const base::Clock& clock)
    : options_(std::move(options)),
      system_(system),
      clock_(clock),
      whereabouts_(system, options_.place, options_.index) {}

Result<OpenNode> V4l2Source::open() {
  auto path = [&] {
    base::MutexLock lock(mutex_);
    return whereabouts_.locate(clock_.now());
  }();
  if (!path) return fail(path.error());
  auto node = open_node(system_, *path);
  if (!node) return node;
  base::MutexLock lock(mutex_);
  whereabouts_.found(*node);
  return node;
}

Result<OpenNode> V4l2Source::open_or_share() {
  {
    base::MutexLock lock(mutex_);
    if (running_) return *running_;
  }
  return open();
}

Result<void> V4l2Source::probe() {
  base::MutexLock lock(mutex_);
  const auto path = whereabouts_.locate(clock_.now());
  if (!path) return fail(path.error());
  return {};
}

std::vector<PictureSize> V4l2Source::sizes() {
  const auto node = open_or_share();
  if (!node) return {};
  std::vector<PictureSize> out;
  for (const auto& offer : list_formats(*node)) {
    const bool usable = options_.wish.format ? offer.format == options_.wish.format
                                             : offer.format && is_readable(*offer.format);
    if (!usable) continue;
    for (const auto& size : offer.sizes) {
      if (size.min_width != size.max_width || size.min_height != size.max_height) return {};
      const PictureSize one{size.min_width, size.min_height};
      if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
    }
  }
  return out;
}

Result<std::vector<Control>> V4l2Source::controls() {
  const auto node = open_or_share();
  if (!node) return fail(node.error());
  return read_controls(*node);
}

Result<std::vector<Control>> V4l2Source::set_controls(const ControlSettings& settings) {
  const auto node = open_or_share();
  if (!node) return fail(node.error());
  return apply_controls(*node, settings);
}

Result<void> V4l2Source::run(SourceSink& sink, const base::StopToken& stop) {
  const auto node = open();
  if (!node) return fail(node.error());
  struct Share {
    V4l2Source& source;
    Share(V4l2Source& owner, const OpenNode& open) : source(owner) {
      base::MutexLock lock(source.mutex_);
      source.running_ = open;
    }
    ~Share() {
      base::MutexLock lock(source.mutex_);
      source.running_.reset();
    }
  } const share(*this, *node);

  while (true) {
    const auto end = capture(*node, sink, stop);
    if (!end) return fail(end.error());
    if (*end == CaptureEnd::Stopped) return {};
  }
}

Result<CaptureEnd> V4l2Source::capture(const OpenNode& node, SourceSink& sink,
                                       const base::StopToken& stop) {
  const auto format = negotiate(node, options_.wish);
  if (!format) return fail(format.error());
  auto controls = list_controls(node);
  // Subscribed before they are read, so that no change falls in between.
  subscribe_events(node, controls);
  const auto queue = BufferQueue::start(node, format->chroma_stride_bytes > 0 ? 2 : 1);
  if (!queue) return fail(queue.error());

  SourceDescription description;
  description.model = node.capability.card;
  description.serial = system_.serial(node.path);
  description.bus = node.capability.bus;
  description.streams.push_back(profile_for(*format));
  for (auto& entry : controls) {
    read_value(node, entry);
    description.controls.push_back(entry.control);
  }
  sink.opened(description);
  Capture capture({node, sink, pool_, numbers_, clock_}, **queue, *format, profile_,
                  std::move(controls));
  return capture.run(stop);
}

StreamProfilePtr V4l2Source::profile_for(const Negotiated& format) {
  const auto [kind, name] = stream_of(format.format);
  StreamProfile profile;
  profile.stream = name;
  profile.kind = kind;
  profile.format = format.format;
  profile.width = format.size.width;
  profile.height = format.size.height;
  profile.rate_hz = format.rate_hz;
  if (kind == StreamKind::Depth) profile.depth_unit_m = options_.depth_unit_m;
  // The same pointer after a reconnect says that nothing changed.
  if (!profile_ || *profile_ != profile)
    profile_ = std::make_shared<const StreamProfile>(std::move(profile));
  return profile_;
}

std::vector<FoundSource> find_sources(System& system) {
  std::vector<FoundSource> found;
  for (const auto& camera : NodeTable(system).cameras()) {
    auto& source = found.emplace_back();
    source.uri = "v4l2:" + camera.path;
    if (!camera.problem.empty()) {
      source.description = camera.problem;
      source.known_by = KnownBy::Nothing;
      continue;
    }
    const auto& [driver, card, bus, captures, multi_planar] = camera.capability;
    const auto node = open_node(system, camera.path);
    source.description = fmt::format("{} at {}: {}", card, bus,
                                     node ? summary_of(list_formats(*node)) : node.error().message);
    const auto serial = system.serial(camera.path);
    source.known_by = KnownBy::Device;
    source.device = fmt::format("v4l2 {}{}{}, node {}", card, serial.empty() ? "" : " ", serial,
                                system.index(camera.path));
    source.place = bus;
  }
  return found;
}

}  // namespace v4l2

Result<std::unique_ptr<Source>> make_v4l2_source(base::SourceUri uri,
                                                 const SourceContext& context) {
  auto options = v4l2::Options::parse(std::move(uri));
  if (!options) return fail(options.error());
  return std::make_unique<v4l2::V4l2Source>(std::move(*options), v4l2::kernel(), context.clock);
}

std::vector<FoundSource> find_v4l2_sources() { return v4l2::find_sources(v4l2::kernel()); }

}  // namespace lenswire::source
