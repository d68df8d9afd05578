// run_watch.hpp - how far a run has got, and when it has had its time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "source/source_runner.hpp"
#include "source/stream_watch.hpp"

namespace lenswire::source {

/// Watches one run from its begin: the opening, the streams, the end it was told to come to. Pure
/// bookkeeping: no clock, no thread of its own.
///
/// Threading: thread-bound.
class RunWatch {
 public:
  RunWatch(const RunnerSettings& settings, MonotonicTime now)
      : settings_(settings),
        began_(now),
        streams_(settings.stall_minimum, settings.stall_frame_times) {}

  /// Whether this was the first time.
  bool opened(const std::vector<StreamProfilePtr>& streams, MonotonicTime now);
  /// Answers how many frames were lost since the stream's last one. Does not allocate.
  std::uint64_t frame(const Frame& frame, MonotonicTime now) noexcept;
  [[nodiscard]] bool all_flow(MonotonicTime now) const noexcept { return streams_.all_flow(now); }

  /// What is wrong with a run that shall go on.
  struct Verdict {
    std::string stalled;                ///< why it is, if it is
    bool end = false;                   ///< it shall be ended
    std::optional<MonotonicTime> next;  ///< when to ask again if nothing comes
  };
  [[nodiscard]] Verdict verdict(MonotonicTime now) const;

  /// Whether frames came for long enough to forget the failures before.
  [[nodiscard]] bool worked() const noexcept;

 private:
  const RunnerSettings settings_;
  const MonotonicTime began_;
  StreamWatch streams_;
  bool is_open_ = false;
  std::optional<MonotonicTime> first_frame_;
  MonotonicTime last_frame_{};
};

}  // namespace lenswire::source
