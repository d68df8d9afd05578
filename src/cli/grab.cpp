// grab.cpp - lenswire grab: frames of a camera as files.
#include <fmt/format.h>

#include <algorithm>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "cli/frame_files.hpp"
#include "cli/progress.hpp"
#include "cli/remote.hpp"
#include "cli/source_grab.hpp"
#include "cli/text.hpp"

namespace lenswire::cli {
namespace {

struct Options {
  RemoteOptions remote;
  std::uint64_t frames = 1;
  std::string folder = ".";
  std::string format;
  std::string codec;
  std::string filter;
  std::string policy = "latest";
  double timeout_s = 10;
  double rate_hz = 0;
  double scale = 1;
  int quality = 80;
  bool json = false;
};

// One stream being grabbed.
struct Track {
  std::uint32_t subscription = 0;
  FileFormat format = FileFormat::Png;
  std::uint64_t frames = 0;
};

FileFormat format_for(const Options& options, const StreamProfile& profile) {
  return options.format.empty() ? usual_format(profile) : file_format(options.format);
}

Result<Track> start(Client& client, const Options& options, const CameraInfo& camera,
                    const StreamProfile& profile) {
  Track track;
  track.format = format_for(options, profile);
  if (auto possible = check_format(profile, track.format); !possible)
    return fail(std::move(possible).error());
  SubscribeSettings settings;
  settings.camera = camera.name;
  settings.stream = profile.stream;
  settings.policy = options.policy == "every" ? DeliveryPolicy::Every : DeliveryPolicy::Latest;
  settings.queue_frames = 64;
  settings.quality = options.quality;
  settings.rate_hz = options.rate_hz;
  settings.scale = options.scale;
  if (profile.kind == StreamKind::Depth) settings.filter = options.filter;
  // A JPEG goes into its file as it came; so does a PNG.
  if (track.format == FileFormat::Jpg) settings.codec = "jpeg";
  if (!options.codec.empty()) settings.codec = options.codec;
  settings.decode = !(track.format == FileFormat::Jpg && settings.codec == "jpeg") &&
                    !(track.format == FileFormat::Png && settings.codec == "png");
  auto subscription = client.subscribe(settings);
  if (!subscription) return fail(std::move(subscription).error());
  track.subscription = subscription->id;
  return track;
}

void report(const Options& options, std::size_t streams, std::uint64_t frames, std::uint64_t missed,
            const FrameFiles& files) {
  if (options.json) {
    fmt::print("{}\n", json_line({{"frames", frames},
                                  {"streams", streams},
                                  {"missed", missed},
                                  {"bytes", files.bytes_written()},
                                  {"folder", options.folder}}));
    return;
  }
  fmt::print(
      "{} frames ({}) in {}{}\n", frames, bytes_text(static_cast<double>(files.bytes_written())),
      options.folder,
      missed == 0 ? ", none missed between them" : fmt::format(", {} missed between them", missed));
}

// Options that only a lenswire server can fulfil.
Result<void> check_source_options(const Options& options) {
  const auto& settings = options.remote.settings;
  const std::pair<bool, std::string_view> given[] = {
      {!options.codec.empty(), "--codec"},
      {options.policy != "latest", "--policy"},
      {options.quality != 80, "--quality"},
      {options.rate_hz != 0, "--rate"},
      {options.scale != 1, "--scale"},
      {options.remote.connect_timeout_s != 10, "--connect-timeout"},
      {!settings.ca_file.empty(), "--ca-file"},
      {!settings.pin_sha256.empty(), "--pin-sha256"},
      {settings.insecure, "--insecure"}};
  for (const auto& [used, name] : given)
    if (used)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{} is for cameras of a lenswire server; {} is read directly", name,
                              options.remote.url));
  return {};
}

Result<void> run_source(const Options& options, const Context& context) {
  if (auto ok = check_source_options(options); !ok) return ok;
  auto files = FrameFiles::open(options.folder);
  if (!files) return fail(std::move(files).error());
  SourceGrab grab;
  grab.uri = options.remote.url;
  grab.frames = options.frames;
  grab.filter = options.filter;
  grab.timeout =
      std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(options.timeout_s));
  grab.format = [&options](const StreamProfile& profile) { return format_for(options, profile); };
  const auto done = grab_from_source(grab, *files, context.stop);
  if (!done) return fail(done.error());
  report(options, done->streams, done->frames, done->missed, *files);
  return {};
}

Result<void> run(const Options& options, const Context& context) {
  if (is_source_uri(options.remote.url)) return run_source(options, context);
  const auto url = base::LenswireUrl::parse(options.remote.url);
  if (!url) return fail(url.error());
  auto opened = connect(options.remote, context);
  if (!opened) return fail(std::move(opened).error());
  auto& client = **opened;
  const auto camera = choose_camera(client, *url);
  if (!camera) return fail(camera.error());
  const auto streams = choose_streams(*camera, *url);
  if (!streams) return fail(streams.error());
  for (const auto& stream : *streams) {
    const auto format = format_for(options, *stream.profile);
    if (auto possible = check_format(*stream.profile, format); !possible) return possible;
  }
  auto files = FrameFiles::open(options.folder);
  if (!files) return fail(std::move(files).error());

  std::vector<Track> tracks;
  for (const auto& stream : *streams) {
    auto track = start(client, options, *camera, *stream.profile);
    if (!track) return fail(std::move(track).error());
    tracks.push_back(*track);
  }
  const auto timeout =
      std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(options.timeout_s));
  const auto total = options.frames * tracks.size();
  std::uint64_t done = 0;
  std::uint64_t missed = 0;
  {
    Progress progress(total, "frames");
    while (done < total) {
      const auto received = client.next(timeout);
      if (!received) return fail(received.error());
      const auto track = std::find_if(tracks.begin(), tracks.end(), [&](const auto& t) {
        return t.subscription == received->subscription;
      });
      if (track == tracks.end() || track->frames == options.frames) continue;
      if (track->frames > 0) missed += received->missed.total();
      if (auto written = files->write(*received, camera->name, track->format); !written)
        return written;
      ++done;
      if (++track->frames == options.frames && tracks.size() > 1)
        if (auto ended = client.unsubscribe(track->subscription); !ended) return ended;
      progress.step(done);
    }
  }
  report(options, tracks.size(), done, missed, *files);
  return {};
}

}  // namespace

void add_grab(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("grab", "Save frames of a camera as files");
  auto options = std::make_shared<Options>();
  command
      ->add_option("URL", options->remote.url,
                   "HOST[:PORT]/CAMERA[/STREAM], all streams but skeletons if none is named; or "
                   "a source URI")
      ->required();
  command->add_option("--frames", options->frames, "How many of each stream")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  command->add_option("--out", options->folder, "Folder to write to; made if missing")
      ->capture_default_str();
  command
      ->add_option("--format", options->format,
                   "png, jpg, raw, ply or json; default: jpg for colour, png (exact, 16 bit) for "
                   "depth, json for skeletons")
      ->check(CLI::IsMember({"png", "jpg", "raw", "ply", "json"}));
  command->add_option("--codec", options->codec, "Codec on the wire: auto, raw, jpeg, png, ...");
  command
      ->add_option("--policy", options->policy, "latest: skip frames when slow; every: skip none")
      ->check(CLI::IsMember({"latest", "every"}));
  command->add_option("--quality", options->quality, "JPEG quality")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--rate", options->rate_hz, "At most so many frames a second; 0 = all")
      ->check(CLI::Range(0.0, 100000.0));
  command->add_option("--scale", options->scale, "Size of the picture, above 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--filter", options->filter,
                   "Filters for depth streams, e.g. decimate:2,spatial,temporal,holes:nearest "
                   "(docs/filters.md)")
      ->type_name("FILTERS");
  command->add_option("--timeout", options->timeout_s, "Seconds to wait for a frame")
      ->check(CLI::Range(0.001, 86400.0))
      ->capture_default_str();
  command->add_flag("--json", options->json, "The summary as one line of JSON");
  add_remote_options(*command, options->remote);
  command->footer(
      "Writes CAMERA-STREAM-SEQUENCE.EXT, and frames.jsonl with times, missed frames and "
      "calibration.\nExample: lenswire grab 127.0.0.1/room/depth --frames 40 --out depth "
      "--policy every\n"
      "A source URI (docs/sources.md) is read without a server:\n"
      "Example: lenswire grab camera2tcp://10.0.0.7:8080/RGBWebcam --frames 12 --format png");
  command->callback([options, &context] { context.finish(run(*options, context)); });
}

}  // namespace lenswire::cli
