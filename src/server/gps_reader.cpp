#include "server/gps_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/thread.hpp"
#include "net/tcp_client.hpp"
#include "net/url.hpp"
#include "wire/gps/gpsd_report.hpp"
#include "wire/gps/nmea.hpp"

namespace lenswire::server {
namespace {

using namespace std::chrono_literals;
using wire::gps::FixState;
using wire::gps::Reading;

constexpr auto kRetry = 1s;
constexpr auto kSilence = 5s;
constexpr std::uint16_t kGpsdPort = 2947;

MonotonicTime now() noexcept { return base::system_clock().now(); }

std::optional<std::vector<double>> numbers(std::string_view text) {
  std::vector<double> out;
  while (true) {
    const auto comma = text.find(',');
    const auto piece = text.substr(0, comma);
    double value = 0;
    const auto* last = piece.data() + piece.size();
    const auto [end, error] = std::from_chars(piece.data(), last, value);
    if (piece.empty() || error != std::errc() || end != last || !std::isfinite(value))
      return std::nullopt;
    out.push_back(value);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

Result<base::UniqueFd> open_serial(const std::string& device) {
  base::UniqueFd fd(::open(device.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd)
    return fail(errno == EACCES ? ErrorCode::PermissionDenied : ErrorCode::NotFound,
                fmt::format("{}: {}; plug the receiver in, or name its device (`ls /dev/tty*`)",
                            device, std::strerror(errno)));
  termios settings{};
  if (::tcgetattr(fd.get(), &settings) != 0)
    return fail(ErrorCode::Unsupported, fmt::format("{} is no serial device", device));
  ::cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  ::cfsetispeed(&settings, B9600);
  ::cfsetospeed(&settings, B9600);
  if (::tcsetattr(fd.get(), TCSANOW, &settings) != 0)
    return fail(ErrorCode::Unsupported,
                fmt::format("{} does not do 9600 baud: {}", device, std::strerror(errno)));
  return fd;
}

}  // namespace

Result<GpsSource> GpsSource::parse(std::string_view text) {
  GpsSource source;
  constexpr std::string_view kFixed = "fixed:";
  if (text.starts_with('/')) {
    source.place = text;
    return source;
  }
  if (text.starts_with("gpsd:")) {
    const auto url = net::Url::parse(text, kGpsdPort);
    if (!url) return fail(url.error());
    source.kind = Kind::Gpsd;
    source.place = url->host;
    source.port = url->port;
    return source;
  }
  const auto place = text.starts_with(kFixed) ? numbers(text.substr(kFixed.size())) : std::nullopt;
  if (!place || place->size() < 2 || place->size() > 3 || std::abs((*place)[0]) > 90 ||
      std::abs((*place)[1]) > 180 || (place->size() == 3 && (*place)[2] < 0))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' is no source of positions; write /dev/ttyUSB0, "
                            "gpsd://HOST[:PORT] or fixed:LATITUDE,LONGITUDE[,KNOTS]",
                            text));
  source.kind = Kind::Fixed;
  source.fixed = {FixState::Fix, (*place)[0], (*place)[1], std::nullopt};
  if (place->size() == 3) source.fixed.speed_knots = (*place)[2];
  return source;
}

GpsReader::~GpsReader() { stop(); }

void GpsReader::start() {
  if (source_.kind == GpsSource::Kind::Fixed)
    set(source_.fixed);
  else
    thread_ = std::thread([this] { run(); });
}

void GpsReader::stop() {
  stop_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Reading GpsReader::latest() const {
  base::MutexLock lock(mutex_);
  return latest_;
}

void GpsReader::set(const Reading& reading) {
  base::MutexLock lock(mutex_);
  latest_ = reading;
}

void GpsReader::run() {
  base::set_thread_name("lw-gps");
  const auto stop = stop_.token();
  std::string told;
  do {
    const auto done = source_.kind == GpsSource::Kind::Serial ? read_serial() : read_gpsd();
    if (done || stop.stop_requested()) continue;
    set({FixState::NoDevice, 0, 0, std::nullopt});
    if (std::exchange(told, done.error().message) != done.error().message)
      base::log_warning("gps_missing", {{"reason", done.error().message}});
  } while (!stop.wait_for(kRetry));
}

template <typename Reader>
void GpsReader::take(Reader& reader, std::span<const std::byte> bytes) {
  while (const auto reading = reader.read(bytes)) set(*reading);
}

Result<void> GpsReader::read_serial() {
  const auto fd = open_serial(source_.place);
  if (!fd) return fail(fd.error());
  const auto stop = stop_.token();
  wire::gps::NmeaReader reader;
  std::array<std::byte, 512> buffer;
  while (true) {
    const auto ready = net::wait_for_socket(fd->get(), POLLIN, now() + kSilence, stop);
    if (!ready) return {};
    if (!*ready) {
      set({FixState::NoFix, 0, 0, std::nullopt});
      continue;
    }
    const auto got = ::read(fd->get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0)
      return fail(ErrorCode::Disconnected, fmt::format("{}: the receiver is gone", source_.place));
    take(reader, std::span(buffer).first(static_cast<std::size_t>(got)));
  }
}

Result<void> GpsReader::read_gpsd() {
  const auto stop = stop_.token();
  auto socket = net::connect_tcp(source_.place, source_.port, now() + kSilence, stop);
  if (!socket)
    return fail(ErrorCode::Disconnected,
                fmt::format("no gpsd at {} (`systemctl start gpsd`, or name another host)",
                            net::host_and_port(source_.place, source_.port)));
  const auto stream = net::make_tcp_stream(std::move(*socket), stop);
  if (auto sent = stream->send(std::as_bytes(std::span(wire::gps::kGpsdWatch)), now() + kSilence);
      !sent)
    return sent;
  wire::gps::GpsdReader reader;
  std::array<std::byte, 4096> buffer;
  while (true) {
    const auto got = stream->receive(buffer, 1, now() + kSilence);
    if (!got) return fail(got.error());
    // A gpsd without a receiver has said so, and has nothing more to say.
    if (*got == 0 && latest().state != FixState::NoDevice)
      set({FixState::NoFix, 0, 0, std::nullopt});
    take(reader, std::span(buffer).first(*got));
  }
}

}  // namespace lenswire::server
