#include "source/stream_watch.hpp"

#include <algorithm>
#include <utility>

namespace lenswire::source {

void StreamWatch::opened(const std::vector<StreamProfilePtr>& streams, MonotonicTime now) {
  std::vector<Stream> watched;
  for (const auto& profile : streams) {
    if (!profile) continue;
    Stream stream;
    stream.profile = profile;
    stream.last = now;
    if (profile->rate_hz > 0)
      stream.limit = std::max(minimum_, Nanoseconds(static_cast<std::int64_t>(
                                            std::min(frame_times_ / profile->rate_hz, 1e6) * 1e9)));
    for (const auto& old : streams_)
      if (old.profile->stream == profile->stream) stream.sequence = old.sequence;
    watched.push_back(std::move(stream));
  }
  streams_ = std::move(watched);
}

std::uint64_t StreamWatch::frame(const Frame& frame, MonotonicTime now) noexcept {
  for (auto& stream : streams_) {
    if (stream.profile != frame.profile && stream.profile->stream != frame.profile->stream)
      continue;
    stream.last = now;
    const auto before = std::exchange(stream.sequence, frame.sequence);
    return before && frame.sequence > *before ? frame.sequence - *before - 1 : 0;
  }
  return 0;
}

std::optional<StreamWatch::Silence> StreamWatch::silence(MonotonicTime now) const {
  std::optional<Silence> found;
  std::size_t silent_count = 0;
  for (const auto& stream : streams_) {
    if (!silent(stream, now)) continue;
    ++silent_count;
    if (!found) found = Silence{stream.profile->stream, stream.limit, false, {}};
    found->since = std::max(found->since, stream.last + stream.limit);
  }
  if (found) found->all = silent_count == streams_.size();
  return found;
}

bool StreamWatch::all_flow(MonotonicTime now) const noexcept {
  return std::none_of(streams_.begin(), streams_.end(),
                      [now](const Stream& stream) { return silent(stream, now); });
}

std::optional<MonotonicTime> StreamWatch::next_deadline(MonotonicTime now) const noexcept {
  std::optional<MonotonicTime> next;
  for (const auto& stream : streams_) {
    if (stream.limit == Nanoseconds::zero() || silent(stream, now)) continue;
    const auto deadline = stream.last + stream.limit;
    if (!next || deadline < *next) next = deadline;
  }
  return next;
}

}  // namespace lenswire::source
