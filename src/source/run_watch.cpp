#include "source/run_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "source/seconds_text.hpp"

namespace lenswire::source {

bool RunWatch::opened(const std::vector<StreamProfilePtr>& streams, MonotonicTime now) {
  streams_.opened(streams, now);
  return !std::exchange(is_open_, true);
}

std::uint64_t RunWatch::frame(const Frame& frame, MonotonicTime now) noexcept {
  last_frame_ = now;
  if (!first_frame_) first_frame_ = now;
  return streams_.frame(frame, now);
}

RunWatch::Verdict RunWatch::verdict(MonotonicTime now) const {
  Verdict verdict;
  if (!is_open_) {
    const auto limit = began_ + settings_.open_timeout;
    if (now < limit) {
      verdict.next = limit;
    } else {
      verdict.stalled =
          fmt::format("opening takes longer than {}", seconds_text(settings_.open_timeout));
      verdict.end = true;
    }
    return verdict;
  }
  verdict.next = streams_.next_deadline(now);
  if (const auto silence = streams_.silence(now)) {
    verdict.stalled = fmt::format("stream '{}' gave no frame for {}", silence->stream,
                                  seconds_text(silence->limit));
    const auto limit = silence->since + settings_.restart_stalled_after;
    verdict.end = silence->all && now >= limit;
    if (silence->all) verdict.next = verdict.next ? std::min(*verdict.next, limit) : limit;
  }
  return verdict;
}

bool RunWatch::worked() const noexcept {
  return first_frame_ && last_frame_ - *first_frame_ >= settings_.backoff_max;
}

}  // namespace lenswire::source
