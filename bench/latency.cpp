#include "bench/latency.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <lenswire/client.hpp>
#include <lenswire/server.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "bench/bare_server.hpp"
#include "bench/bench_source.hpp"
#include "bench/child_process.hpp"
#include "bench/statistics.hpp"

namespace lenswire::bench {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kFrameBytes = std::size_t{640} * 480 * 2;
// "As fast as it goes" for our source: more than any link here takes.
constexpr double kFlatOutHz = 40'000;
constexpr double kWarmUpSeconds = 0.5;

struct Options {
  int windows = 5;
  double seconds = 3;
  double rate_hz = 90;
  bool json = false;
};

struct Window {
  double p50_us = 0;
  double p99_us = 0;
  double frames_per_s = 0;
};

// Both sides share CLOCK_MONOTONIC: they run on one machine.
double now_s() { return static_cast<double>(to_ns(base::system_clock().now())) * 1e-9; }

template <typename NextFrame>
Window collect(double seconds, NextFrame next_frame) {
  const auto warm_until = now_s() + kWarmUpSeconds;
  while (now_s() < warm_until) next_frame();
  std::vector<double> ages;
  const auto start = now_s();
  while (now_s() - start < seconds) ages.push_back(next_frame() * 1e6);
  Window window;
  window.frames_per_s = static_cast<double>(ages.size()) / (now_s() - start);
  window.p50_us = percentile(ages, 0.5);
  window.p99_us = percentile(ages, 0.99);
  return window;
}

void receive_all(int fd, void* into, std::size_t bytes) {
  auto* at = static_cast<char*>(into);
  while (bytes > 0) {
    const auto got = ::recv(fd, at, bytes, 0);
    if (got <= 0) throw Exception({ErrorCode::Disconnected, "the bare server is gone"});
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

Window measure_bare(double rate_hz, const Options& options) {
  const ChildServer server(-1, [rate_hz](const auto& report_port) {
    serve_bare_frames(kFrameBytes, rate_hz, report_port);
  });
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw Exception({ErrorCode::Disconnected, "cannot reach the bare server"});
  std::vector<char> picture(kFrameBytes);
  const auto window = collect(options.seconds, [&] {
    std::array<std::int64_t, 2> head{};
    receive_all(fd, head.data(), sizeof head);
    receive_all(fd, picture.data(), picture.size());
    return now_s() - static_cast<double>(head[1]) * 1e-9;
  });
  ::close(fd);
  return window;
}

Window measure_lenswire(double rate_hz, const Options& options) {
  const ChildServer server(-1, [rate_hz](const auto& report_port) {
    base::set_log_level(base::LogLevel::Error);
    source::SourceTable sources;
    sources.add(bench_source_kind());
    ServerSettings settings;
    settings.cameras = {
        {"bench", "bench:depth?size=640x480&fps=" + std::to_string(rate_hz), false}};
    settings.listen = {"127.0.0.1:0"};
    settings.io_threads = 1;
    settings.encoder_threads = 1;
    auto running = unwrap(Server::start(settings, sources));
    const auto address = running->addresses().front();
    report_port(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    while (true) ::pause();
  });
  const auto client =
      unwrap(Client::connect("lenswire://127.0.0.1:" + std::to_string(server.port())));
  SubscribeSettings settings;
  settings.camera = "bench";
  settings.stream = "depth";
  settings.codec = "raw";
  settings.window_frames = 4;
  unwrap(client->subscribe(settings));
  return collect(options.seconds, [&] {
    const auto frame = unwrap(client->next(std::chrono::seconds(10)));
    return now_s() - static_cast<double>(to_ns(frame.server_capture_time)) * 1e-9;
  });
}

ordered_json figures(const std::vector<Window>& windows) {
  std::vector<double> p50;
  std::vector<double> p99;
  std::vector<double> rate;
  for (const auto& window : windows) {
    p50.push_back(window.p50_us);
    p99.push_back(window.p99_us);
    rate.push_back(window.frames_per_s);
  }
  return {{"p50_us", median(p50)}, {"p99_us", median(p99)}, {"frames_per_s", median(rate)}};
}

template <typename Field>
double median_ratio(const std::vector<Window>& ours, const std::vector<Window>& bare, Field field) {
  std::vector<double> values;
  for (std::size_t i = 0; i < ours.size(); ++i)
    if (bare[i].*field > 0) values.push_back(ours[i].*field / (bare[i].*field));
  return median(values);
}

}  // namespace

int run_latency(int argc, char** argv) {
  Options options;
  CLI::App app("640x480 raw depth to one native client over TCP: age and largest rate");
  app.name("lenswire-bench latency");
  app.footer("Example: lenswire-bench latency --json\nThe server has core 0, the client core 1.");
  app.add_option("--windows", options.windows, "windows of each kind")->check(CLI::Range(1, 1000));
  app.add_option("--seconds", options.seconds, "length of a window")->check(CLI::Range(0.1, 600.0));
  app.add_option("--rate", options.rate_hz, "frames a second")->check(CLI::Range(1.0, 1000.0));
  app.add_flag("--json", options.json, "JSON only");
  CLI11_PARSE(app, argc, argv);
  pin_to_core(-1);
  try {
    std::vector<Window> bare;
    std::vector<Window> ours;
    std::vector<Window> bare_flat_out;
    std::vector<Window> ours_flat_out;
    for (int i = 0; i < options.windows; ++i) {
      bare.push_back(measure_bare(options.rate_hz, options));
      ours.push_back(measure_lenswire(options.rate_hz, options));
      bare_flat_out.push_back(measure_bare(0, options));
      ours_flat_out.push_back(measure_lenswire(kFlatOutHz, options));
      if (!options.json)
        std::printf(
            "window %d: bare p50 %.0f p99 %.0f us, %.0f/s; lenswire %.0f, %.0f us, %.0f/s\n", i,
            bare.back().p50_us, bare.back().p99_us, bare_flat_out.back().frames_per_s,
            ours.back().p50_us, ours.back().p99_us, ours_flat_out.back().frames_per_s);
    }
    const ordered_json result = {
        {"bare", figures(bare)},
        {"lenswire", figures(ours)},
        {"p50_ratio", median_ratio(ours, bare, &Window::p50_us)},
        {"p99_ratio", median_ratio(ours, bare, &Window::p99_us)},
        {"flat_out", {{"bare", figures(bare_flat_out)}, {"lenswire", figures(ours_flat_out)}}},
        {"rate_ratio", median_ratio(ours_flat_out, bare_flat_out, &Window::frames_per_s)}};
    std::printf("%s\n", ordered_json{{"latency", result}}.dump().c_str());
  } catch (const Exception& error) {
    std::fprintf(stderr, "lenswire-bench: %s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace lenswire::bench
