// ball_client.cpp - lenswire ball-client: the client half of the ball bench.
#include "client/ball_client.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/module.hpp"
#include "cli/ball_finders.hpp"
#include "cli/command.hpp"
#include "cli/rtc_options.hpp"
#include "cli/text.hpp"
#include "net/address.hpp"
#include "net/rtc_servers.hpp"

namespace lenswire::cli {
namespace {

constexpr std::uint16_t kDefaultPort = 8080;

struct Options {
  std::string server = "127.0.0.1:8080";
  std::string detector = "hough";
  std::uint64_t frames = 0;
  bool json = false;
  RtcServers rtc;
};

// Pictures one by one as JSON, or a line of text each second.
class Reporter final : public client::BallObserver {
 public:
  Reporter(const Options& options) : options_(options) {}

  bool saw(const client::BallSighting& sighting) override {
    ++frames_;
    ++frames_in_window_;
    if (sighting.ball) ++found_in_window_;
    if (options_.json)
      print_json(sighting);
    else
      print_text(sighting);
    if (std::fflush(stdout) != 0) return false;  // nobody reads any more
    return options_.frames == 0 || frames_ < options_.frames;
  }

  void connected() override {
    fmt::print(stderr, "lenswire: connected to {}\n", options_.server);
    window_began_ = base::system_clock().now();
    frames_in_window_ = found_in_window_ = 0;
    told_.clear();
  }

  void disconnected(const Error& why, Nanoseconds retry_in) override {
    // Once for each reason: while there is no server, it is the same every time.
    if (std::exchange(told_, why.message) == why.message) return;
    fmt::print(stderr, "lenswire: {}; trying again in {}\n", printable(why.message),
               milliseconds_text(retry_in));
  }

 private:
  static void print_json(const client::BallSighting& sighting) {
    nlohmann::json line = {{"frame", sighting.frame},
                           {"received_to_estimate_ns", sighting.received_to_estimate.count()},
                           {"dropped", sighting.dropped}};
    if (sighting.ball) {
      line["x_px"] = sighting.ball->x_px;
      line["y_px"] = sighting.ball->y_px;
      line["radius_px"] = sighting.ball->radius_px;
    }
    fmt::print("{}\n", json_line(line));
  }

  void print_text(const client::BallSighting& sighting) {
    const auto now = base::system_clock().now();
    const auto spent = std::chrono::duration<double>(now - window_began_).count();
    if (spent < 1) return;
    const auto place =
        sighting.ball ? fmt::format("({:.1f}, {:.1f})", sighting.ball->x_px, sighting.ball->y_px)
                      : std::string("not found");
    fmt::print("{:6.1f} pictures a second, ball in {} of {}, newest {}, found in {}, {} dropped\n",
               static_cast<double>(frames_in_window_) / spent, found_in_window_, frames_in_window_,
               place, milliseconds_text(sighting.received_to_estimate), sighting.dropped);
    window_began_ = now;
    frames_in_window_ = found_in_window_ = 0;
  }

  const Options& options_;
  std::uint64_t frames_ = 0;
  std::uint64_t frames_in_window_ = 0;
  std::uint64_t found_in_window_ = 0;
  MonotonicTime window_began_{};
  std::string told_;
};

Result<void> run(const Options& options, const Context& context) {
  const auto colon = options.server.rfind(':');
  const bool bracketed = options.server.ends_with(']');
  client::BallClientSettings settings;
  settings.host = options.server;
  settings.port = kDefaultPort;
  if (colon != std::string::npos && !bracketed) {
    const auto port = options.server.substr(colon + 1);
    unsigned number = 0;
    if (!CLI::detail::lexical_cast(port, number) || number == 0 || number > 65535)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("'{}': expected HOST:PORT, as in 127.0.0.1:8080", options.server));
    settings.port = static_cast<std::uint16_t>(number);
    settings.host = options.server.substr(0, colon);
  }
  if (settings.host.starts_with('[') && settings.host.ends_with(']'))
    settings.host = settings.host.substr(1, settings.host.size() - 2);
  if (settings.host.empty())
    return fail(ErrorCode::InvalidArgument, "HOST:PORT: the host is missing");
  auto peer = net::rtc_peer_settings(options.rtc);
  if (!peer) return fail(std::move(peer).error());
  settings.peer = std::move(*peer);
  const auto finder = make_ball_finder(options.detector, {});
  if (!finder) return fail(finder.error());
  const auto stack = base::load_module<net::RtcStack>("webrtc");
  if (!stack) return fail(stack.error());
  client::BallClient client(settings, **stack, **finder);
  Reporter reporter(options);
  return client.run(reporter, context.stop);
}

}  // namespace

void add_ball_client(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "ball-client", "Find the ball in a ball server's pictures and send its centre back");
  auto options = std::make_shared<Options>();
  command->add_option("SERVER", options->server, "HOST[:PORT] of the ball door, or of an original")
      ->capture_default_str();
  add_detector_option(*command, options->detector);
  command->add_option("--frames", options->frames, "Stop after so many pictures; 0 = go on");
  command->add_flag("--json", options->json, "One line of JSON for each picture");
  add_rtc_options(*command, options->rtc);
  command->footer(
      "Waits for the server, and comes back to one that went away.\n"
      "The server shows the errors: `lenswire serve --camera ball=synthetic:ball --door "
      "'ball?table=1'`.\n"
      "Example: lenswire ball-client 192.168.1.20:8080");
  command->callback([options, &context] { context.finish(run(*options, context)); });
}

}  // namespace lenswire::cli
