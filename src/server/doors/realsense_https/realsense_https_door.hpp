// realsense_https_door.hpp - the HTTPS server of the RealSense streaming applications.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "server/door.hpp"
#include "server/doors/realsense_https/feed_routes.hpp"
#include "server/gps_reader.hpp"
#include "server/side_by_side_stream.hpp"

namespace lenswire::net {
class TlsServerContext;
}

namespace lenswire::server::realsense_https {

/// Where the originals listen.
inline constexpr std::array<std::uint16_t, 1> kPorts = {5037};

struct FeedOptions {
  int quality = 95;
  Boundary boundary = Boundary::AsOriginal;
};

/// Serves colour and depth of its camera side by side, as multipart JPEG over TLS, and a position
/// as JSON. Options: `quality`, `boundary=original|strict`, `tls=0` (plain HTTP), `gps=SOURCE` (see
/// GpsSource), `linger=SECONDS`.
///
/// The camera runs from the first request for pictures until 60 s after the last client has gone.
class RealsenseHttpsDoor final : public Door {
 public:
  /// Makes the certificate where there is none yet. Errors: InvalidArgument, and those of
  /// net::TlsServerContext.
  static Result<std::unique_ptr<Door>> make(DoorRequest request, const DoorContext& context);

  Result<void> open() override;
  void close() override;
  std::unique_ptr<Session> greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                 ConnectionTable::Admission admission) override;

  [[nodiscard]] const FeedOptions& options() const noexcept { return options_; }
  [[nodiscard]] hub::StreamHub& pictures() noexcept { return pictures_.stream(); }
  [[nodiscard]] wire::gps::Reading location() const;

 private:
  RealsenseHttpsDoor(const DoorContext& context, const SideBySideStream::Settings& pictures);

  FeedOptions options_;
  std::shared_ptr<net::TlsServerContext> tls_;  // null: plain
  std::optional<GpsReader> gps_;
  SideBySideStream pictures_;
};

}  // namespace lenswire::server::realsense_https
