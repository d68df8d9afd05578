#include "source/replay/replay_source.hpp"

#include <fmt/format.h>

#include <cstring>
#include <fstream>

#include "base/stop_token.hpp"
#include "source/frame_pacer.hpp"
#include "source/picture_file.hpp"
#include "source/replay/replay_calibration.hpp"
#include "source/replay/replay_folder.hpp"
#include "source/replay/replay_reader.hpp"

namespace lenswire::source {
namespace {

using replay::Calibration;
using replay::Entry;

Result<Calibration> read_calibration(const std::filesystem::path& folder) {
  const auto path = folder / "calibration.json";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Calibration{};
  if (const auto readable = check_file(path); !readable) return fail(readable.error());
  std::ifstream file(path, std::ios::binary);
  // One more than is allowed shows that there is too much.
  std::string text(replay::kMaxCalibrationBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  auto calibration = replay::parse_calibration(text);
  if (!calibration)
    return fail(calibration.error().code,
                fmt::format("{}: {}", path.string(), calibration.error().message));
  return calibration;
}

/// Why a picture cannot belong to a stream of this kind; empty where it can.
std::string unfit(StreamKind kind, PixelFormat format) {
  if (kind == StreamKind::Depth && format != PixelFormat::Z16)
    return "is not a 16-bit grey PNG, which depth needs";
  if (kind == StreamKind::Color && format == PixelFormat::Z16)
    return "is a 16-bit grey PNG, which is no colour picture";
  return {};
}

struct FirstPicture {
  std::optional<frame::Image> image;
  std::uint64_t bytes = 0;           // of all pictures of this kind, by this one's size
  std::optional<Error> first_error;  // of the files before it, or of all
};

/// The first usable picture of a kind decides how its stream looks.
FirstPicture first_picture(const std::filesystem::path& folder, const std::vector<Entry>& entries,
                           std::string Entry::*name, StreamKind kind, const base::StopToken& stop) {
  FirstPicture first;
  std::uint64_t count = 0;
  for (const auto& entry : entries) {
    if ((entry.*name).empty()) continue;
    ++count;
    if (first.image || stop.stop_requested()) continue;
    auto image = load_picture(folder / (entry.*name));
    std::optional<Error> problem;
    if (!image)
      problem = std::move(image.error());
    else if (const auto why = unfit(kind, image->format); !why.empty())
      problem = Error{ErrorCode::InvalidArgument,
                      fmt::format("{} {}", (folder / (entry.*name)).string(), why)};
    else
      first.image = std::move(*image);
    if (problem && !first.first_error) first.first_error = std::move(problem);
  }
  if (first.image) first.bytes = first.image->data.size() * count;
  return first;
}

Result<StreamProfilePtr> profile_of(const ReplayOptions& options, StreamKind kind,
                                    const frame::Image& image,
                                    const replay::StreamCalibration& calibration) {
  auto profile = std::make_shared<StreamProfile>();
  profile->stream = std::string(to_string(kind));
  profile->kind = kind;
  profile->format = image.format;
  profile->width = image.width;
  profile->height = image.height;
  profile->rate_hz = options.rate_hz;
  if (kind == StreamKind::Depth)
    profile->depth_unit_m = options.unit_mm.value_or(calibration.unit_mm.value_or(1)) / 1000;
  profile->intrinsics = calibration.intrinsics;
  profile->reference_from_stream = calibration.reference_from_stream;
  if (const auto& camera = profile->intrinsics;
      camera && (camera->width != image.width || camera->height != image.height))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}: the intrinsics of '{}' are for {}x{}, but its pictures are {}x{}",
                            (options.folder / "calibration.json").string(), profile->stream,
                            camera->width, camera->height, image.width, image.height));
  return profile;
}

/// One stream while it plays.
struct Track {
  StreamProfilePtr profile;
  frame::FramePool& pool;
};

void play(SourceSink& sink, const Track& track, const std::optional<Result<frame::Image>>& picture,
          std::uint64_t number, MonotonicTime due, const base::Clock& clock,
          const std::filesystem::path& path) {
  if (!picture || !track.profile) return;
  if (!*picture) {
    sink.trouble(picture->error());
    return;
  }
  const auto& image = **picture;
  if (image.format != track.profile->format || image.width != track.profile->width ||
      image.height != track.profile->height) {
    sink.trouble(
        {ErrorCode::InvalidArgument,
         fmt::format("{} is {}x{} {}, but the stream is {}x{} {}", path.string(), image.width,
                     image.height, to_string(image.format), track.profile->width,
                     track.profile->height, to_string(track.profile->format))});
    return;
  }
  auto frame = track.pool.acquire(track.profile);
  frame->data.resize(image.data.size());
  std::memcpy(frame->data.data(), image.data.data(), image.data.size());
  frame->sequence = number;
  frame->capture_time = due;
  frame->arrival_time = clock.now();
  sink.frame(std::move(frame));
}

}  // namespace

Result<void> ReplaySource::probe() { return check_folder(options_.folder); }

Result<void> ReplaySource::run(SourceSink& sink, const base::StopToken& stop) {
  auto entries = replay::scan_folder(options_.folder);
  if (!entries) return fail(std::move(entries.error()));
  const auto calibration = read_calibration(options_.folder);
  if (!calibration) return fail(calibration.error());

  SourceDescription description;
  description.model = fmt::format("replay of {}", options_.folder.string());
  Track depth{nullptr, depth_pool_};
  Track color{nullptr, color_pool_};
  std::uint64_t bytes = 0;
  std::optional<Error> problem;
  const auto prepare = [&](Track& track, std::string Entry::*name, StreamKind kind,
                           const replay::StreamCalibration& numbers) -> Result<void> {
    auto first = first_picture(options_.folder, *entries, name, kind, stop);
    if (!first.image) {
      if (!problem) problem = std::move(first.first_error);
      return {};
    }
    auto profile = profile_of(options_, kind, *first.image, numbers);
    if (!profile) return fail(std::move(profile.error()));
    track.profile = std::move(*profile);
    bytes += first.bytes;
    description.streams.push_back(track.profile);
    return {};
  };
  if (auto done = prepare(depth, &Entry::depth, StreamKind::Depth, calibration->depth); !done)
    return done;
  if (auto done = prepare(color, &Entry::color, StreamKind::Color, calibration->color); !done)
    return done;
  if (stop.stop_requested()) return {};
  if (description.streams.empty())
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} holds no usable picture: {}", options_.folder.string(),
                            problem ? problem->message : "nothing to read"));
  sink.opened(description);
  if (problem) sink.trouble(std::move(*problem));

  const auto names = *entries;
  replay::ReplayReader reader(options_.folder, std::move(*entries),
                              bytes <= options_.max_cached_bytes);
  const auto count = names.size();
  if (!options_.loop) next_number_ = (next_number_ + count - 1) / count * count;
  const auto end = next_number_ + count;
  // Disk and decoder need not keep the first deadline.
  (void)reader.at(next_number_ % count);
  FramePacer pacer(clock_, options_.rate_hz, next_number_);
  while (const auto tick = pacer.next(stop)) {
    if (!options_.loop && tick->number >= end) {
      next_number_ = end;
      return fail(ErrorCode::Closed,
                  fmt::format("{} has played to its end", options_.folder.string()));
    }
    const auto index = tick->number % count;
    const auto pictures = reader.at(index);
    play(sink, depth, pictures->depth, tick->number, tick->due, clock_,
         options_.folder / names[index].depth);
    play(sink, color, pictures->color, tick->number, tick->due, clock_,
         options_.folder / names[index].color);
    next_number_ = tick->number + 1;
  }
  return {};
}

Result<std::unique_ptr<Source>> make_replay_source(base::SourceUri uri,
                                                   const SourceContext& context) {
  const auto in_uri = [&](Error error) {
    return fail(error.code, fmt::format("{}: {}", uri.text, error.message));
  };
  if (uri.path.empty())
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}: names no folder; write replay:FOLDER", uri.text));
  ReplayOptions options;
  options.folder = uri.path;
  const auto rate = uri.options.number("fps", options.rate_hz, 0.1, 1000);
  if (!rate) return in_uri(rate.error());
  const auto loop = uri.options.boolean("loop", options.loop);
  if (!loop) return in_uri(loop.error());
  if (uri.options.contains("unit_mm")) {
    const auto unit = uri.options.number("unit_mm", 1, 1e-6, 1e3);
    if (!unit) return in_uri(unit.error());
    options.unit_mm = *unit;
  }
  if (const auto done = uri.options.finish("fps, loop, unit_mm"); !done)
    return in_uri(done.error());
  options.rate_hz = *rate;
  options.loop = *loop;
  return std::make_unique<ReplaySource>(std::move(options), context.clock);
}

}  // namespace lenswire::source
