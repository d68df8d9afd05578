// feed_routes.hpp - what is answered to a request of the RealSense streaming applications' clients.
#pragma once

#include <string>
#include <string_view>

#include <lenswire/time.hpp>

#include "net/http.hpp"
#include "wire/gps/reading.hpp"

namespace lenswire::server::realsense_https {

enum class Boundary {
  AsOriginal,  // announced as `--frame`, dashes and all, like the originals
  Strict,      // announced as `frame`, which is what the parts begin with by RFC 2046
};

/// What an answer depends on besides the request.
struct FeedState {
  wire::gps::Reading location;
  Boundary boundary = Boundary::AsOriginal;
  UtcTime time{};
};

struct FeedAnswer {
  std::string text;        ///< the head, and the body of an answer that has an end
  bool pictures = false;   ///< pictures follow, for ever
  bool in_chunks = false;  ///< each of them is a chunk
};

/// The answer to a request. Each ends the connection. Queries and cookies mean nothing.
///
/// Threading: reentrant.
[[nodiscard]] FeedAnswer answer_feed(const net::HttpRequest& request, const FeedState& state);

/// The answer to something that is no request.
[[nodiscard]] FeedAnswer answer_malformed(const net::HttpRejection& rejection, UtcTime time);

/// "Sat, 21 Nov 2026 08:19:00 GMT"
[[nodiscard]] std::string http_date(UtcTime time);

}  // namespace lenswire::server::realsense_https
