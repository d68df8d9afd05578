#include "source/synthetic/synthetic_source.hpp"

#include <fmt/format.h>

#include <limits>

#include "source/synthetic/ball_source.hpp"
#include "source/synthetic/room_source.hpp"

namespace lenswire::source {
namespace {

using synthetic::BallOptions;
using synthetic::RoomOptions;

constexpr std::uint32_t kMaxSide = 4096;
constexpr std::uint64_t kMaxPixels = 4096ULL * 2304;
constexpr std::int64_t kMaxFigures = 3;
constexpr double kMaxRateHz = 1000;
constexpr double kMinRateHz = 0.1;

Error in_uri(const std::string& uri, Error error) {
  error.message = fmt::format("{}: {}", uri, error.message);
  return error;
}

Result<base::QueryOptions::Size> size_option(base::QueryOptions& options,
                                             base::QueryOptions::Size fallback,
                                             std::uint32_t min_side) {
  auto size = options.size("size", fallback, kMaxSide);
  if (!size) return size;
  if (size->width < min_side || size->height < min_side ||
      std::uint64_t{size->width} * size->height > kMaxPixels)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("option size={}x{}: expected at least {} pixels a side and at most {} "
                            "in all",
                            size->width, size->height, min_side, kMaxPixels));
  return size;
}

Result<RoomOptions> room_options(base::QueryOptions& options) {
  RoomOptions room;
  const auto size = size_option(options, {room.width, room.height}, 64);
  if (!size) return fail(size.error());
  const auto rate = options.number("fps", room.rate_hz, kMinRateHz, kMaxRateHz);
  if (!rate) return fail(rate.error());
  const auto seed = options.integer("seed", 1, 0, std::numeric_limits<std::int64_t>::max());
  if (!seed) return fail(seed.error());
  const auto noise = options.number("noise", room.look.noise, 0, 4);
  if (!noise) return fail(noise.error());
  const auto holes = options.boolean("holes", room.look.holes);
  if (!holes) return fail(holes.error());
  const auto depth = options.boolean("depth", true);
  if (!depth) return fail(depth.error());
  auto color = options.text("color", "rgb8");
  // The name that other sources have for it; wins, so that it can be put into any URI.
  const auto format = options.text("format", color);
  if (color != "none") color = format;
  const auto pattern = options.text("pattern", "textured");
  const auto figures = options.integer("figure", 0, 0, kMaxFigures);
  if (!figures) return fail(figures.error());
  if (const auto done =
          options.finish("size, fps, seed, noise, holes, pattern, color, format, depth, figure");
      !done)
    return fail(done.error());

  room.width = size->width;
  room.height = size->height;
  room.rate_hz = *rate;
  room.seed = static_cast<std::uint64_t>(*seed);
  room.look.noise = *noise;
  room.look.holes = *holes;
  room.has_depth = *depth;
  room.figures = static_cast<std::size_t>(*figures);
  if (color == "yuyv")
    room.color_format = PixelFormat::YUYV;
  else if (color == "mjpeg")
    room.color_format = PixelFormat::MJPEG;
  else if (color == "none")
    room.has_color = false;
  else if (color != "rgb8")
    return fail(ErrorCode::InvalidArgument,
                fmt::format("option color={}: expected rgb8, yuyv, mjpeg or none", color));
  if (room.has_color && room.color_format == PixelFormat::YUYV && room.width % 2 != 0)
    return fail(ErrorCode::InvalidArgument, "option color=yuyv: the width has to be even");
  if (!room.has_color && !room.has_depth)
    return fail(ErrorCode::InvalidArgument, "options color=none and depth=0 leave no stream");
  for (std::size_t i = 0; i < synthetic::kRoomPatternNames.size(); ++i)
    if (synthetic::kRoomPatternNames[i] == pattern) {
      room.look.pattern = static_cast<synthetic::RoomPattern>(i);
      return room;
    }
  return fail(
      ErrorCode::InvalidArgument,
      fmt::format("option pattern={}: expected textured, plain, checker or labels", pattern));
}

Result<BallOptions> ball_options(base::QueryOptions& options) {
  BallOptions ball;
  const auto size =
      size_option(options, {ball.width, ball.height}, 2 * synthetic::kBallRadiusPx + 2);
  if (!size) return fail(size.error());
  const auto rate = options.number("fps", ball.rate_hz, kMinRateHz, kMaxRateHz);
  if (!rate) return fail(rate.error());
  const auto seed = options.integer("seed", 1, 0, std::numeric_limits<std::int64_t>::max());
  if (!seed) return fail(seed.error());
  if (const auto done = options.finish("size, fps, seed"); !done) return fail(done.error());
  return BallOptions{size->width, size->height, *rate, static_cast<std::uint64_t>(*seed)};
}

}  // namespace

Result<std::unique_ptr<Source>> make_synthetic_source(base::SourceUri uri,
                                                      const SourceContext& context) {
  if (uri.path == "room") {
    const auto options = room_options(uri.options);
    if (!options) return fail(in_uri(uri.text, options.error()));
    return std::make_unique<synthetic::RoomSource>(*options, context.clock);
  }
  if (uri.path == "ball") {
    const auto options = ball_options(uri.options);
    if (!options) return fail(in_uri(uri.text, options.error()));
    return std::make_unique<synthetic::BallSource>(*options, context.clock);
  }
  return fail(ErrorCode::InvalidArgument,
              fmt::format("{}: no scene '{}'; there are synthetic:room and synthetic:ball",
                          uri.text, uri.path));
}

}  // namespace lenswire::source
