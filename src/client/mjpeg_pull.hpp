// mjpeg_pull.hpp - reads a lenswire server's MJPEG stream over HTTP.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <lenswire/client.hpp>

#include "base/stop_token.hpp"
#include "base/uri.hpp"
#include "net/tcp_client.hpp"
#include "wire/mjpeg_pull/part_reader.hpp"

namespace lenswire::client {

/// One `GET /cameras/{camera}/{stream}.mjpeg`.
///
/// Threading: thread-bound.
class MjpegPull {
 public:
  /// Connects to the URL's host (with TLS where the URL says so) and asks for `target`. Token and
  /// trust are those of the settings.
  /// Errors: those of connect_tcp() and make_tls_stream(); NotFound, PermissionDenied, Unsupported
  /// or Disconnected as the server's status says; InvalidArgument when it is no HTTP server.
  static Result<std::unique_ptr<MjpegPull>> open(const base::LenswireUrl& url,
                                                 const std::string& target,
                                                 const ClientSettings& settings,
                                                 const base::StopToken& stop);

  /// The next picture; head() and picture() hold until the next call.
  /// Errors: Timeout; the stream's; InvalidArgument when the server breaks the format.
  Result<void> next(MonotonicTime deadline);

  [[nodiscard]] const wire::mjpeg_pull::PartHead& head() const noexcept { return parts_.head(); }
  [[nodiscard]] std::span<const std::byte> picture() const noexcept { return parts_.picture(); }

 private:
  explicit MjpegPull(std::unique_ptr<net::ClientStream> stream);
  Result<void> fill(MonotonicTime deadline);
  Result<void> read_head(MonotonicTime deadline);

  std::unique_ptr<net::ClientStream> stream_;
  std::vector<std::byte> buffer_;
  std::span<const std::byte> unread_;
  wire::mjpeg_pull::PartReader parts_;
};

}  // namespace lenswire::client
