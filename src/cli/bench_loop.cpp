// bench_loop.cpp - lenswire bench-loop: what a vision client sees, over each transport and
// encoding.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "cli/ball_finders.hpp"
#include "cli/loop_feed.hpp"
#include "cli/loop_report.hpp"
#include "cli/progress.hpp"
#include "cli/remote.hpp"
#include "cli/text.hpp"

namespace lenswire::cli {
namespace {

// Of each line: until encoder, connection and caches are warm.
constexpr std::uint64_t kWarmUpFrames = 5;
constexpr auto kFramePatience = std::chrono::seconds(10);

struct Options {
  RemoteOptions remote;
  std::vector<std::string> transports;
  std::vector<std::string> codecs;
  std::vector<int> qualities;
  std::vector<double> scales;
  std::uint64_t frames = 150;
  std::string detector = "light";
  bool json = false;
};

// What shows most: the exact picture, what JPEG costs, half the size, and the other transports.
std::vector<LoopSetup> default_sweep() {
  return {
      {"native", "raw", 80, 1},      {"native", "png", 80, 1},       {"native", "jpeg", 95, 1},
      {"native", "jpeg", 80, 1},     {"native", "jpeg", 50, 1},      {"native", "jpeg", 20, 1},
      {"native", "jpeg", 80, 0.5},   {"websocket", "raw", 80, 1},    {"websocket", "jpeg", 80, 1},
      {"datachannel", "raw", 80, 1}, {"datachannel", "jpeg", 80, 1}, {"mjpeg", "jpeg", 80, 1}};
}

std::vector<LoopSetup> setups_of(const Options& options) {
  if (options.transports.empty() && options.codecs.empty() && options.qualities.empty() &&
      options.scales.empty())
    return default_sweep();
  const auto transports =
      options.transports.empty() ? std::vector<std::string>{"native"} : options.transports;
  const auto codecs = options.codecs.empty() ? std::vector<std::string>{"jpeg"} : options.codecs;
  const auto qualities = options.qualities.empty() ? std::vector<int>{80} : options.qualities;
  const auto scales = options.scales.empty() ? std::vector<double>{1} : options.scales;
  std::vector<LoopSetup> out;
  for (const auto& transport : transports)
    for (const auto& codec : codecs) {
      if (transport == "mjpeg" && codec != "jpeg") continue;
      for (const double scale : scales)
        for (const int quality : qualities) {
          out.push_back({transport, codec, quality, scale});
          if (codec != "jpeg") break;
        }
    }
  return out;
}

Result<void> measure(const LoopTarget& target, const Options& options, filter::BallFinder& finder,
                     LoopReport& report) {
  auto feed = open_loop_feed(target, report.setup());
  if (!feed) return fail(std::move(feed).error());
  Progress progress(options.frames, "frames");
  for (std::uint64_t i = 0; i < kWarmUpFrames + options.frames; ++i) {
    const auto frame = (*feed)->next(base::system_clock().now() + kFramePatience);
    if (!frame) return fail(frame.error());
    if (!frame->truth)
      return fail(ErrorCode::Unsupported,
                  fmt::format("camera {} does not tell where its ball is; serve one that does with "
                              "--camera ball=synthetic:ball",
                              target.url.camera));
    const auto found = finder.find(frame->picture);
    if (!found) return fail(found.error());
    if (i < kWarmUpFrames) continue;
    report.add(*frame, *found, base::system_clock().now());
    progress.step(report.frames());
  }
  return {};
}

// Camera and stream that the URL leaves out.
Result<LoopTarget> find_target(const Options& options, const Context& context) {
  auto url = base::LenswireUrl::parse(options.remote.url);
  if (!url) return fail(std::move(url).error());
  if (url->transport != base::Transport::Tcp)
    return fail(ErrorCode::InvalidArgument,
                "bench-loop measures several transports; write lenswire://host[:port]/camera and "
                "choose with --transport");
  auto client = connect(options.remote, context);
  if (!client) return fail(std::move(client).error());
  const auto camera = choose_camera(**client, *url);
  if (!camera) return fail(camera.error());
  url->camera = camera->name;
  if (url->stream.empty()) url->stream = "color";
  auto settings = options.remote.settings;
  settings.connect_timeout = settings.request_timeout = std::chrono::duration_cast<Nanoseconds>(
      std::chrono::duration<double>(options.remote.connect_timeout_s));
  return LoopTarget{std::move(*url), std::move(settings), context.stop};
}

Result<void> run(const Options& options, const Context& context) {
  const auto setups = setups_of(options);
  if (setups.empty())
    return fail(ErrorCode::InvalidArgument, "nothing to measure: mjpeg carries codec jpeg alone");
  const auto target = find_target(options, context);
  if (!target) return fail(target.error());
  if (!options.json) fmt::print("{}", LoopReport::table_head());
  bool measured = false;
  std::optional<Error> last_error;
  for (const auto& setup : setups) {
    // A ball of the original's size, as large as the scale leaves it, and a pixel for blur.
    const auto finder =
        make_ball_finder(options.detector, {16 * setup.scale - 1, 22 * setup.scale + 1});
    if (!finder) return fail(finder.error());
    LoopReport report(setup);
    if (auto done = measure(*target, options, **finder, report); !done) {
      if (context.stop.stop_requested()) return done;
      report.failed(done.error());
      last_error = std::move(done).error();
    } else {
      measured = true;
    }
    if (options.json)
      fmt::print("{}\n", json_line(report.to_json()));
    else
      fmt::print("{}", report.table_row());
    if (std::fflush(stdout) != 0) return {};  // nobody reads any more
  }
  if (!measured) return fail(std::move(*last_error));
  return {};
}

}  // namespace

void add_bench_loop(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "bench-loop", "Measure what a vision client sees: how wrong, how late, how steady");
  auto options = std::make_shared<Options>();
  command->add_option("URL", options->remote.url, "HOST[:PORT][/CAMERA], a camera synthetic:ball")
      ->capture_default_str();
  command
      ->add_option("--transport", options->transports,
                   "native, websocket, datachannel or mjpeg; repeatable")
      ->check(CLI::IsMember({"native", "websocket", "datachannel", "mjpeg"}));
  command->add_option("--codec", options->codecs, "raw, png or jpeg; repeatable")
      ->check(CLI::IsMember({"raw", "png", "jpeg"}));
  command->add_option("--quality", options->qualities, "Of JPEG; repeatable")
      ->check(CLI::Range(1, 100));
  command->add_option("--scale", options->scales, "0.1 to 1; repeatable")
      ->check(CLI::Range(0.1, 1.0));
  command->add_option("--frames", options->frames, "Of each line")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  add_detector_option(*command, options->detector);
  command->add_flag("--json", options->json, "One line of JSON for each combination");
  add_remote_options(*command, options->remote);
  command->footer(
      "Every combination of what is given is measured; without any, a choice that shows most.\n"
      "Errors are in pixels of the camera, times from capture to estimate; docs/bench-loop.md.\n"
      "Example: lenswire bench-loop 127.0.0.1/ball --codec raw --codec jpeg --quality 90 --quality "
      "30");
  command->callback([options, &context] { context.finish(run(*options, context)); });
}

}  // namespace lenswire::cli
