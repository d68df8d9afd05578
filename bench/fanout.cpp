#include "bench/fanout.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <lenswire/server.hpp>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "bench/bare_server.hpp"
#include "bench/bench_source.hpp"
#include "bench/child_process.hpp"
#include "bench/jpeg_viewers.hpp"
#include "bench/statistics.hpp"

namespace lenswire::bench {
namespace {

using nlohmann::ordered_json;

constexpr int kServerCore = 0;
constexpr int kClientCore = 1;
constexpr double kRateHz = 30;
constexpr double kWarmUpSeconds = 1.0;

struct Options {
  std::vector<int> clients = {10, 100, 500};
  int many = 1000;
  int windows = 5;
  double seconds = 2;
  std::size_t frame_bytes = 76'000;
  bool json = false;
};

const char* path_of(bool bare) { return bare ? "/" : "/cameras/bench/color.mjpeg"; }

ChildServer::Serve server_of(bool bare, const Options& options) {
  return [bare, &options](const std::function<void(std::uint16_t)>& report_port) {
    if (bare) return serve_bare_mjpeg(options.frame_bytes, kRateHz, report_port);
    base::set_log_level(base::LogLevel::Error);
    source::SourceTable sources;
    sources.add(bench_source_kind());
    ServerSettings settings;
    settings.cameras = {
        {"bench", "bench:jpeg?fps=30&bytes=" + std::to_string(options.frame_bytes), false}};
    settings.listen = {"127.0.0.1:0"};
    settings.io_threads = 1;
    settings.encoder_threads = 1;
    settings.max_connections = 4096;
    auto server = unwrap(Server::start(settings, sources));
    const auto address = server->addresses().front();
    report_port(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    while (true) ::pause();
  };
}

struct Window {
  double cpu_us_per_frame = 0;
  double p50_us = 0;
  double p99_us = 0;
  double slow_p50_us = 0;
  double worst_rate_hz = 0;
  std::uint64_t gaps = 0;
  std::uint64_t closed = 0;
  std::int64_t resident_bytes = 0;
};

Window measure(bool bare, int clients, int slow, const Options& options) {
  const ChildServer server(kServerCore, server_of(bare, options));
  JpegViewers viewers(server.port(), path_of(bare), clients, slow);
  viewers.watch(kWarmUpSeconds + (slow > 0 ? 2.0 : 0.0));
  const auto before = server.usage();
  auto report = viewers.watch(options.seconds);
  const auto after = server.usage();
  Window window;
  if (report.frames > 0)
    window.cpu_us_per_frame = static_cast<double>(after.cpu_ns - before.cpu_ns) / 1e3 /
                              static_cast<double>(report.frames);
  window.p50_us = percentile(report.ages_us, 0.5);
  window.p99_us = percentile(report.ages_us, 0.99);
  window.slow_p50_us = percentile(report.slow_ages_us, 0.5);
  window.worst_rate_hz = report.worst_rate_hz;
  window.gaps = report.gaps;
  window.closed = report.closed;
  window.resident_bytes = after.resident_bytes;
  return window;
}

template <typename Field>
double median_of(const std::vector<Window>& windows, Field field) {
  std::vector<double> values;
  for (const auto& window : windows) values.push_back(static_cast<double>(window.*field));
  return median(values);
}

template <typename Field>
double median_ratio(const std::vector<Window>& ours, const std::vector<Window>& theirs,
                    Field field) {
  std::vector<double> values;
  for (std::size_t i = 0; i < ours.size(); ++i)
    if (theirs[i].*field > 0) values.push_back(ours[i].*field / (theirs[i].*field));
  return median(values);
}

ordered_json figures(const std::vector<Window>& windows) {
  return {{"cpu_us_per_frame", median_of(windows, &Window::cpu_us_per_frame)},
          {"p50_us", median_of(windows, &Window::p50_us)},
          {"p99_us", median_of(windows, &Window::p99_us)},
          {"worst_rate_hz", median_of(windows, &Window::worst_rate_hz)},
          {"gaps", median_of(windows, &Window::gaps)}};
}

ordered_json compare(int clients, const Options& options) {
  std::vector<Window> bare;
  std::vector<Window> ours;
  for (int i = 0; i < options.windows; ++i) {
    bare.push_back(measure(true, clients, 0, options));
    ours.push_back(measure(false, clients, 0, options));
    if (!options.json)
      std::printf(
          "N=%d window %d: bare %.1f us/frame p50 %.0f p99 %.0f us; lenswire %.1f, %.0f, "
          "%.0f us\n",
          clients, i, bare.back().cpu_us_per_frame, bare.back().p50_us, bare.back().p99_us,
          ours.back().cpu_us_per_frame, ours.back().p50_us, ours.back().p99_us);
  }
  return {{"bare", figures(bare)},
          {"lenswire", figures(ours)},
          {"cpu_ratio", median_ratio(ours, bare, &Window::cpu_us_per_frame)},
          {"p50_ratio", median_ratio(ours, bare, &Window::p50_us)},
          {"p99_ratio", median_ratio(ours, bare, &Window::p99_us)}};
}

// Resident memory of the server per further client, the sockets' kernel memory not counted.
double bytes_per_client(int few, int many, const Options& options) {
  std::vector<double> values;
  for (int i = 0; i < options.windows; ++i) {
    const auto small = measure(false, few, 0, options);
    const auto large = measure(false, many, 0, options);
    values.push_back(static_cast<double>(large.resident_bytes - small.resident_bytes) /
                     (many - few));
  }
  return median(values);
}

ordered_json slow_clients(const Options& options) {
  std::vector<Window> without;
  std::vector<Window> with;
  for (int i = 0; i < options.windows; ++i) {
    without.push_back(measure(false, 90, 0, options));
    with.push_back(measure(false, 100, 10, options));
  }
  return {{"others_p99_ratio", median_ratio(with, without, &Window::p99_us)},
          {"slow_p50_age_s", median_of(with, &Window::slow_p50_us) / 1e6},
          {"others_worst_rate_hz", median_of(with, &Window::worst_rate_hz)}};
}

}  // namespace

int run_fanout(int argc, char** argv) {
  Options options;
  bool only_clients = false;
  CLI::App app("HTTP MJPEG to many clients: CPU, age and memory against a bare epoll loop");
  app.name("lenswire-bench fanout");
  app.footer("Example: lenswire-bench fanout --json\nThe server has core 0, the clients core 1.");
  auto* clients = app.add_option("--clients", options.clients,
                                 "numbers of clients to compare; given, nothing else is measured")
                      ->check(CLI::Range(1, 4000));
  app.add_option("--many", options.many, "clients for the worst client's rate")
      ->check(CLI::Range(1, 4000));
  app.add_option("--windows", options.windows, "windows of each kind")->check(CLI::Range(1, 1000));
  app.add_option("--seconds", options.seconds, "length of a window")->check(CLI::Range(0.1, 600.0));
  app.add_option("--bytes", options.frame_bytes, "size of a frame")->check(CLI::Range(1, 1 << 24));
  app.add_flag("--json", options.json, "JSON only");
  CLI11_PARSE(app, argc, argv);
  only_clients = clients->count() > 0;

  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  pin_to_core(kClientCore);

  ordered_json result;
  for (const int count : options.clients)
    result["clients"][std::to_string(count)] = compare(count, options);
  if (!only_clients) {
    std::vector<Window> many;
    for (int i = 0; i < options.windows; ++i)
      many.push_back(measure(false, options.many, 0, options));
    result["many"] = {{"clients", options.many},
                      {"worst_rate_hz", median_of(many, &Window::worst_rate_hz)},
                      {"gaps", median_of(many, &Window::gaps)}};
    result["bytes_per_client"] = bytes_per_client(100, 500, options);
    result["slow_10_of_100"] = slow_clients(options);
  }
  std::printf("%s\n", ordered_json{{"fanout", result}}.dump().c_str());
  return 0;
}

}  // namespace lenswire::bench
