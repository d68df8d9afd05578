#include "server/doors/realsense_https/realsense_https_door.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "net/tls.hpp"
#include "server/access.hpp"
#include "server/camera.hpp"
#include "server/doors/realsense_https/feed_session.hpp"
#include "server/services.hpp"

namespace lenswire::server::realsense_https {
namespace {

constexpr double kLingerS = 60;

// The server's own certificate where it has one, else one beside it.
Result<std::shared_ptr<net::TlsServerContext>> certificate(const DoorContext& context) {
  const auto& settings = context.settings;
  if (context.services.tls) return context.services.tls;
  if (settings.state_dir.empty())
    return fail(
        ErrorCode::InvalidArgument,
        "the self-signed certificate needs a folder; give --state-dir, or --cert and --key, "
        "or ?tls=0 for plain HTTP");
  if (auto made = make_private_folder(settings.state_dir); !made) return fail(made.error());
  return net::TlsServerContext::load_or_create(settings.state_dir + "/certificate.pem",
                                               settings.state_dir + "/key.pem");
}

}  // namespace

RealsenseHttpsDoor::RealsenseHttpsDoor(const DoorContext& context,
                                       const SideBySideStream::Settings& pictures)
    : pictures_(context.camera, context.services.clock, pictures) {}

Result<std::unique_ptr<Door>> RealsenseHttpsDoor::make(DoorRequest request,
                                                       const DoorContext& context) {
  auto& options = request.options;
  const auto quality = options.integer("quality", 95, 1, 100);
  if (!quality) return fail(quality.error());
  const auto with_tls = options.boolean("tls", true);
  if (!with_tls) return fail(with_tls.error());
  const auto boundary = options.text("boundary", "original");
  if (boundary != "original" && boundary != "strict")
    return fail(ErrorCode::InvalidArgument,
                fmt::format("option boundary={}: expected original or strict", boundary));
  const auto linger = options.number("linger", kLingerS, 0, 86400);
  if (!linger) return fail(linger.error());
  const auto gps = options.text("gps", "");
  if (auto rest = options.finish("quality, tls, boundary, linger, gps"); !rest)
    return fail(std::move(rest).error());

  SideBySideStream::Settings pictures;
  pictures.linger = std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(*linger));
  std::unique_ptr<RealsenseHttpsDoor> door(new RealsenseHttpsDoor(context, pictures));
  door->options_.quality = static_cast<int>(*quality);
  door->options_.boundary = boundary == "strict" ? Boundary::Strict : Boundary::AsOriginal;
  if (!gps.empty()) {
    auto source = GpsSource::parse(gps);
    if (!source) return fail(std::move(source).error());
    door->gps_.emplace(std::move(*source));
  }
  if (*with_tls) {
    auto tls = certificate(context);
    if (!tls) return fail(std::move(tls).error());
    door->tls_ = std::move(*tls);
    base::log_info("door_tls",
                   {{"door", "realsense-https"}, {"sha256", door->tls_->fingerprint()}});
  }
  return door;
}

Result<void> RealsenseHttpsDoor::open() {
  if (auto possible = pictures_.check(); !possible)
    return fail(possible.error().code,
                fmt::format("door realsense-https: {}", possible.error().message));
  pictures_.start();
  if (gps_) gps_->start();
  return {};
}

void RealsenseHttpsDoor::close() {
  if (gps_) gps_->stop();
  pictures_.stop();
}

std::unique_ptr<Session> RealsenseHttpsDoor::greet(Worker& worker,
                                                   std::unique_ptr<net::Stream> stream,
                                                   ConnectionTable::Admission admission) {
  if (tls_) stream = net::make_tls_stream(std::move(stream), tls_);
  return std::make_unique<FeedSession>(*this, worker, std::move(stream), std::move(admission));
}

wire::gps::Reading RealsenseHttpsDoor::location() const {
  return gps_ ? gps_->latest() : wire::gps::Reading{wire::gps::FixState::NoDevice, 0, 0, {}};
}

}  // namespace lenswire::server::realsense_https
