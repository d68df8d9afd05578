#include "client/camera2tcp_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/stop_token.hpp"
#include "client/camera2tcp_reader.hpp"
#include "frame/frame_pool.hpp"
#include "wire/camera2tcp/decode.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;
using wire::camera2tcp::Geometry;
using wire::camera2tcp::Service;

constexpr std::uint16_t kPort = 8080;
constexpr std::uint32_t kMaxSide = 8192;
constexpr auto kNoNewFrame = 10ms;
constexpr Geometry kFirstVersion{240, 424, 3};

struct Settings {
  std::string text;  // the URI, for messages
  std::string host;
  std::uint16_t port = kPort;
  Camera2TcpReader::Settings reader;
  std::optional<Geometry> geometry;  // no handshake
  Nanoseconds period{};
};

StreamProfilePtr profile_of(Service service, const Geometry& geometry, double rate_hz) {
  auto profile = std::make_shared<StreamProfile>();
  const bool depth = service == Service::KinectDepth;
  profile->kind = depth ? StreamKind::Depth : StreamKind::Color;
  profile->stream = std::string(to_string(profile->kind));
  profile->format = depth                    ? PixelFormat::Z16
                    : geometry.channels == 1 ? PixelFormat::Y8
                                             : PixelFormat::BGR8;
  profile->width = geometry.columns;
  profile->height = geometry.rows;
  profile->rate_hz = rate_hz;
  if (depth) profile->depth_unit_m = 0.001;
  return profile;
}

class Camera2TcpSource final : public Source {
 public:
  Camera2TcpSource(Settings settings, const base::Clock& clock)
      : settings_(std::move(settings)), clock_(clock) {}

  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    auto done = relay(sink, stop);
    if (stop.stop_requested()) return {};
    if (done) return done;
    return fail(done.error().code, fmt::format("{}: {}", settings_.text, done.error().message));
  }

 private:
  Result<void> relay(SourceSink& sink, const base::StopToken& stop) {
    auto socket = net::connect_tcp(settings_.host, settings_.port,
                                   clock_.now() + settings_.reader.timeout, stop);
    if (!socket) return fail(std::move(socket).error());
    Camera2TcpReader reader(net::make_tcp_stream(std::move(*socket), stop), settings_.reader,
                            clock_);
    auto geometry =
        settings_.geometry ? Result<Geometry>(*settings_.geometry) : reader.ask_geometry();
    if (!geometry) return fail(std::move(geometry).error());
    if (geometry->channels != 3 && geometry->channels != 1)
      return fail(ErrorCode::Unsupported,
                  fmt::format("pictures with {} channels; 1 and 3 are known", geometry->channels));
    const double rate_hz = 1 / std::chrono::duration<double>(settings_.period).count();
    const auto profile = profile_of(settings_.reader.service, *geometry, rate_hz);
    sink.opened({"Camera2TCP server",
                 {},
                 net::host_and_port(settings_.host, settings_.port),
                 {profile},
                 {}});
    auto due = clock_.now();
    while (!stop.wait_until(due)) {
      const auto asked = clock_.now();
      due = std::max(asked, due + settings_.period);
      auto frame = pool_.acquire(profile);
      const auto complete = reader.read_picture(*geometry, frame->data);
      if (!complete) return fail(complete.error());
      if (!*complete) {
        due = clock_.now() + kNoNewFrame;
        continue;
      }
      if (profile->format == PixelFormat::Z16) swap_bytes(frame->data);
      frame->sequence = next_sequence_++;
      frame->arrival_time = clock_.now();
      // The server takes the picture after it was asked.
      frame->capture_uncertainty = (frame->arrival_time - asked) / 2;
      frame->capture_time = asked + frame->capture_uncertainty;
      sink.frame(std::move(frame));
    }
    return {};
  }

  static void swap_bytes(std::vector<std::byte>& samples) noexcept {
    for (std::size_t i = 0; i + 1 < samples.size(); i += 2) std::swap(samples[i], samples[i + 1]);
  }

  const Settings settings_;
  const base::Clock& clock_;
  frame::FramePool pool_;
  std::uint64_t next_sequence_ = 0;  // of the thread inside run()
};

// "//host:port/Word", the slashes being optional.
Result<void> read_address(std::string_view path, Settings& settings) {
  const auto bad = [&](std::string_view what) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' {}; write camera2tcp://host[:port]/SERVICE with SERVICE "
                            "RGBWebcam, SimpleImage, KinectWebcam or KinectDepth",
                            settings.text, what));
  };
  if (path.starts_with("//")) path.remove_prefix(2);
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return bad("names no service");
  std::string place(path.substr(0, slash));
  const auto word = path.substr(slash + 1);
  const auto colon = place.rfind(':');
  if (colon == std::string::npos || place.find(']', colon) != std::string::npos)
    place += fmt::format(":{}", kPort);
  const auto url = base::LenswireUrl::parse(place);
  if (!url || !url->camera.empty()) return bad("has no host");
  settings.host = url->host;
  settings.port = url->port;
  const auto service = wire::camera2tcp::service_from_word(word);
  if (!service) return bad(fmt::format("asks for '{}', which is no service", word));
  if (*service == Service::KinectSkeleton) return bad("asks for a skeleton, which is no picture");
  settings.reader.service = *service;
  settings.reader.word = word;
  if (word != to_string(*service)) {
    // The old words come without a handshake.
    settings.geometry = *service == Service::KinectDepth    ? wire::camera2tcp::kKinectDepth
                        : *service == Service::KinectWebcam ? wire::camera2tcp::kKinectWebcam
                                                            : kFirstVersion;
  }
  return {};
}

Result<std::unique_ptr<Source>> make(base::SourceUri uri, const source::SourceContext& context) {
  Settings settings;
  settings.text = uri.text;
  if (auto ok = read_address(uri.path, settings); !ok) return fail(std::move(ok).error());
  auto& options = uri.options;
  const auto rate = options.number("fps", 30, 0.01, 1000);
  if (!rate) return fail(rate.error());
  const auto seconds = [](double value) {
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(value));
  };
  settings.period = seconds(1 / *rate);
  const auto timeout = options.number("timeout", 5, 0.1, 3600);
  if (!timeout) return fail(timeout.error());
  settings.reader.timeout = seconds(*timeout);
  const auto gzip = options.text("gzip", "auto");
  if (gzip != "auto" && gzip != "0" && gzip != "1")
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}': gzip may be auto, 0 or 1", uri.text));
  settings.reader.gzip = gzip == "auto" ? GzipMode::Auto
                         : gzip == "1"  ? GzipMode::Always
                                        : GzipMode::Never;
  if (options.contains("size")) {
    const auto size = options.size("size", {}, kMaxSide);
    if (!size) return fail(size.error());
    const std::uint32_t channels = settings.reader.service == Service::KinectDepth ? 1 : 3;
    settings.geometry = Geometry{size->height, size->width, channels};
  }
  if (auto rest = options.finish("fps, timeout, gzip, size"); !rest)
    return fail(std::move(rest).error());
  return std::make_unique<Camera2TcpSource>(std::move(settings), context.clock);
}

}  // namespace

source::SourceKind camera2tcp_source_kind() noexcept {
  return {"camera2tcp", "a camera of an original Camera2TCP server",
          "camera2tcp://host:8080/RGBWebcam", make};
}

}  // namespace lenswire::client
