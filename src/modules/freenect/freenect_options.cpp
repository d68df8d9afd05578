#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "modules/freenect/freenect_source.hpp"
#include "source/stream_list.hpp"

namespace lenswire::freenect {
namespace {

constexpr std::string_view kKnownOptions = "streams, registration, mirror";
constexpr std::array<std::string_view, 4> kStreams = {"depth", "color", "infrared", "accel"};

bool wants(const std::vector<std::string>& streams, std::string_view name) {
  return std::find(streams.begin(), streams.end(), name) != streams.end();
}

}  // namespace

Result<Options> Options::parse(base::SourceUri uri) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{}: {}", uri.text, why));
  };
  Options options;
  if (uri.path.find('\0') != std::string::npos) return bad("a zero byte in a name");
  options.serial = uri.path;
  const auto streams =
      source::parse_stream_list(uri.options.text("streams", "depth,color"), kStreams);
  if (!streams) return bad(streams.error().message);
  options.depth = wants(*streams, "depth");
  options.color = wants(*streams, "color");
  options.infrared = wants(*streams, "infrared");
  options.accel = wants(*streams, "accel");
  if (options.color && options.infrared)
    return bad("the Kinect gives color or infrared, not both at once");
  const auto registration = uri.options.boolean("registration", false);
  if (!registration) return bad(registration.error().message);
  options.registration = *registration;
  const auto mirror = uri.options.boolean("mirror", false);
  if (!mirror) return bad(mirror.error().message);
  options.mirror = *mirror;
  if (const auto left = uri.options.finish(kKnownOptions); !left) return bad(left.error().message);
  return options;
}

}  // namespace lenswire::freenect
