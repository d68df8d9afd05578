#include "client/ethersense_source.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>

#include "client/ethersense_port.hpp"
#include "frame/frame_pool.hpp"
#include "net/tcp_client.hpp"
#include "wire/ethersense/message.hpp"
#include "wire/pickle/decode.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;
namespace wire_es = wire::ethersense;
namespace pickle = wire::pickle;

/// How long one run waits for a server; less than the runner grants a source that opens.
constexpr auto kWaitForServer = 10s;
/// A length is only a promise: memory is taken as the bytes come.
constexpr std::size_t kReadStep = std::size_t{1} << 20;
/// So many damaged frames in a row, and the connection is not worth keeping.
constexpr int kMaxTroubles = 10;
/// Times beyond this many milliseconds (the year 2255) do not fit.
constexpr double kLatestTimeMs = 9e12;

struct Settings {
  std::string text;
  std::string where;  // host, interface, or empty
  std::uint16_t port = wire_es::kPort;
  PingSettings pings;
  Nanoseconds timeout{};
  double depth_unit_m = 0.001;
};

Result<ServerFilter> resolve(const std::string& where) {
  ServerFilter filter;
  if (where.empty()) return filter;
  if (::if_nametoindex(where.c_str()) != 0) {
    filter.interface_name = where;
    return filter;
  }
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(where.c_str(), nullptr, &hints, &found); error != 0)
    return fail(ErrorCode::NotFound,
                fmt::format("'{}' is neither a network interface of this machine nor a host that "
                            "it knows ({}); check the name, or use the address",
                            where, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof address);
  filter.host = net::Ipv4{ntohl(address.sin_addr.s_addr)};
  return filter;
}

class EthersenseSource final : public Source {
 public:
  EthersenseSource(Settings settings, const base::Clock& clock)
      : settings_(std::move(settings)), clock_(clock) {}

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    auto done = relay(sink, stop);
    stream_.reset();
    connection_.reset();
    if (!stop.stop_requested()) return done;
    // Nobody watches: let the port go, too.
    claim_.reset();
    port_.reset();
    return {};
  }

 private:
  Result<void> relay(SourceSink& sink, const base::StopToken& stop) {
    if (auto ready = listen(); !ready) return ready;
    auto connection = claim_->wait(clock_.now() + kWaitForServer, stop);
    if (!connection) return nobody(connection.error());
    connection_.emplace(std::move(*connection));
    stream_ = net::make_tcp_stream(connection_->take_socket(), stop);
    profile_ = nullptr;
    int troubles = 0;
    for (std::uint64_t sequence = 0;; ++sequence) {
      auto header = receive_header();
      if (!header) return fail(std::move(header).error());
      const auto began = clock_.now();
      if (auto got = receive_payload(header->payload_bytes); !got) return got;
      auto done = deliver(sink, *header, sequence, began);
      troubles = done ? 0 : troubles + 1;
      if (troubles == kMaxTroubles) return done;
      if (!done) sink.trouble(std::move(done).error());
      port_->tend();
    }
  }

  Result<void> listen() {
    if (claim_) return {};
    auto filter = resolve(settings_.where);
    if (!filter) return fail(std::move(filter).error());
    auto port = EthersensePort::open(settings_.port, settings_.pings);
    if (!port) return fail(std::move(port).error());
    port_ = std::move(*port);
    claim_ = port_->claim(std::move(*filter));
    return {};
  }

  [[nodiscard]] Result<void> nobody(const Error& error) const {
    if (error.code != ErrorCode::Timeout) return fail(error);
    return fail(ErrorCode::NotFound,
                fmt::format("no EtherSense server has called back to TCP port {}; check that it "
                            "runs, that it is {}, and that no firewall keeps out UDP {} there and "
                            "TCP {} here",
                            settings_.port,
                            settings_.where.empty() ? "on this network" : "at " + settings_.where,
                            settings_.pings.port, settings_.port));
  }

  Result<void> receive(std::span<std::byte> into) {
    const auto got = stream_->receive(into, into.size(), clock_.now() + settings_.timeout);
    if (!got) return fail(got.error());
    if (*got == into.size()) return {};
    return fail(ErrorCode::Disconnected,
                fmt::format("the EtherSense server at {} has sent no frame for {} s",
                            connection_->peer().text(),
                            std::chrono::duration<double>(settings_.timeout).count()));
  }

  Result<wire_es::FrameHeader> receive_header() {
    std::array<std::byte, wire_es::kHeaderBytes> bytes{};
    if (auto got = receive(bytes); !got) return fail(std::move(got).error());
    return wire_es::decode_header(bytes);
  }

  Result<void> receive_payload(std::size_t size) {
    payload_.clear();
    while (payload_.size() < size) {
      const auto had = payload_.size();
      payload_.resize(std::min(size, had + kReadStep));
      if (auto got = receive(std::span(payload_).subspan(had)); !got) return got;
    }
    return {};
  }

  Result<void> deliver(SourceSink& sink, const wire_es::FrameHeader& header, std::uint64_t sequence,
                       MonotonicTime began) {
    const auto array = pickle::decode(payload_);
    if (!array) return fail(array.error());
    const bool wide = array->dtype == pickle::DType::UInt16;
    if ((!wide && array->dtype != pickle::DType::UInt8) || array->shape.dimensions != 2 ||
        array->shape.items() == 0)
      return fail(ErrorCode::Unsupported,
                  fmt::format("an EtherSense frame of type {} with {} dimensions is no picture",
                              pickle::to_string(array->dtype), array->shape.dimensions));
    use_profile(sink, wide, array->shape.extents[1], array->shape.extents[0]);
    auto frame = pool_.acquire(profile_);
    array->copy_to(frame->data);
    frame->sequence = sequence;
    // The server's clock is unknown: the frame is at least as old as its first byte here.
    frame->capture_time = began;
    frame->arrival_time = clock_.now();
    if (std::abs(header.timestamp_ms) < kLatestTimeMs)
      frame->device_time_ns = static_cast<std::int64_t>(header.timestamp_ms * 1e6);
    sink.frame(std::move(frame));
    return {};
  }

  void use_profile(SourceSink& sink, bool wide, std::uint32_t width, std::uint32_t height) {
    const auto format = wide ? PixelFormat::Z16 : PixelFormat::Y8;
    if (profile_ && profile_->format == format && profile_->width == width &&
        profile_->height == height)
      return;
    auto profile = std::make_shared<StreamProfile>();
    profile->stream = wide ? "depth" : "gray";
    profile->kind = wide ? StreamKind::Depth : StreamKind::Infrared;
    profile->format = format;
    profile->width = width;
    profile->height = height;
    if (wide) profile->depth_unit_m = settings_.depth_unit_m;
    profile_ = std::move(profile);
    SourceDescription description;
    description.model = "EtherSense server";
    description.bus = connection_->peer().text();
    description.streams.push_back(profile_);
    sink.opened(description);
  }

  const Settings settings_;
  const base::Clock& clock_;
  // In this order: a connection's end is told to its port, and so is a claim's.
  std::shared_ptr<EthersensePort> port_;
  std::unique_ptr<EthersensePort::Claim> claim_;
  std::optional<EthersensePort::Connection> connection_;
  std::unique_ptr<net::ClientStream> stream_;
  std::vector<std::byte> payload_;
  StreamProfilePtr profile_;
  frame::FramePool pool_;
};

Result<std::unique_ptr<Source>> make(base::SourceUri uri, const source::SourceContext& context) {
  Settings settings;
  settings.text = uri.text;
  settings.where = uri.path;
  if (settings.where.find_first_of("/:@ ") != std::string::npos)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}': write ethersense:, ethersense:HOST or ethersense:INTERFACE; "
                            "another port is an option: ?port=1025",
                            uri.text));
  const auto port = uri.options.integer("port", wire_es::kPort, 1, 65535);
  if (!port) return fail(port.error());
  const auto ping_port = uri.options.integer("ping-port", *port, 1, 65535);
  if (!ping_port) return fail(ping_port.error());
  const auto ping = uri.options.number("ping", 5, 0.1, 3600);
  if (!ping) return fail(ping.error());
  const auto timeout = uri.options.number("timeout", 10, 0.1, 3600);
  if (!timeout) return fail(timeout.error());
  const auto unit = uri.options.number("unit_mm", 1, 0.001, 1000);
  if (!unit) return fail(unit.error());
  if (auto rest = uri.options.finish("port, ping-port, ping, timeout, unit_mm"); !rest)
    return fail(std::move(rest).error());
  const auto seconds = [](double value) {
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(value));
  };
  settings.port = static_cast<std::uint16_t>(*port);
  settings.pings.port = static_cast<std::uint16_t>(*ping_port);
  settings.pings.interval = seconds(*ping);
  settings.timeout = seconds(*timeout);
  settings.depth_unit_m = *unit / 1000;
  return std::make_unique<EthersenseSource>(std::move(settings), context.clock);
}

}  // namespace

source::SourceKind ethersense_source_kind() noexcept {
  return {"ethersense", "depth camera of an original EtherSense server", "ethersense:", make};
}

}  // namespace lenswire::client
