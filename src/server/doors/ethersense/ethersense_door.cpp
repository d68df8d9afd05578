#include "server/doors/ethersense/ethersense_door.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <thread>

#include "base/log.hpp"
#include "base/stop_token.hpp"
#include "base/thread.hpp"
#include "filter/colorize.hpp"
#include "server/camera.hpp"
#include "server/doors/ethersense/call_list.hpp"
#include "server/doors/ethersense/frame_packing.hpp"
#include "server/doors/ethersense/ping_guard.hpp"
#include "server/doors/ethersense/ping_port.hpp"
#include "server/doors/ethersense/viewer_session.hpp"
#include "server/mjpeg_session.hpp"
#include "server/services.hpp"
#include "server/worker.hpp"
#include "wire/ethersense/message.hpp"

namespace lenswire::server {
namespace ethersense {
namespace {

// Datagrams taken before the calls are looked at again.
constexpr int kDatagramsAtOnce = 64;
constexpr int kMaxDecimation = 16;
/// A viewer that was started anew pings before we know that its old connection is dead, and pings
/// only once. Its ping is good until then: a little longer than a dead connection lasts.
constexpr auto kSecondChance = kNoProgressDeadline + std::chrono::seconds(5);
constexpr auto kLookForSecondChances = std::chrono::milliseconds(100);

struct Settings {
  std::uint16_t port = wire::ethersense::kPort;
  std::uint16_t viewer_port = wire::ethersense::kPort;
  bool allow_public = false;
  wire::pickle::Dialect dialect = wire::pickle::Dialect::Universal;
  Delivery delivery;
};

/// One thread hears pings and makes the connections; each then is a session of a worker.
class EthersenseDoor final : public Door {
 public:
  EthersenseDoor(Settings settings, const DoorContext& context)
      : settings_(std::move(settings)),
        context_(context),
        packing_(settings_.dialect, context.services.clock),
        guard_(settings_.allow_public),
        calls_(settings_.viewer_port, [this](base::UniqueFd socket, ViewerBook::Seat seat) {
          hand_over(std::move(socket), std::move(seat));
        }) {
    settings_.delivery.wish.packing = &packing_;
  }
  ~EthersenseDoor() override { close(); }

  // Nobody comes to this door: it goes to its viewers.
  [[nodiscard]] std::vector<std::uint16_t> tcp_ports(const DoorContext&) const override {
    return {};
  }
  std::unique_ptr<Session> greet(Worker&, std::unique_ptr<net::Stream>,
                                 ConnectionTable::Admission) override {
    return nullptr;
  }

  Result<void> open() override {
    auto pings = PingPort::open(context_.host, settings_.port);
    if (!pings) return fail(std::move(pings).error());
    pings_ = std::move(*pings);
    base::log_info("ethersense_open", {{"camera", context_.camera.name()},
                                       {"udp", fmt::format("{}:{}", context_.host, pings_->port())},
                                       {"viewer_port", settings_.viewer_port}});
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void close() override {
    if (!thread_.joinable()) return;
    stop_.request_stop();
    thread_.join();
  }

 private:
  void run();
  void take_pings(MonotonicTime now);
  void take_ping(const PingPort::Datagram& ping, MonotonicTime now);
  void call(net::Ipv4 viewer, MonotonicTime now);
  void give_second_chances(MonotonicTime now);
  void hand_over(base::UniqueFd socket, ViewerBook::Seat seat);

  Settings settings_;
  const DoorContext& context_;
  const FramePacking packing_;
  ViewerBook book_;  // before all that holds seats
  PingGuard guard_;
  CallList calls_;
  std::map<net::Ipv4, MonotonicTime> again_;  // connected ones who pinged, and how long that counts
  std::unique_ptr<PingPort> pings_;
  base::StopSource stop_;
  std::thread thread_;
};

void EthersenseDoor::run() {
  base::set_thread_name("lw-ethersense");
  const auto stop = stop_.token();
  const auto& clock = context_.services.clock;
  std::vector<pollfd> set;
  while (!stop.stop_requested()) {
    set.assign(1, {stop.poll_fd(), POLLIN, 0});
    pings_->add_to(set);
    calls_.add_to(set);
    auto now = clock.now();
    auto due = calls_.next_due(now);
    if (!again_.empty()) due = std::min(due, now + kLookForSecondChances);
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(due - now);
    ::poll(set.data(), set.size(), static_cast<int>(std::max<std::int64_t>(wait.count(), 0)));
    now = clock.now();
    take_pings(now);
    give_second_chances(now);
    calls_.step(now);
  }
}

void EthersenseDoor::take_pings(MonotonicTime now) {
  pings_->refresh_if_changed();
  for (int i = 0; i < kDatagramsAtOnce; ++i) {
    const auto ping = pings_->receive();
    if (!ping) return;
    take_ping(*ping, now);
  }
}

void EthersenseDoor::take_ping(const PingPort::Datagram& ping, MonotonicTime now) {
  if (ping.allowed && book_.contains(ping.source)) {
    if (wire::ethersense::is_ping(ping.bytes) && !calls_.contains(ping.source))
      again_[ping.source] = now + kSecondChance;
    return;
  }
  const auto verdict =
      ping.allowed ? guard_.judge(ping.bytes, ping.source, now) : PingGuard::Verdict::Stranger;
  if (verdict == PingGuard::Verdict::Call) return call(ping.source, now);
  base::log_warning("ethersense_ping_refused",
                    {{"source", ping.source.text()}, {"reason", to_string(verdict)}});
}

void EthersenseDoor::give_second_chances(MonotonicTime now) {
  for (auto entry = again_.begin(); entry != again_.end();) {
    const auto [viewer, until] = *entry;
    const bool connected = book_.contains(viewer);
    if (connected && now < until) {
      ++entry;
      continue;
    }
    entry = again_.erase(entry);
    const auto ping = std::as_bytes(std::span(wire::ethersense::kPing));
    if (!connected && guard_.judge(ping, viewer, now) == PingGuard::Verdict::Call)
      call(viewer, now);
  }
}

void EthersenseDoor::call(net::Ipv4 viewer, MonotonicTime now) {
  // Wakes the camera, too, so that it is ready when the viewer is.
  const auto stream = context_.camera.stream(settings_.delivery.stream);
  if (!stream && stream.error().code == ErrorCode::NotFound) {
    base::log_warning("ethersense_no_stream", {{"reason", stream.error().message}});
    return;
  }
  if (auto seat = book_.enter(viewer)) calls_.add(std::move(*seat), now);
}

void EthersenseDoor::hand_over(base::UniqueFd socket, ViewerBook::Seat seat) {
  auto& worker = context_.next_worker();
  // std::function copies, so what moves travels in a shared pointer.
  struct Connected {
    base::UniqueFd socket;
    ViewerBook::Seat seat;
  };
  auto connected = std::make_shared<Connected>(Connected{std::move(socket), std::move(seat)});
  worker.thread().post([this, &worker, connected] {
    auto& services = context_.services;
    const net::Address peer{connected->seat.viewer().text(), settings_.viewer_port};
    auto admission = services.connections.admit(peer);
    if (!admission) {
      services.totals.rejected.fetch_add(1);
      return;
    }
    services.totals.connections.fetch_add(1);
    auto stream =
        net::make_tcp_stream(worker.thread(), connected->socket.release(), socket_settings());
    worker.add(std::make_unique<ViewerSession>(worker, std::move(stream), std::move(admission),
                                               std::move(connected->seat), context_.camera,
                                               settings_.delivery));
  });
}

Result<Settings> read_settings(DoorRequest& request, const DoorContext& context) {
  auto& options = request.options;
  Settings settings;
  settings.port = context.ports.front();
  auto& delivery = settings.delivery;
  delivery.stream = options.text("stream", "depth");
  const auto decimate = options.integer("decimate", 2, 1, kMaxDecimation);
  if (!decimate) return fail(decimate.error());
  delivery.wish.scale = 1.0 / static_cast<double>(*decimate);
  const auto bits = options.integer("bits", 16, 8, 16);
  if (!bits) return fail(bits.error());
  if (*bits != 8 && *bits != 16)
    return fail(ErrorCode::InvalidArgument, fmt::format("option bits={}: 8 or 16", *bits));
  if (options.contains("max_m") && *bits != 8)
    return fail(ErrorCode::InvalidArgument, "option max_m is for bits=8; 16 bits show all");
  const auto max_m = options.number("max_m", filter::kShownMaximumM, 0.1, 100);
  if (!max_m) return fail(max_m.error());
  if (*bits == 8) {
    delivery.wish.depth_picture = hub::DepthPicture::Gray8;
    delivery.wish.depth_max_m = *max_m;
  }
  const auto fps = options.number("fps", 0, 0.01, 1000);
  if (!fps) return fail(fps.error());
  delivery.rate_hz = *fps;
  const auto pickle = options.text("pickle", "universal");
  const auto dialect = wire::pickle::dialect_from_string(pickle);
  if (!dialect)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("option pickle={}: universal, py3 or py2", pickle));
  settings.dialect = *dialect;
  const auto allow_public = options.boolean("allow-public", false);
  if (!allow_public) return fail(allow_public.error());
  settings.allow_public = *allow_public;
  const auto viewer_port = options.integer("viewer-port", wire::ethersense::kPort, 1, 65535);
  if (!viewer_port) return fail(viewer_port.error());
  settings.viewer_port = static_cast<std::uint16_t>(*viewer_port);
  if (auto rest =
          options.finish("stream, decimate, bits, max_m, fps, pickle, allow-public, viewer-port");
      !rest)
    return fail(std::move(rest).error());
  return settings;
}

}  // namespace
}  // namespace ethersense

Result<std::unique_ptr<Door>> make_ethersense_door(DoorRequest request,
                                                   const DoorContext& context) {
  if (!net::Ipv4::parse(context.host))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}: EtherSense knows only IPv4; give such an address", context.host));
  auto settings = ethersense::read_settings(request, context);
  if (!settings) return fail(std::move(settings).error());
  return std::make_unique<ethersense::EthersenseDoor>(std::move(*settings), context);
}

}  // namespace lenswire::server
