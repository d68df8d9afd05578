#include <lenswire/server.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <future>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/uri.hpp"
#include "net/listener.hpp"
#include "net/rtc_servers.hpp"
#include "server/door.hpp"
#include "server/greeter.hpp"
#include "server/lwp_session.hpp"
#include "server/services.hpp"
#include "server/worker.hpp"

namespace lenswire {

using server::Access;
using server::Camera;
using server::ConnectionTable;
using server::Services;
using server::Worker;

namespace {

/// How long start() waits for cameras to tell their streams.
constexpr auto kFirstOpenPatience = std::chrono::seconds(2);
/// How long stop() waits for a source that hangs in its driver.
constexpr auto kCameraStopPatience = std::chrono::milliseconds(1000);

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

Result<void> check_cameras(const std::vector<CameraSettings>& cameras,
                           const source::SourceTable& sources,
                           const source::SourceContext& context) {
  std::set<std::string> names;
  for (const auto& camera : cameras) {
    if (!base::is_valid_name(camera.name))
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("camera name '{}': use 1 to 64 letters, digits, '.', '_' or '-', not "
                              "beginning with '.'",
                              camera.name));
    if (!names.insert(camera.name).second)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("two cameras are named '{}'; give each its own name", camera.name));
    if (auto made = sources.make(camera.uri, context); !made)
      return fail(made.error().code,
                  fmt::format("camera '{}': {}", camera.name, made.error().message));
  }
  return {};
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerSettings s, const source::SourceTable& t)
      : settings(std::move(s)),
        sources(t),
        context{base::system_clock()},
        connections({settings.max_connections, 128, 64}) {}

  ~Impl() { stop(); }

  Result<void> start() {
    // A peer that goes away must be an error of a call, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    if (settings.name.empty()) settings.name = host_name();
    if (auto ok = check_cameras(settings.cameras, sources, context); !ok) return ok;
    std::vector<net::Address> addresses;
    bool remote = false;
    for (const auto& text : settings.listen) {
      auto address = net::Address::parse(text, kDefaultPort);
      if (!address) return fail(address.error());
      remote = remote || !address->is_loopback();
      addresses.push_back(*address);
    }
    auto rtc = net::rtc_peer_settings(settings.rtc);
    if (!rtc) return fail(std::move(rtc).error());
    if (auto ok = prepare_access(remote); !ok) return ok;

    services = std::make_unique<Services>(context.clock, *access, connections);
    services->name = settings.name;
    services->started = context.clock.now();
    services->tls = tls;
    services->rtc_settings = std::move(*rtc);
    services->io_wakeups = [this] { return io_wakeups(); };
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    const unsigned encoders =
        settings.encoder_threads ? settings.encoder_threads : std::clamp(cores, 1U, 8U);
    encoder_pool = std::make_unique<hub::EncoderPool>(encoders);
    source::RunnerSettings runner;
    runner.linger =
        std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(settings.linger_s));
    runner.stop_patience = kCameraStopPatience;
    const auto pose = server::pose_module_factory();
    for (const auto& camera : settings.cameras)
      services->cameras.push_back(std::make_unique<Camera>(
          camera, sources, context, runner, *encoder_pool,
          [this](const nlohmann::json& event) { broadcast(event); }, calibration_dir(), pose));

    const unsigned io = settings.io_threads ? settings.io_threads : std::clamp(cores / 2, 1U, 4U);
    for (unsigned i = 0; i < io; ++i)
      workers.push_back(std::make_unique<Worker>(fmt::format("lw-io-{}", i), *services));
    for (const auto& address : addresses) {
      auto listener = net::TcpListener::open(workers.front()->thread(), address);
      if (!listener) return fail(listener.error());
      listeners.push_back(std::move(*listener));
    }
    main_listeners = listeners.size();
    if (auto ok = make_doors(); !ok) return ok;
    for (const auto& camera : services->cameras) camera->start();
    wait_for_cameras();
    for (const auto& door : doors)
      if (auto ok = door->open(); !ok) return ok;
    for (std::size_t i = 0; i < listeners.size(); ++i)
      workers.front()->thread().post([this, raw = listeners[i].get(), who = receptions[i]] {
        raw->start(
            [this, who](base::UniqueFd socket) { take_turns().adopt(std::move(socket), *who); });
      });
    return {};
  }

  Worker& take_turns() { return *workers[next_worker++ % workers.size()]; }

  Result<void> make_doors() {
    receptions.assign(listeners.size(), &main_reception);
    for (const auto& text : settings.doors) {
      auto request = server::DoorRequest::parse(text);
      if (!request) return fail(request.error());
      const auto kind = server::find_door(request->name);
      if (!kind) return fail(kind.error());
      if (auto ok = make_door(std::move(*request), **kind); !ok)
        return fail(ok.error().code, fmt::format("door {}: {}", text, ok.error().message));
    }
    return {};
  }

  Result<void> make_door(server::DoorRequest request, const server::DoorKind& kind) {
    if (services->cameras.empty())
      return fail(ErrorCode::InvalidArgument, "there is no camera to serve; add --camera NAME=URI");
    auto* camera = services->cameras.front().get();
    if (!request.camera.empty()) {
      const auto named = services->camera(request.camera);
      if (!named) return fail(named.error());
      camera = *named;
    }
    auto host = request.host;
    if (host.empty()) host = settings.insecure_lan ? "0.0.0.0" : "127.0.0.1";
    if (!net::Address{host, 1}.is_loopback() && !settings.insecure_lan)
      return fail(ErrorCode::PermissionDenied,
                  "this protocol has no passwords, so beyond loopback it needs --insecure-lan");
    std::vector<std::uint16_t> ports(kind.ports.begin(), kind.ports.end());
    if (request.port) ports.assign({*request.port});
    door_contexts.push_back(std::make_unique<server::DoorContext>(
        server::DoorContext{*services, *camera, settings, host, std::move(ports),
                            [this]() -> Worker& { return take_turns(); }}));
    const auto& context_of_door = *door_contexts.back();
    server::OpenDoor open{request.name, camera->name(), {}, nullptr};
    auto made = kind.make(std::move(request), context_of_door);
    if (!made) return fail(made.error());
    for (const auto port : (*made)->tcp_ports(context_of_door)) {
      auto listener = net::TcpListener::open(workers.front()->thread(), {host, port});
      if (!listener) return fail(listener.error());
      listeners.push_back(std::move(*listener));
      receptions.push_back(made->get());
      open.addresses.push_back(listeners.back()->address().text());
    }
    open.door = made->get();
    services->doors.push_back(std::move(open));
    doors.push_back(std::move(*made));
    return {};
  }

  Result<void> prepare_access(bool remote) {
    Access::Settings access_settings;
    access_settings.mode = settings.auth;
    access_settings.insecure_lan = settings.insecure_lan;
    access_settings.host_names.insert(settings.host_names.begin(), settings.host_names.end());
    const auto own = host_name();
    access_settings.host_names.insert(own);
    access_settings.host_names.insert(own + ".local");
    const bool credentials =
        (remote && !settings.insecure_lan) || settings.auth == AuthMode::Always;
    if (settings.insecure_lan)
      base::log_warning("insecure_lan", {{"meaning",
                                          "everybody on the network may watch and "
                                          "control the cameras"}});
    if (credentials && settings.state_dir.empty())
      return fail(ErrorCode::InvalidArgument,
                  "to listen beyond loopback the server needs a folder for its token and "
                  "certificate; give --state-dir, or --insecure-lan to go without");
    const bool own_certificate = !settings.certificate_file.empty() || !settings.key_file.empty();
    if (credentials) {
      if (auto made = server::make_private_folder(settings.state_dir); !made) return made;
      token_file = settings.state_dir + "/token";
      auto token = server::load_or_create_token(token_file);
      if (!token) return fail(token.error());
      access_settings.token = *token;
    }
    if (own_certificate || credentials) {
      auto context_result =
          own_certificate
              ? net::TlsServerContext::load(settings.certificate_file, settings.key_file)
              : net::TlsServerContext::load_or_create(settings.state_dir + "/certificate.pem",
                                                      settings.state_dir + "/key.pem");
      if (!context_result) return fail(context_result.error());
      tls = *context_result;
      base::log_info("tls_ready", {{"sha256", tls->fingerprint()}});
    }
    access = std::make_unique<Access>(std::move(access_settings), context.clock);
    return {};
  }

  [[nodiscard]] std::string calibration_dir() const {
    if (!settings.calibration_dir.empty()) return settings.calibration_dir;
    return settings.state_dir.empty() ? std::string() : settings.state_dir + "/calibration";
  }

  // Nobody should meet a camera that is only just being opened, if that takes a moment.
  void wait_for_cameras() {
    const auto deadline = context.clock.now() + kFirstOpenPatience;
    base::MutexLock lock(camera_mutex);
    const auto all_known = [this] {
      return std::all_of(services->cameras.begin(), services->cameras.end(), [](const auto& c) {
        const auto state = c->status().state;
        return !c->stream_ids().empty() || state == source::SourceState::Absent ||
               state == source::SourceState::Failed;
      });
    };
    while (!all_known())
      if (camera_changed.wait_until(camera_mutex, deadline) == std::cv_status::timeout) return;
  }

  void broadcast(const nlohmann::json& event) {
    {
      base::MutexLock lock(camera_mutex);
      camera_changed.notify_all();
    }
    base::MutexLock lock(broadcast_mutex);
    if (stopping) return;
    for (const auto& worker : workers)
      worker->with_all([event](server::Session& session) {
        if (auto* native = dynamic_cast<server::LwpSession*>(&session)) native->event(event);
      });
  }

  void stop() {
    {
      base::MutexLock lock(broadcast_mutex);
      if (std::exchange(stopping, true)) return;
    }
    if (!workers.empty() && !listeners.empty()) {
      // Listeners live on the first loop and must go before anything may stop it.
      auto closed = std::make_shared<std::promise<void>>();
      workers.front()->thread().post([this, closed] {
        {
          base::MutexLock lock(lifetime_mutex);
          listeners.clear();
        }
        closed->set_value();
      });
      closed->get_future().wait();
    }
    if (services) services->rtc.stop();
    for (const auto& door : doors) door->close();
    for (const auto& worker : workers) worker->stop();
    // At once: two cameras whose drivers hang must not take twice the time.
    std::vector<std::thread> stopping_cameras;
    if (services)
      for (const auto& camera : services->cameras)
        stopping_cameras.emplace_back([&camera] { camera->stop(); });
    for (auto& thread : stopping_cameras) thread.join();
    if (encoder_pool) encoder_pool->stop();
    base::MutexLock lock(lifetime_mutex);
    workers.clear();
    doors.clear();
    services.reset();
  }

  [[nodiscard]] std::uint64_t io_wakeups() const {
    std::uint64_t sum = 0;
    for (const auto& worker : workers) sum += worker->thread().wakeups();
    return sum;
  }

  static constexpr std::uint16_t kDefaultPort = 6480;

  ServerSettings settings;
  const source::SourceTable& sources;
  source::SourceContext context;
  ConnectionTable connections;
  std::unique_ptr<Access> access;
  std::shared_ptr<net::TlsServerContext> tls;
  std::string token_file;
  std::unique_ptr<hub::EncoderPool> encoder_pool;
  std::unique_ptr<Services> services;
  std::vector<std::unique_ptr<Worker>> workers;
  // The main port's listeners, then those of the doors; receptions[i] meets who comes to i.
  std::vector<std::unique_ptr<net::TcpListener>> listeners;
  std::size_t main_listeners = 0;
  server::MainReception main_reception;
  std::vector<server::Reception*> receptions;
  std::vector<std::unique_ptr<server::DoorContext>> door_contexts;
  std::vector<std::unique_ptr<server::Door>> doors;
  std::atomic<std::size_t> next_worker{0};
  // Guards the end of workers, services and listeners against those who look from other threads.
  mutable base::Mutex lifetime_mutex;
  base::Mutex camera_mutex;
  base::ConditionVariable camera_changed;
  base::Mutex broadcast_mutex;
  bool stopping LENSWIRE_GUARDED_BY(broadcast_mutex) = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(ServerSettings settings,
                                              const source::SourceTable& sources) {
  auto impl = std::make_unique<Impl>(std::move(settings), sources);
  if (auto started = impl->start(); !started) return fail(std::move(started).error());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Result<std::unique_ptr<Server>> Server::start(ServerSettings settings) {
  static const source::SourceTable builtin;
  return start(std::move(settings), builtin);
}

void Server::stop() { impl_->stop(); }

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> out;
  base::MutexLock lock(impl_->lifetime_mutex);
  for (std::size_t i = 0; i < std::min(impl_->main_listeners, impl_->listeners.size()); ++i)
    out.push_back(impl_->listeners[i]->address().text());
  return out;
}

std::vector<std::string> Server::door_addresses() const {
  std::vector<std::string> out;
  base::MutexLock lock(impl_->lifetime_mutex);
  for (std::size_t i = impl_->main_listeners; i < impl_->listeners.size(); ++i)
    out.push_back(impl_->listeners[i]->address().text());
  return out;
}

std::string Server::token_file() const { return impl_->token_file; }

bool Server::responsive(Nanoseconds patience) const {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::future<void>> loops;
  {
    base::MutexLock lock(impl_->lifetime_mutex);
    for (const auto& worker : impl_->workers) {
      auto passed = std::make_shared<std::promise<void>>();
      loops.push_back(passed->get_future());
      worker->thread().post([passed] { passed->set_value(); });
    }
  }
  return std::all_of(loops.begin(), loops.end(), [&](const auto& loop) {
    return loop.wait_until(deadline) == std::future_status::ready;
  });
}

Server::Counters Server::counters() const {
  Counters counters;
  base::MutexLock lock(impl_->lifetime_mutex);
  if (!impl_->services) return counters;
  counters.sessions = impl_->connections.total();
  counters.io_wakeups = impl_->io_wakeups();
  for (const auto& camera : impl_->services->cameras)
    for (const auto& id : camera->stream_ids())
      if (const auto stream = camera->stream(id)) {
        const auto totals = (*stream)->counters();
        counters.frames_published += totals.frames;
        counters.encodes += totals.encodes;
      }
  return counters;
}

}  // namespace lenswire
