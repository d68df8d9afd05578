#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <lenswire/server.hpp>

#include "base/log.hpp"
#include "cli/camera_names.hpp"
#include "cli/command.hpp"
#include "cli/rtc_options.hpp"
#include "cli/serve_config.hpp"
#include "cli/service_notify.hpp"
#include "cli/sources.hpp"
#include "net/rtc_servers.hpp"
#include "server/door.hpp"
#include "source/source_table.hpp"

namespace lenswire::cli {
namespace {

struct Options {
  ServerSettings settings;
  std::string config;
  std::vector<std::string> cameras;
  std::vector<std::string> listen;
  std::vector<std::string> doors;
  std::vector<std::string> always_on;
  std::vector<std::string> host_names;
  RtcServers rtc;
  std::string auth = "remote";
  bool verbose = false;
};

std::string default_state_dir() {
  // systemd's StateDirectory=, then the user's own place (XDG Base Directory).
  if (const char* folder = std::getenv("STATE_DIRECTORY")) return folder;
  if (const char* folder = std::getenv("XDG_STATE_HOME")) return std::string(folder) + "/lenswire";
  if (const char* home = std::getenv("HOME")) return std::string(home) + "/.local/state/lenswire";
  return {};
}

// Every client is a descriptor, and the soft limit is often 1024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Every camera that the kinds of sources find on this machine, named as at the last start.
std::vector<CameraSettings> find_cameras(const source::SourceTable& sources,
                                         const std::string& state_dir) {
  std::vector<source::FoundSource> found;
  for (const auto& kind : sources.kinds())
    if (kind.find)
      for (auto& camera : kind.find()) found.push_back(std::move(camera));
  if (found.empty()) return {};
  return name_found_cameras(found, state_dir.empty() ? "" : state_dir + "/cameras.json");
}

std::string free_camera_name(const std::vector<CameraSettings>& cameras,
                             const std::string& wanted) {
  auto name = wanted;
  const auto taken = [&](const CameraSettings& camera) { return camera.name == name; };
  for (int number = 2; std::any_of(cameras.begin(), cameras.end(), taken); ++number)
    name = fmt::format("{}{}", wanted, number);
  return name;
}

// The ball's door shows a ball without being told where from.
Result<void> add_cameras_of_doors(ServerSettings& settings) {
  for (auto& text : settings.doors) {
    const auto request = server::DoorRequest::parse(text);
    if (!request) return fail(request.error());
    const auto kind = server::find_door(request->name);
    if (!kind) return fail(kind.error());
    const auto source = (*kind)->own_source;
    if (source.empty() || !request->camera.empty()) continue;
    auto& cameras = settings.cameras;
    auto own = std::find_if(cameras.begin(), cameras.end(),
                            [&](const auto& camera) { return camera.uri.starts_with(source); });
    if (own == cameras.end())
      own = cameras.insert(own, {free_camera_name(cameras, request->name), std::string(source)});
    text.insert(std::min(text.find('?'), text.size()), "=" + own->name);
  }
  return {};
}

Result<void> add_cameras(Options& options, const source::SourceTable& sources) {
  auto& cameras = options.settings.cameras;
  if (!options.cameras.empty()) cameras.clear();
  for (const auto& text : options.cameras) {
    auto camera = parse_camera_option(text);
    if (!camera) return fail(camera.error());
    cameras.push_back(std::move(*camera));
  }
  if (cameras.empty()) cameras = find_cameras(sources, options.settings.state_dir);
  if (auto ok = add_cameras_of_doors(options.settings); !ok) return ok;
  if (cameras.empty())
    return fail(ErrorCode::NotFound,
                "no camera found on this machine; plug one in, name one with --camera NAME=URI, or "
                "try the built-in scene: --camera room=synthetic:room");
  for (const auto& name : options.always_on) {
    const auto found = std::find_if(cameras.begin(), cameras.end(),
                                    [&](const auto& camera) { return camera.name == name; });
    if (found == cameras.end())
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("--always-on {}: there is no camera of that name; add --camera "
                              "{}=URI or name one that there is",
                              name, name));
    found->always_on = true;
  }
  return {};
}

// glibc raises by itself the size from which memory goes back to the system, up to 32 MiB, so the
// holes between pictures of ever other sizes would add up: 6 MiB in ten minutes of churn.
void give_large_memory_back() noexcept {
#ifdef M_MMAP_THRESHOLD
  ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

void take_rtc_servers(const RtcServers& given, RtcServers& into) {
  if (!given.stun.empty()) into.stun = given.stun;
  if (!given.turn.empty()) into.turn = given.turn;
  if (!given.turn_password_file.empty()) into.turn_password_file = given.turn_password_file;
  if (std::any_of(given.turn.begin(), given.turn.end(), net::has_password))
    base::log_warning("rtc_turn_password",
                      {{"meaning",
                        "other users of this machine can read a password on the command line; "
                        "give --rtc-turn-password-file"}});
}

void announce(const Server& server, const ServerSettings& settings) {
  const bool tls = !server.token_file().empty();
  for (const auto& address : server.addresses()) {
    const bool remote = !address.starts_with("127.") && !address.starts_with("[::1]");
    fmt::print(stderr, "lenswire: listening on {}://{}\n", remote && tls ? "https" : "http",
               address);
  }
  for (const auto& address : server.door_addresses())
    fmt::print(stderr, "lenswire: door open on {}\n", address);
  for (const auto& camera : settings.cameras)
    fmt::print(stderr, "lenswire: camera {} = {}\n", camera.name, camera.uri);
  if (tls)
    fmt::print(stderr, "lenswire: remote clients need the token in {}\n", server.token_file());
}

// What the command line says wins over the file.
void keep_given(const CLI::App& command, const ServerSettings& given, ServerSettings& settings) {
  const auto keep = [&](const char* option, auto member) {
    if (command.count(option) > 0) settings.*member = given.*member;
  };
  keep("--insecure-lan", &ServerSettings::insecure_lan);
  keep("--name", &ServerSettings::name);
  keep("--state-dir", &ServerSettings::state_dir);
  keep("--calibration-dir", &ServerSettings::calibration_dir);
  keep("--cert", &ServerSettings::certificate_file);
  keep("--key", &ServerSettings::key_file);
  keep("--linger", &ServerSettings::linger_s);
  keep("--io-threads", &ServerSettings::io_threads);
  keep("--max-connections", &ServerSettings::max_connections);
}

Result<void> serve(Options& options, const CLI::App& command, const Context& context) {
  auto& settings = options.settings;
  if (!options.config.empty()) {
    const auto given = settings;
    if (auto ok = read_serve_config(options.config, settings); !ok) return ok;
    keep_given(command, given, settings);
  }
  if (!options.listen.empty()) settings.listen = options.listen;
  if (!options.doors.empty()) settings.doors = options.doors;
  if (!options.host_names.empty()) settings.host_names = options.host_names;
  if (command.count("--auth") > 0)
    settings.auth = options.auth == "always" ? AuthMode::Always : AuthMode::RemoteOnly;
  if (settings.state_dir.empty()) settings.state_dir = default_state_dir();
  base::set_log_level(options.verbose ? base::LogLevel::Debug : base::LogLevel::Info);
  take_rtc_servers(options.rtc, settings.rtc);
  const auto sources = all_sources();
  if (auto ok = add_cameras(options, sources); !ok) return ok;
  raise_descriptor_limit();
  give_large_memory_back();
  auto server = Server::start(settings, sources);
  if (!server) return fail(std::move(server).error());
  announce(**server, settings);
  notify_service_manager("READY=1");
  const auto period = watchdog_period().value_or(std::chrono::hours(1));
  while (!context.stop.wait_for(period))
    if ((*server)->responsive(period / 2)) notify_service_manager("WATCHDOG=1");
  notify_service_manager("STOPPING=1");
  (*server)->stop();
  return {};
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto& settings = options->settings;
  auto* command = app.add_subcommand("serve", "Put cameras on the network");
  command->footer(
      "Example: lenswire serve --camera front=v4l2:/dev/video0 --camera room=synthetic:room\n"
      "Without --camera, every camera found on this machine is served, as cam0, cam1, ...; a\n"
      "camera keeps its name (in cameras.json of the state folder).\n"
      "Source URIs are listed in docs/sources.md, the configuration file in docs/manual.md.");
  command->add_option("--camera", options->cameras, "A camera, as NAME=URI; repeatable")
      ->type_name("NAME=URI");
  command
      ->add_option("--listen", options->listen,
                   "Where to listen (default 127.0.0.1:6480); repeatable; *:6480 is everywhere")
      ->type_name("HOST:PORT");
  command
      ->add_option("--door", options->doors,
                   "An older protocol to serve too (docs/doors.md); repeatable")
      ->type_name("NAME[:[HOST:]PORT][=CAMERA][?OPTIONS]");
  command->add_option("--config", options->config, "A TOML file with all of this")
      ->type_name("FILE");
  command->add_flag("--insecure-lan", settings.insecure_lan,
                    "Let everybody on the network in, without token and TLS");
  command
      ->add_option("--always-on", options->always_on,
                   "Capture from this camera even while nobody watches; repeatable")
      ->type_name("NAME");
  command->add_option("--name", settings.name, "The server's name (default: the host's)");
  command->add_option("--host-name", options->host_names,
                      "A name under which browsers may come; repeatable");
  command->add_option("--state-dir", settings.state_dir,
                      "Where token, certificate and the names of found cameras are kept");
  command->add_option(
      "--calibration-dir", settings.calibration_dir,
      "Where calibrations given by clients are kept (default: in the state folder)");
  command->add_option("--cert", settings.certificate_file, "TLS certificate (PEM)");
  command->add_option("--key", settings.key_file, "Its key (PEM)");
  command
      ->add_option("--auth", options->auth, "Who must show a token: remote clients, or always all")
      ->check(CLI::IsMember({"remote", "always"}));
  command
      ->add_option("--linger", settings.linger_s,
                   "Seconds that a camera runs on after its last client (default 5)")
      ->check(CLI::Range(0.0, 86400.0));
  command->add_option("--io-threads", settings.io_threads, "I/O threads (default: half the cores)")
      ->check(CLI::Range(0, 64));
  command->add_option("--max-connections", settings.max_connections, "Default 2048")
      ->check(CLI::Range(1, 100'000));
  add_rtc_options(*command, options->rtc);
  command->add_flag("--verbose", options->verbose, "Log more");
  command->callback(
      [options, command, &context] { context.finish(serve(*options, *command, context)); });
}

}  // namespace lenswire::cli
