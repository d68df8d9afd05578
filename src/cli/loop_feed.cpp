#include "cli/loop_feed.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "client/client_impl.hpp"
#include "client/mjpeg_pull.hpp"
#include "codec/codec.hpp"

namespace lenswire::cli {
namespace {

constexpr auto kPingEvery = std::chrono::seconds(1);

MonotonicTime now() noexcept { return base::system_clock().now(); }

// The native protocol over any transport that a Client knows.
class ClientFeed final : public LoopFeed {
 public:
  explicit ClientFeed(std::unique_ptr<Client> client) : client_(std::move(client)) {}

  Result<void> subscribe(const LoopTarget& target, const LoopSetup& setup) {
    SubscribeSettings settings;
    settings.camera = target.url.camera;
    settings.stream = target.url.stream;
    settings.codec = setup.codec;
    settings.quality = setup.quality;
    settings.scale = setup.scale;
    const auto subscription = client_->subscribe(settings);
    if (!subscription) return fail(subscription.error());
    return {};
  }

  Result<LoopFrame> next(MonotonicTime deadline) override {
    auto received = client_->next(deadline - now());
    if (!received) return fail(std::move(received).error());
    received_ = std::move(*received);
    const auto& frame = *received_.frame;
    LoopFrame out;
    out.picture = frame::view_of(frame);
    out.sequence = frame.sequence;
    out.capture_time = frame.capture_time;
    out.capture_uncertainty = frame.capture_uncertainty;
    if (const auto* ball = frame.annotations.find(AnnotationKind::Ball)) out.truth = *ball;
    out.wire_bytes = received_.wire_bytes;
    return out;
  }

 private:
  std::unique_ptr<Client> client_;
  ReceivedFrame received_;
};

// MJPEG over HTTP; a native connection beside it only keeps the clock.
class MjpegFeed final : public LoopFeed {
 public:
  MjpegFeed(std::unique_ptr<client::MjpegPull> pull, std::unique_ptr<Client> clock)
      : pull_(std::move(pull)),
        clock_(std::move(clock)),
        decoder_(codec::find_codec(CodecId::Jpeg)->make_decoder()) {}

  Result<LoopFrame> next(MonotonicTime deadline) override {
    if (auto ok = pull_->next(deadline); !ok) return fail(std::move(ok).error());
    picture_.format = PixelFormat::JPEG;
    picture_.width = picture_.height = 0;
    if (auto ok = decoder_->decode(pull_->picture(), picture_); !ok)
      return fail(std::move(ok).error());
    const auto& head = pull_->head();
    if (!head.sequence || !head.capture_time_ns || !head.ball)
      return fail(ErrorCode::Unsupported,
                  "the MJPEG stream's parts do not tell where the ball is; is the server older "
                  "than this program, or the camera no synthetic:ball?");
    if (now() >= ping_at_) {
      const auto offset = clock_->ping(3);
      if (!offset) return fail(offset.error());
      offset_ = *offset;
      ping_at_ = now() + kPingEvery;
    }
    LoopFrame out;
    out.picture = picture_.view();
    out.sequence = *head.sequence;
    out.capture_time = monotonic_from_ns(*head.capture_time_ns) - offset_.server_minus_client;
    out.capture_uncertainty = offset_.uncertainty;
    out.truth = head.ball;
    out.wire_bytes = pull_->picture().size();
    return out;
  }

 private:
  std::unique_ptr<client::MjpegPull> pull_;
  std::unique_ptr<Client> clock_;
  std::unique_ptr<codec::Decoder> decoder_;
  frame::Image picture_;
  ClockOffset offset_;
  MonotonicTime ping_at_{};
};

Result<std::unique_ptr<Client>> connect_as(const LoopTarget& target, std::string_view scheme) {
  return client::connect(url_text(target.url, scheme), target.settings, target.stop);
}

// The scheme of a transport, with TLS where the target has it.
std::string scheme_of(std::string_view transport, const LoopTarget& target) {
  const auto* plain = transport == "websocket"     ? "ws"
                      : transport == "datachannel" ? "rtc"
                                                   : "lenswire";
  return fmt::format("{}{}", plain, target.url.tls ? "s" : "");
}

}  // namespace

std::string url_text(const base::LenswireUrl& url, std::string_view scheme) {
  return fmt::format("{}://{}/{}", scheme, net::host_and_port(url.host, url.port), url.camera);
}

Result<std::unique_ptr<LoopFeed>> open_loop_feed(const LoopTarget& target, const LoopSetup& setup) {
  if (setup.transport == "mjpeg") {
    auto clock = connect_as(target, scheme_of("native", target));
    if (!clock) return fail(std::move(clock).error());
    auto pull = client::MjpegPull::open(
        target.url,
        fmt::format("/cameras/{}/{}.mjpeg?quality={}&scale={}", target.url.camera,
                    target.url.stream, setup.quality, setup.scale),
        target.settings, target.stop);
    if (!pull) return fail(std::move(pull).error());
    return std::make_unique<MjpegFeed>(std::move(*pull), std::move(*clock));
  }
  auto client = connect_as(target, scheme_of(setup.transport, target));
  if (!client) return fail(std::move(client).error());
  auto feed = std::make_unique<ClientFeed>(std::move(*client));
  if (auto ok = feed->subscribe(target, setup); !ok) return fail(std::move(ok).error());
  return feed;
}

}  // namespace lenswire::cli
