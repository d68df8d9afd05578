#include <fmt/format.h>

#include <algorithm>

#include "modules/realsense/realsense_source.hpp"
#include "source/stream_list.hpp"

namespace lenswire::realsense {
namespace {

constexpr std::string_view kKnownOptions = "streams, size, color-size, fps, format, preset, loop";
constexpr std::string_view kFilePrefix = "file=";
constexpr std::uint32_t kMaxSide = 16384;

Result<std::vector<StreamWish>> parse_streams(const std::string& text) {
  std::vector<std::string_view> known;
  for (const auto& stream : stream_names()) known.push_back(stream.name);
  const auto names = source::parse_stream_list(text, known);
  if (!names) return fail(names.error());
  std::vector<StreamWish> out;
  for (const auto& name : *names)
    for (const auto& stream : stream_names())
      if (stream.name == name)
        out.push_back({.stream = stream, .size = {}, .rate_hz = {}, .format = {}});
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
  // What could not be done must not be passed over.
  if (uri.options.contains("loop") && options.file.empty())
    return bad("option loop: a camera has no end; only recordings (file=) play again");
  const bool has_color = std::any_of(streams->begin(), streams->end(), [](const auto& wish) {
    return wish.stream.kind == StreamKind::Color;
  });
  for (const char* key : {"color-size", "format"})
    if (uri.options.contains(key) && !has_color)
      return bad(fmt::format("option {}: the stream color is not among the streams", key));
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
