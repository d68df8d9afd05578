#include <fmt/format.h>

#include <array>

#include "modules/openni2/openni2_source.hpp"
#include "source/stream_list.hpp"

namespace lenswire::openni2 {
namespace {

constexpr std::string_view kKnownOptions = "streams, size, fps, mirror, registration";
constexpr std::array<std::string_view, 3> kStreams = {"depth", "color", "infrared"};
constexpr std::uint32_t kMaxSide = 16384;

Result<std::optional<bool>> parse_switch(base::QueryOptions& options, const char* key) {
  if (!options.contains(key)) return std::nullopt;
  const auto value = options.boolean(key, false);
  if (!value) return fail(value.error());
  return *value;
}

}  // namespace

Result<Options> Options::parse(base::SourceUri uri) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{}: {}", uri.text, why));
  };
  Options options;
  if (uri.path.find('\0') != std::string::npos) return bad("a zero byte in a name");
  options.uri = uri.path;
  if (uri.options.contains("streams")) {
    auto streams = source::parse_stream_list(uri.options.text("streams", {}), kStreams);
    if (!streams) return bad(streams.error().message);
    options.streams = std::move(*streams);
  }
  if (uri.options.contains("size")) {
    const auto size = uri.options.size("size", {}, kMaxSide);
    if (!size) return bad(size.error().message);
    options.size = PictureSize{size->width, size->height};
  }
  if (uri.options.contains("fps")) {
    const auto rate = uri.options.integer("fps", 30, 1, 1000);
    if (!rate) return bad(rate.error().message);
    options.rate_hz = static_cast<int>(*rate);
  }
  const auto mirror = parse_switch(uri.options, "mirror");
  if (!mirror) return bad(mirror.error().message);
  options.mirror = *mirror;
  const auto registration = parse_switch(uri.options, "registration");
  if (!registration) return bad(registration.error().message);
  options.registration = *registration;
  if (const auto rest = uri.options.finish(kKnownOptions); !rest) return bad(rest.error().message);
  return options;
}

}  // namespace lenswire::openni2
