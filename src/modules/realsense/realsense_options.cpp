#include <fmt/format.h>

#include <algorithm>

#include "modules/realsense/realsense_source.hpp"

namespace lenswire::realsense {
namespace {

constexpr std::string_view kKnownOptions = "streams, size, color-size, fps, format, preset, loop";
constexpr std::string_view kFilePrefix = "file=";
constexpr std::uint32_t kMaxSide = 16384;

Result<std::vector<StreamWish>> parse_streams(const std::string& text) {
  std::vector<StreamWish> out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const auto name = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    const auto names = stream_names();
    const auto found = std::find_if(names.begin(), names.end(),
                                    [&](const auto& known) { return known.name == name; });
    const bool twice = std::any_of(out.begin(), out.end(),
                                   [&](const auto& wish) { return wish.stream.name == name; });
    if (found == names.end() || twice)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("option streams={}: expected some of depth, color, infrared1, "
                              "infrared2, accel, gyro, each once, with commas between",
                              text));
    out.push_back({.stream = *found, .size = {}, .rate_hz = {}, .format = {}});
  }
  if (out.empty()) return fail(ErrorCode::InvalidArgument, "option streams: name one at least");
  return out;
}

Result<std::optional<PixelFormat>> parse_format(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto format = pixel_format_from_string(name);
  if (format == PixelFormat::RGB8 || format == PixelFormat::BGR8 || format == PixelFormat::YUYV)
    return format;
  return fail(
      ErrorCode::InvalidArgument,
      fmt::format("option format={}: expected rgb8, bgr8 or yuyv (of the stream color)", name));
}

Result<std::optional<PictureSize>> parse_size(base::QueryOptions& options, const char* key) {
  if (!options.contains(key)) return std::nullopt;
  const auto size = options.size(key, {}, kMaxSide);
  if (!size) return fail(size.error());
  return PictureSize{size->width, size->height};
}

}  // namespace

Result<Options> Options::parse(base::SourceUri uri) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{}: {}", uri.text, why));
  };
  Options options;
  if (uri.path.find('\0') != std::string::npos) return bad("a zero byte in a name");
  if (uri.path.starts_with(kFilePrefix)) {
    options.file = uri.path.substr(kFilePrefix.size());
    if (options.file.empty()) return bad("name a recording, as in realsense:file=room.bag");
  } else {
    options.serial = uri.path;
  }
  auto streams = parse_streams(uri.options.text("streams", "depth,color"));
  if (!streams) return bad(streams.error().message);
  const auto size = parse_size(uri.options, "size");
  if (!size) return bad(size.error().message);
  const auto color_size = parse_size(uri.options, "color-size");
  if (!color_size) return bad(color_size.error().message);
  const bool has_rate = uri.options.contains("fps");
  const auto rate = uri.options.integer("fps", 30, 1, 1000);
  if (!rate) return bad(rate.error().message);
  const auto format = parse_format(uri.options.text("format", {}));
  if (!format) return bad(format.error().message);
  if (uri.options.contains("preset")) options.preset = uri.options.text("preset", {});
  const auto loop = uri.options.boolean("loop", true);
  if (!loop) return bad(loop.error().message);
  options.loop = *loop;
  if (const auto rest = uri.options.finish(kKnownOptions); !rest) return bad(rest.error().message);

  for (auto& wish : *streams) {
    if (wish.stream.kind == StreamKind::Motion) continue;
    const bool is_color = wish.stream.kind == StreamKind::Color;
    wish.size = is_color && *color_size ? *color_size : *size;
    if (has_rate) wish.rate_hz = static_cast<int>(*rate);
    if (is_color) wish.format = *format;
  }
  options.streams = std::move(*streams);
  return options;
}

}  // namespace lenswire::realsense
