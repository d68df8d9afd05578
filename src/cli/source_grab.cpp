#include "cli/source_grab.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <thread>

#include <lenswire/filters.hpp>

#include "base/clock.hpp"
#include "base/thread.hpp"
#include "cli/progress.hpp"
#include "cli/sources.hpp"

namespace lenswire::cli {
namespace {

// Writes what the source gives; everything but `last` belongs to the source's thread until it ends.
class FileSink final : public SourceSink {
 public:
  FileSink(const SourceGrab& grab, std::string camera, FrameFiles& files, base::StopSource& stop)
      : grab_(grab), camera_(std::move(camera)), files_(files), stop_(stop) {}

  void opened(const SourceDescription& description) override {
    for (const auto& profile : description.streams) {
      const auto format = grab_.format(*profile);
      if (auto possible = check_format(*profile, format); !possible) return end(possible);
      auto& track = tracks_[profile->stream];
      track.format = format;
      if (grab_.filter.empty() || profile->kind != StreamKind::Depth) continue;
      auto filters = DepthFilters::parse(grab_.filter);
      if (!filters) return end(fail(filters.error()));
      track.filters = std::move(*filters);
    }
    if (!progress_) progress_.emplace(grab_.frames * tracks_.size(), "frames");
  }

  void frame(FramePtr frame) override {
    last_ns = to_ns(base::system_clock().now());
    auto& track = tracks_.at(frame->profile->stream);
    if (track.frames == grab_.frames || stop_.token().stop_requested()) return;
    ReceivedFrame received;
    const auto format = frame->format();
    received.decoded = format != PixelFormat::JPEG;
    received.codec = received.decoded ? CodecId::Raw : CodecId::Jpeg;
    received.server_capture_time = frame->capture_time;
    received.server_arrival_time = frame->arrival_time;
    received.received_time = frame->arrival_time;
    received.wire_bytes = frame->data.size();
    if (track.frames > 0 && frame->sequence > track.next) {
      const auto gap = frame->sequence - track.next;
      received.missed.add(MissReason::SourceGap, track.next, static_cast<std::uint32_t>(gap));
      grabbed.missed += gap;
    }
    track.next = frame->sequence + 1;
    if (track.filters) {
      auto filtered = track.filters->apply(frame);
      if (!filtered) return end(fail(filtered.error()));
      frame = std::move(*filtered);
    }
    received.frame = std::move(frame);
    if (auto written = files_.write(received, camera_, track.format); !written) return end(written);
    ++track.frames;
    progress_->step(++grabbed.frames);
    if (std::all_of(tracks_.begin(), tracks_.end(),
                    [&](const auto& entry) { return entry.second.frames == grab_.frames; }))
      end({});
  }

  void controls_changed(std::vector<Control>) override {}
  void trouble(Error error) override { last_trouble = std::move(error); }

  [[nodiscard]] bool complete() const noexcept {
    return !tracks_.empty() && grabbed.frames == grab_.frames * tracks_.size();
  }
  [[nodiscard]] std::size_t streams() const noexcept { return tracks_.size(); }

  std::atomic<std::int64_t> last_ns{to_ns(base::system_clock().now())};
  SourceGrabbed grabbed;
  Result<void> failure;
  Error last_trouble;

 private:
  struct Track {
    FileFormat format = FileFormat::Raw;
    std::optional<DepthFilters> filters;
    std::uint64_t frames = 0;
    std::uint64_t next = 0;  // sequence number
  };

  void end(Result<void> how) {
    if (failure) failure = std::move(how);
    stop_.request_stop();
  }

  const SourceGrab& grab_;
  const std::string camera_;
  FrameFiles& files_;
  base::StopSource& stop_;
  std::map<std::string, Track> tracks_;
  std::optional<Progress> progress_;
};

// Until the source has ended, or has to: true where it gave nothing for too long.
bool wait_for_end(const FileSink& sink, Nanoseconds timeout, const base::StopToken& interrupted,
                  const base::StopToken& ended) {
  while (!ended.stop_requested() && !interrupted.stop_requested()) {
    const auto left = monotonic_from_ns(sink.last_ns) + timeout - base::system_clock().now();
    if (left <= Nanoseconds::zero()) return true;
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    pollfd fds[] = {{ended.poll_fd(), POLLIN, 0}, {interrupted.poll_fd(), POLLIN, 0}};
    ::poll(fds, 2, static_cast<int>(std::min<std::int64_t>(ms, 1'000'000)));
  }
  return false;
}

}  // namespace

bool is_source_uri(std::string_view text) {
  const auto scheme = text.substr(0, text.find(':'));
  if (scheme.size() == text.size() || scheme.starts_with("lenswire")) return false;
  const auto table = all_sources();
  return std::any_of(table.kinds().begin(), table.kinds().end(),
                     [&](const auto& kind) { return kind.scheme == scheme; });
}

Result<SourceGrabbed> grab_from_source(const SourceGrab& grab, FrameFiles& files,
                                       const base::StopToken& stop) {
  const auto table = all_sources();
  auto source = table.make(grab.uri, {base::system_clock()});
  if (!source) return fail(std::move(source).error());
  base::StopSource enough;
  base::StopSource ended;
  FileSink sink(grab, grab.uri.substr(0, grab.uri.find(':')), files, enough);
  Result<void> result;
  std::thread runner([&] {
    base::set_thread_name("lw-grab");
    result = (*source)->run(sink, enough.token());
    ended.request_stop();
  });
  const bool too_slow = wait_for_end(sink, grab.timeout, stop, ended.token());
  enough.request_stop();
  runner.join();
  if (!sink.failure) return fail(sink.failure.error());
  sink.grabbed.streams = sink.streams();
  if (sink.complete()) return sink.grabbed;
  if (stop.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
  if (!result) return fail(result.error());
  if (too_slow)
    return fail(
        ErrorCode::Timeout,
        fmt::format("{} gave {} frames and then none for {:.0f} s{}{}", grab.uri,
                    sink.grabbed.frames, std::chrono::duration<double>(grab.timeout).count(),
                    sink.last_trouble.message.empty() ? "" : "; last trouble: ",
                    sink.last_trouble.message));
  return fail(ErrorCode::Closed,
              fmt::format("{} ended after {} frames", grab.uri, sink.grabbed.frames));
}

}  // namespace lenswire::cli
