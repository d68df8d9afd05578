// push.cpp - lenswire push: pictures and positions to a place that listens.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/uri.hpp"
#include "cli/command.hpp"
#include "cli/serve_config.hpp"
#include "cli/sources.hpp"
#include "client/jpeg_push.hpp"
#include "filter/scale.hpp"
#include "server/camera.hpp"
#include "server/gps_reader.hpp"
#include "server/side_by_side_stream.hpp"
#include "wire/mjpeg_push/encode.hpp"

namespace lenswire::cli {
namespace {

using namespace std::chrono_literals;

struct Options {
  std::string destination;
  std::string camera;
  std::string gps;
  std::string gps_source;
  std::string stream_id{wire::mjpeg_push::kDefaultStreamId};
  double retry_s = 2;
  unsigned width = 0;
  unsigned height = 0;
  double rate_hz = 0;
  int quality = 95;
  net::TlsClientSettings tls;
};

// "NAME=URI", or a URI alone.
Result<CameraSettings> camera_of(const std::string& text) {
  if (text.empty())
    return fail(ErrorCode::InvalidArgument,
                "which camera is to be pushed? --camera NAME=URI, for example --camera "
                "synthetic:room or --camera lenswire://host/front");
  if (base::is_valid_name(text.substr(0, text.find('=')))) return parse_camera_option(text);
  return CameraSettings{"push", text, true};
}

// What of the camera's picture is sent, from 0 to 1.
// Errors: InvalidArgument for a size of another shape, or a larger one.
Result<double> scale_of(const Options& options, const StreamProfile& color) {
  if (options.width == 0 && options.height == 0) return 1.0;
  const double scale = options.width > 0 ? static_cast<double>(options.width) / color.width
                                         : static_cast<double>(options.height) / color.height;
  const auto fits = [&](unsigned wanted, std::uint32_t size) {
    return wanted == 0 || (wanted <= size && filter::scaled_size(size, scale) == wanted);
  };
  if (scale > 1 || !fits(options.width, color.width) || !fits(options.height, color.height))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("the camera gives {}x{}, which cannot be shrunk to {}x{}; ask for the "
                            "same shape, or let the camera give another (?size=WIDTHxHEIGHT in its "
                            "URI, where its kind has that)",
                            color.width, color.height, options.width, options.height));
  return scale;
}

// The streams of a camera, as soon as they are known.
Result<StreamProfile> color_profile(server::Camera& camera, const base::StopToken& stop) {
  std::string told;
  while (true) {
    const auto color = camera.stream("color");
    if (color) return *(*color)->profile();
    if (color.error().code == ErrorCode::NotFound) return fail(color.error());
    if (color.error().code != ErrorCode::Busy &&
        std::exchange(told, color.error().message) != color.error().message)
      fmt::print(stderr, "lenswire: {}; waiting for it\n", color.error().message);
    if (stop.wait_for(100ms)) return fail(ErrorCode::Closed, "interrupted");
  }
}

// Encoded pictures from the hub to the thread that sends them.
class ToMailbox final : public hub::FrameSink {
 public:
  explicit ToMailbox(client::PictureMailbox& mailbox) : mailbox_(mailbox) {}
  void deliver(const hub::EncodedFramePtr& frame) override {
    const auto& profile = frame->profile->profile;
    mailbox_.put(
        {{frame, &frame->encoded}, profile.width, profile.height, frame->source->capture_time});
  }

 private:
  client::PictureMailbox& mailbox_;
};

// A GPS reader and the thread that posts what it reads.
class Locations {
 public:
  Locations(server::GpsSource source, client::PushSettings settings)
      : reader_(std::move(source)), pusher_(std::move(settings), [this] { return json(); }) {
    reader_.start();
    thread_ = std::thread([this] {
      result_ = pusher_.run(stop_.token());
      if (!result_) base::log_error("location_push_ended", {{"reason", result_.error().message}});
    });
  }
  ~Locations() { (void)finish(); }

  /// Ends the thread, and tells why it ended before if it did.
  Result<void> finish() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
    return result_;
  }

 private:
  std::string json() const {
    return wire::gps::location_json(reader_.latest(), wire::gps::JsonStyle::Spaced)
        .value_or("null");
  }

  server::GpsReader reader_;
  client::LocationPusher pusher_;
  base::StopSource stop_;
  Result<void> result_;
  std::thread thread_;
};

Result<client::PushSettings> settings_for(const Options& options, const std::string& url) {
  client::PushSettings settings;
  auto destination = client::parse_push_url(url);
  if (!destination) return fail(std::move(destination).error());
  settings.destination = std::move(*destination);
  settings.tls = options.tls;
  settings.retry =
      std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(options.retry_s));
  settings.stream_id = options.stream_id;
  settings.rate_hz = options.rate_hz;
  return settings;
}

Result<void> push(const Options& options, const Context& context) {
  const auto bad_id = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (options.stream_id.empty() ||
      std::any_of(options.stream_id.begin(), options.stream_id.end(), bad_id))
    return fail(ErrorCode::InvalidArgument, "--stream-id: give a text without control characters");
  auto pictures_to = settings_for(options, options.destination);
  if (!pictures_to) return fail(std::move(pictures_to).error());
  if (options.gps.empty() && !options.gps_source.empty())
    return fail(ErrorCode::InvalidArgument,
                "--gps-source is of no use without --gps https://HOST:PORT, the place to send to");
  std::optional<client::PushSettings> positions_to;
  std::optional<server::GpsSource> gps;
  if (!options.gps.empty()) {
    auto to = settings_for(options, options.gps);
    if (!to) return fail(std::move(to).error());
    positions_to = std::move(*to);
    auto source =
        server::GpsSource::parse(options.gps_source.empty() ? "/dev/ttyUSB0" : options.gps_source);
    if (!source) return fail(std::move(source).error());
    gps = std::move(*source);
  }
  auto settings = camera_of(options.camera);
  if (!settings) return fail(std::move(settings).error());
  settings->always_on = true;
  const auto sources = all_sources();
  const source::SourceContext sources_context{base::system_clock()};
  if (auto possible = sources.make(settings->uri, sources_context); !possible)
    return fail(std::move(possible).error());

  hub::EncoderPool encoders(std::clamp(std::thread::hardware_concurrency(), 1U, 2U));
  server::Camera camera(*settings, sources, sources_context, {}, encoders,
                        [](const nlohmann::json&) {});
  camera.start();
  const auto color = color_profile(camera, context.stop);
  if (!color) return fail(color.error());
  const auto scale = scale_of(options, *color);
  if (!scale) return fail(scale.error());
  server::SideBySideStream pictures(camera, base::system_clock(), {Nanoseconds::zero(), *scale});
  if (auto possible = pictures.check(); !possible) return possible;
  pictures.start();
  client::PictureMailbox mailbox;
  ToMailbox sink(mailbox);
  hub::Wish wish;
  wish.codec = CodecId::Jpeg;
  wish.quality = options.quality;
  const auto attachment = pictures.stream().attach(wish, sink);
  if (!attachment) return fail(attachment.error());

  std::optional<Locations> locations;
  if (positions_to) locations.emplace(std::move(*gps), std::move(*positions_to));
  auto done = client::JpegPusher(std::move(*pictures_to), mailbox).run(context.stop);
  if (locations) {
    auto located = locations->finish();
    if (done && !located) done = located;
  }
  return done;
}

}  // namespace

void add_push(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand(
      "push", "Send colour and depth side by side to a place that listens, for ever");
  auto options = std::make_shared<Options>();
  command
      ->add_option("DESTINATION", options->destination,
                   "https://HOST[:PORT][/PATH], or http:// for a test")
      ->required();
  command->add_option("--camera", options->camera, "What to send: NAME=URI or a source's URI")
      ->required();
  command->add_option("-g,--gps", options->gps,
                      "Where to send positions, once a second: https://HOST[:PORT][/PATH]");
  command->add_option("--gps-source", options->gps_source,
                      "/dev/ttyUSB0 (default; NMEA, 9600 baud), gpsd://HOST[:PORT] or "
                      "fixed:LATITUDE,LONGITUDE[,KNOTS]");
  command->add_option("-r,--retry", options->retry_s, "Seconds between a failure and the next try")
      ->check(CLI::Range(0.01, 86400.0))
      ->capture_default_str();
  command->add_option("-s,--stream-id", options->stream_id, "What the receiver knows it by")
      ->capture_default_str();
  command
      ->add_option("-x,--width", options->width,
                   "Of the colour half, in pixels (default: the camera's)")
      ->check(CLI::Range(1U, 16384U));
  command->add_option("-y,--height", options->height, "Likewise")->check(CLI::Range(1U, 16384U));
  command->add_option("-f,--fps", options->rate_hz, "At most so many pictures a second")
      ->check(CLI::Range(0.01, 1000.0));
  command->add_option("--quality", options->quality, "JPEG quality")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--ca", options->tls.ca_file, "PEM file with the issuers to trust");
  command->add_option("--pin-sha256", options->tls.pin_sha256,
                      "SHA-256 of the receiver's certificate");
  command->add_flag("--insecure", options->tls.insecure, "Accept any certificate");
  command->footer(
      "A receiver is anything that takes an endless chunked POST: a push-listen: camera of another "
      "lenswire, or\n  ffmpeg -listen 1 -key_file key.pem -cert_file cert.pem -i "
      "https://0.0.0.0:5038 ...\nExample: lenswire push https://lab.example:5038 --camera "
      "front=synthetic:room --ca lab.pem --stream-id cam-7");
  command->callback([options, &context] { context.finish(push(*options, context)); });
}

}  // namespace lenswire::cli
