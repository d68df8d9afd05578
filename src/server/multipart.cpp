#include "server/multipart.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/clock.hpp"

namespace lenswire::server {

std::string unix_timestamp(const Frame& frame) {
  const auto ns = to_ns(base::system_clock().to_utc(frame.capture_time));
  return fmt::format("{}.{:06}", ns / 1'000'000'000, ns % 1'000'000'000 / 1000);
}

std::string multipart_head(const hub::EncodedFrame& frame) {
  auto head = fmt::format(
      "--{}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\nX-Timestamp: {}\r\n"
      "X-Sequence: {}\r\n",
      kBoundary, frame.payload().size(), unix_timestamp(*frame.source), frame.sequence());
  if (const auto* ball = frame.source->annotations.find(AnnotationKind::Ball))
    fmt::format_to(std::back_inserter(head), "X-Capture-Time-Ns: {}\r\nX-Ball: {} {} {}\r\n",
                   to_ns(frame.source->capture_time), ball->x_px, ball->y_px, ball->radius_px);
  head += "\r\n";
  return head;
}

}  // namespace lenswire::server
