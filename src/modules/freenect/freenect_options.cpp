#include <fmt/format.h>

#include "modules/freenect/freenect_source.hpp"

namespace lenswire::freenect {
namespace {

constexpr std::string_view kKnownOptions = "streams, registration, mirror";

}  // namespace

Result<Options> Options::parse(base::SourceUri uri) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{}: {}", uri.text, why));
  };
  Options options;
  if (uri.path.find('\0') != std::string::npos) return bad("a zero byte in a name");
  options.serial = uri.path;
  const auto streams = uri.options.text("streams", "depth,color");
  options.depth = options.color = false;
  std::string_view rest = streams;
  do {
    const auto comma = rest.find(',');
    const auto name = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    bool* wanted = name == "depth"      ? &options.depth
                   : name == "color"    ? &options.color
                   : name == "infrared" ? &options.infrared
                   : name == "accel"    ? &options.accel
                                        : nullptr;
    if (wanted == nullptr || *wanted)
      return bad(fmt::format(
          "option streams={}: expected some of depth, color, infrared, accel, each once", streams));
    *wanted = true;
  } while (!rest.empty());
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
