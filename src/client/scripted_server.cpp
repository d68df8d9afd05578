#include "client/scripted_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "base/clock.hpp"
#include "wire/maps.hpp"

namespace lenswire::client {

namespace lwp = wire::lwp;
using nlohmann::json;

namespace {

// True when readable, false when the test ended.
bool readable(int fd, const base::StopToken& stop) {
  pollfd fds[] = {{fd, POLLIN, 0}, {stop.poll_fd(), POLLIN, 0}};
  ::poll(fds, 2, -1);
  return fds[1].revents == 0;
}

}  // namespace

SeenMessage Peer::read() {
  while (true) {
    auto next = assembler_.next();
    if (!next) throw std::runtime_error("the client broke the protocol: " + next.error().message);
    if (*next) {
      const auto& view = **next;
      SeenMessage message{view.prefix.type, view.prefix.tag, view.extensions, nullptr};
      if (!view.payload.empty()) message.map = *lwp::decode_map(view.payload);
      if (message.type != lwp::MessageType::TimeRequest) return message;
      ++pings;
      if (!answer_pings) continue;
      auto time = *view.extensions.time;
      time.t1 = time.t2 = to_ns(base::system_clock().now()) + clock_ahead_ns;
      lwp::Extensions extensions;
      extensions.time = time;
      send(lwp::encode_plain(lwp::MessageType::TimeReply, message.tag, extensions));
      continue;
    }
    std::array<std::byte, 4096> chunk{};
    if (!readable(fd_, stop_)) throw Gone{};
    const auto got = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (got <= 0) throw Gone{};
    assembler_.feed(std::span(chunk).first(static_cast<std::size_t>(got)));
  }
}

SeenMessage Peer::read_until(lwp::MessageType type) {
  while (true)
    if (auto message = read(); message.type == type) return message;
}

void Peer::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw Gone{};
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

void Peer::send_map(lwp::MessageType type, std::uint32_t tag, const json& map) {
  send(lwp::encode_map(type, tag, map));
}

json Peer::greet(std::int64_t monotonic_ns) {
  auto hello = read_until(lwp::MessageType::Hello).map;
  send_map(lwp::MessageType::Welcome, 0,
           {{"version", 1},
            {"server", "lenswire test"},
            {"name", "script"},
            {"role", "control"},
            {"monotonic_ns", monotonic_ns},
            {"utc_ns", 1},
            {"max_message_bytes", 1 << 20}});
  return hello;
}

json Peer::accept_subscription(std::uint32_t id, const StreamProfile& profile,
                               std::string_view codec) {
  auto request = read_until(lwp::MessageType::Request);
  send_map(lwp::MessageType::Reply, request.tag,
           {{"ok", true},
            {"subscription", id},
            {"codec", codec},
            {"profile", wire::to_map(profile, 1)}});
  return request.map;
}

void Peer::send_frame(std::uint32_t subscription, const StreamProfile& profile,
                      std::uint64_t sequence) {
  lwp::Extensions extensions;
  auto& header = extensions.frame.emplace();
  header.sequence = sequence;
  header.capture_time_ns = to_ns(base::system_clock().now()) + clock_ahead_ns;
  header.kind = profile.kind;
  header.format = profile.format;
  header.width = profile.width;
  header.height = profile.height;
  header.decoded_bytes =
      frame_bytes(profile.format, packed_stride(profile.format, profile.width), profile.height);
  std::vector<std::byte> message;
  lwp::encode_head(lwp::MessageType::Frame, subscription, extensions,
                   static_cast<std::uint32_t>(header.decoded_bytes), message);
  message.resize(message.size() + header.decoded_bytes, static_cast<std::byte>(sequence));
  send(message);
}

void Peer::wait_for_end() {
  try {
    while (true) (void)read();
  } catch (const Gone&) {
  }
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts, std::uint16_t port)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int on = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!listener_ || ::bind(listener_.get(), generic, size) != 0 ||
      ::listen(listener_.get(), 16) != 0 || ::getsockname(listener_.get(), generic, &size) != 0)
    throw std::runtime_error("cannot listen on loopback");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, scripts = std::move(scripts)] { run(scripts); });
}

ScriptedServer::~ScriptedServer() {
  stop_.request_stop();
  thread_.join();
}

void ScriptedServer::run(const std::vector<Script>& scripts) {
  const auto stop = stop_.token();
  for (std::size_t i = 0; readable(listener_.get(), stop); ++i) {
    const base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (i >= scripts.size()) continue;
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Peer peer(fd.get(), stop);
    try {
      scripts[i](peer);
    } catch (const Peer::Gone&) {
    }
  }
}

StreamProfile small_depth() {
  StreamProfile profile;
  profile.stream = "depth";
  profile.kind = StreamKind::Depth;
  profile.format = PixelFormat::Z16;
  profile.width = 16;
  profile.height = 8;
  profile.rate_hz = 30;
  profile.depth_unit_m = 0.001;
  profile.intrinsics = Intrinsics{16, 8, 20, 20, 8, 4, DistortionModel::None, {}};
  return profile;
}

}  // namespace lenswire::client
