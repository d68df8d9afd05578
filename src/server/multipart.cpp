#include "server/multipart.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"

namespace lenswire::server {

std::string unix_timestamp(const Frame& frame) {
  const auto ns = to_ns(base::system_clock().to_utc(frame.capture_time));
  return fmt::format("{}.{:06}", ns / 1'000'000'000, ns % 1'000'000'000 / 1000);
}

std::string multipart_head(const hub::EncodedFrame& frame) {
  return fmt::format(
      "--{}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\nX-Timestamp: {}\r\n"
      "X-Sequence: {}\r\n\r\n",
      kBoundary, frame.payload().size(), unix_timestamp(*frame.source), frame.sequence());
}

}  // namespace lenswire::server
