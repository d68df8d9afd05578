// jpeg_push.hpp - sends pictures and positions to one place, as the RealSense applications do.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/time.hpp>

#include "base/stop_token.hpp"
#include "client/picture_mailbox.hpp"
#include "net/tcp_client.hpp"
#include "net/tls_client.hpp"
#include "net/url.hpp"

namespace lenswire::client {

/// Where to push, and how.
struct PushSettings {
  net::Url destination;  ///< http or https
  net::TlsClientSettings tls;
  Nanoseconds retry = std::chrono::seconds(2);  ///< between a failure and the next try
  std::string stream_id;
  double rate_hz = 0;  ///< at most; 0 = every picture
};

/// "https://host:5038/in": a place for pictures or positions.
/// Errors: InvalidArgument, also for another scheme than http and https.
Result<net::Url> parse_push_url(std::string_view text);

/// Posts the mailbox's pictures, for ever: an endless chunked body, the answer to which is not
/// waited for. Whatever the other side does, it is tried again after `retry`.
///
/// Threading: run() on one thread.
class JpegPusher {
 public:
  JpegPusher(PushSettings settings, PictureMailbox& pictures)
      : settings_(std::move(settings)), pictures_(pictures) {}

  /// Until the stop. Errors: InvalidArgument where trying again is of no use: CA file, pin.
  Result<void> run(const base::StopToken& stop);

 private:
  Result<void> push(const base::StopToken& stop);
  Result<void> send_picture(net::ClientStream& stream, const Picture& picture);
  Result<std::optional<Picture>> next_picture(const base::StopToken& stop);

  const PushSettings settings_;
  PictureMailbox& pictures_;
  std::optional<Picture> first_;  // of the next connection
  MonotonicTime next_due_{};
  std::vector<std::byte> part_head_;
};

/// Posts a position each second, on a new connection each time.
///
/// Threading: run() on one thread.
class LocationPusher {
 public:
  /// `json` gives the body.
  LocationPusher(PushSettings settings, std::function<std::string()> json)
      : settings_(std::move(settings)), json_(std::move(json)) {}

  /// As JpegPusher::run().
  Result<void> run(const base::StopToken& stop);

 private:
  Result<void> post(const base::StopToken& stop);

  const PushSettings settings_;
  const std::function<std::string()> json_;
};

}  // namespace lenswire::client
