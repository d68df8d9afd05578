// stream_watch.hpp - notices lost frames and streams that fall silent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/frame.hpp>

namespace lenswire::source {

/// Watches the streams of one run. Pure bookkeeping: no clock, no thread of its own.
///
/// Threading: thread-bound.
class StreamWatch {
 public:
  /// A stream counts as silent after max(minimum, frame_times / rate). Irregular streams (rate 0)
  /// never do.
  StreamWatch(Nanoseconds minimum, int frame_times) noexcept
      : minimum_(minimum), frame_times_(frame_times) {}

  /// What the run delivers from now on; streams it had before keep their sequence.
  void opened(const std::vector<StreamProfilePtr>& streams, MonotonicTime now);

  /// Answers how many frames were lost since the stream's last one. Does not allocate.
  std::uint64_t frame(const Frame& frame, MonotonicTime now) noexcept;

  struct Silence {
    std::string stream;  ///< the first silent stream
    Nanoseconds limit{};
    bool all = false;  ///< no stream flows
    /// Since when no stream flows, where `all`.
    MonotonicTime since{};
  };
  [[nodiscard]] std::optional<Silence> silence(MonotonicTime now) const;
  [[nodiscard]] bool all_flow(MonotonicTime now) const noexcept;
  /// When the next stream falls silent if nothing comes; nothing where none can.
  [[nodiscard]] std::optional<MonotonicTime> next_deadline(MonotonicTime now) const noexcept;

 private:
  struct Stream {
    StreamProfilePtr profile;
    Nanoseconds limit{};  // zero = irregular
    MonotonicTime last{};
    std::optional<std::uint64_t> sequence;
  };
  [[nodiscard]] static bool silent(const Stream& stream, MonotonicTime now) noexcept {
    return stream.limit > Nanoseconds::zero() && now - stream.last >= stream.limit;
  }

  const Nanoseconds minimum_;
  const int frame_times_;
  std::vector<Stream> streams_;
};

}  // namespace lenswire::source
