// ping.cpp - lenswire ping: round trip and clock offset.
#include <fmt/format.h>

#include <algorithm>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/remote.hpp"
#include "cli/text.hpp"

namespace lenswire::cli {
namespace {

struct Options {
  RemoteOptions remote;
  int count = 5;
  double interval_s = 0.2;
  bool json = false;
};

nlohmann::json to_json(const ClockOffset& sample) {
  return {{"round_trip_ns", sample.round_trip.count()},
          {"server_minus_client_ns", sample.server_minus_client.count()},
          {"uncertainty_ns", sample.uncertainty.count()}};
}

Result<void> run(const Options& options, const Context& context) {
  auto client = connect(options.remote, context);
  if (!client) return fail(std::move(client).error());
  std::vector<Nanoseconds> trips;
  std::optional<ClockOffset> best;
  for (int i = 0; i < options.count; ++i) {
    const auto sample = (*client)->ping(1);
    if (!sample) return fail(sample.error());
    trips.push_back(sample->round_trip);
    if (!best || sample->round_trip < best->round_trip) best = *sample;
    if (options.json)
      fmt::print("{}\n", json_line(to_json(*sample)));
    else
      fmt::print("{}: round trip {}\n", i + 1, milliseconds_text(sample->round_trip));
    std::fflush(stdout);
    const auto pause = std::chrono::duration<double>(options.interval_s);
    if (i + 1 < options.count &&
        context.stop.wait_for(std::chrono::duration_cast<Nanoseconds>(pause)))
      return fail(ErrorCode::Closed, "interrupted");
  }
  if (options.json) return {};
  std::sort(trips.begin(), trips.end());
  fmt::print("least {}, median {}, most {}; the server's clock is {} ahead, to within {}\n",
             milliseconds_text(trips.front()), milliseconds_text(trips[trips.size() / 2]),
             milliseconds_text(trips.back()), milliseconds_text(best->server_minus_client),
             milliseconds_text(best->uncertainty));
  return {};
}

}  // namespace

void add_ping(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("ping", "Measure round trip and clock offset to a server");
  auto options = std::make_shared<Options>();
  command->add_option("URL", options->remote.url, "HOST[:PORT]")->capture_default_str();
  command->add_option("--count", options->count, "How often")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--interval", options->interval_s, "Seconds between two")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  command->add_flag("--json", options->json, "One line of JSON each");
  add_remote_options(*command, options->remote);
  command->footer("Example: lenswire ping 192.168.1.20 --count 20");
  command->callback([options, &context] { context.finish(run(*options, context)); });
}

}  // namespace lenswire::cli
