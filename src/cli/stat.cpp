// stat.cpp - lenswire stat: rate, latency, losses and bytes, live.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "cli/remote.hpp"
#include "cli/text.hpp"

namespace lenswire::cli {
namespace {

struct Options {
  RemoteOptions remote;
  double interval_s = 1;
  std::uint64_t count = 0;
  std::string codec = "auto";
  bool json = false;
};

// What one stream did in one interval.
struct Window {
  std::vector<Nanoseconds> latencies;  // capture to receive
  Nanoseconds uncertainty{};           // the largest
  std::uint64_t bytes = 0;
  std::array<std::uint64_t, kMissReasonCount> missed{};

  void add(const ReceivedFrame& received) {
    latencies.push_back(received.received_time - received.frame->capture_time);
    uncertainty = std::max(uncertainty, received.frame->capture_uncertainty);
    bytes += received.wire_bytes;
    for (const auto& record : received.missed.records())
      missed.at(static_cast<std::size_t>(record.reason) - 1) += record.count;
  }
  void clear() {
    latencies.clear();
    uncertainty = {};
    bytes = 0;
    missed.fill(0);
  }
  // Nearest rank. Sorts.
  Nanoseconds percentile(double share) {
    if (latencies.empty()) return {};
    std::sort(latencies.begin(), latencies.end());
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(latencies.size())));
    return latencies[std::clamp<std::size_t>(rank, 1, latencies.size()) - 1];
  }
};

struct Track {
  std::uint32_t subscription = 0;
  std::string stream;
  std::string codec;
  Window window;
};

std::string missed_text(const Window& window) {
  std::string text;
  for (std::size_t i = 0; i < window.missed.size(); ++i)
    if (window.missed.at(i) > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", window.missed.at(i),
                          to_string(static_cast<MissReason>(i + 1)));
  return text.empty() ? "none" : text;
}

void print_json(const std::string& camera, Track& track, double seconds) {
  auto missed = nlohmann::json::object();
  for (std::size_t i = 0; i < kMissReasonCount; ++i)
    missed[std::string(to_string(static_cast<MissReason>(i + 1)))] = track.window.missed.at(i);
  const auto frames = track.window.latencies.size();
  nlohmann::json line = {{"camera", camera},
                         {"stream", track.stream},
                         {"codec", track.codec},
                         {"seconds", seconds},
                         {"frames", frames},
                         {"rate_hz", static_cast<double>(frames) / seconds},
                         {"bytes_per_s", static_cast<double>(track.window.bytes) / seconds},
                         {"missed", std::move(missed)}};
  if (frames > 0) {
    line["capture_to_receive_p50_ns"] = track.window.percentile(0.5).count();
    line["capture_to_receive_p99_ns"] = track.window.percentile(0.99).count();
    line["uncertainty_ns"] = track.window.uncertainty.count();
  }
  fmt::print("{}\n", json_line(line));
}

void print_row(Track& track, double seconds) {
  auto& window = track.window;
  const auto frames = static_cast<double>(window.latencies.size());
  fmt::print("{:10} {:7} {:8.1f} {:>13} {:>13} {:>13} {:>12}  {}\n", printable(track.stream),
             printable(track.codec), frames / seconds, milliseconds_text(window.percentile(0.5)),
             milliseconds_text(window.percentile(0.99)), milliseconds_text(window.uncertainty),
             bytes_text(static_cast<double>(window.bytes) / seconds) + "/s", missed_text(window));
}

void print_table(std::vector<Track>& tracks, double seconds, bool first) {
  static const bool refresh = ::isatty(STDOUT_FILENO) == 1;
  if (refresh && !first) fmt::print("\x1b[{}A\x1b[J", tracks.size() + 1);
  if (refresh || first)
    fmt::print("{:10} {:7} {:>8} {:>13} {:>13} {:>13} {:>12}  {}\n", "stream", "codec", "rate/s",
               "age p50", "age p99", "+-", "bytes", "missed");
  for (auto& track : tracks) print_row(track, seconds);
}

Result<void> collect(Client& client, std::vector<Track>& tracks, MonotonicTime until) {
  while (true) {
    const auto left = until - base::system_clock().now();
    if (left <= Nanoseconds::zero()) return {};
    const auto received = client.next(left);
    if (!received && received.error().code == ErrorCode::Timeout) return {};
    if (!received) return fail(received.error());
    for (auto& track : tracks)
      if (track.subscription == received->subscription) track.window.add(*received);
  }
}

Result<void> run(const Options& options, const Context& context) {
  const auto url = base::LenswireUrl::parse(options.remote.url);
  if (!url) return fail(url.error());
  auto opened = connect(options.remote, context);
  if (!opened) return fail(std::move(opened).error());
  auto& client = **opened;
  const auto camera = choose_camera(client, *url);
  if (!camera) return fail(camera.error());
  const auto streams = choose_streams(*camera, *url);
  if (!streams) return fail(streams.error());
  std::vector<Track> tracks;
  for (const auto& stream : *streams) {
    SubscribeSettings settings;
    settings.camera = camera->name;
    settings.stream = stream.profile->stream;
    settings.codec = options.codec;
    settings.decode = false;  // the wire is measured, not the decoder
    const auto subscription = client.subscribe(settings);
    if (!subscription) return fail(subscription.error());
    tracks.push_back({subscription->id, settings.stream, subscription->codec, {}});
  }
  const auto interval =
      std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(options.interval_s));
  auto begun = base::system_clock().now();
  for (std::uint64_t i = 0; options.count == 0 || i < options.count; ++i) {
    if (auto collected = collect(client, tracks, begun + interval); !collected) return collected;
    const auto now = base::system_clock().now();
    const double seconds = std::chrono::duration<double>(now - begun).count();
    begun = now;
    if (options.json)
      for (auto& track : tracks) print_json(camera->name, track, seconds);
    else
      print_table(tracks, seconds, i == 0);
    if (std::fflush(stdout) != 0) return {};  // nobody reads any more
    for (auto& track : tracks) track.window.clear();
  }
  return {};
}

}  // namespace

void add_stat(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("stat", "Watch rate, latency, losses and bytes of a camera's streams");
  auto options = std::make_shared<Options>();
  command->add_option("URL", options->remote.url, "HOST[:PORT]/CAMERA[/STREAM]")->required();
  command->add_option("--count", options->count, "Stop after so many intervals; 0 = go on");
  command->add_option("--interval", options->interval_s, "Seconds")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  command->add_option("--codec", options->codec, "Codec on the wire")->capture_default_str();
  command->add_flag("--json", options->json, "One line of JSON for each stream and interval");
  add_remote_options(*command, options->remote);
  command->footer(
      "Age is from capture to receipt; +- is its uncertainty.\n"
      "Example: lenswire stat 127.0.0.1/room --json --count 5");
  command->callback([options, &context] { context.finish(run(*options, context)); });
}

}  // namespace lenswire::cli
