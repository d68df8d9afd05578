// v4l2_capture.hpp - takes frames from a started stream and gives them to the sink.
#pragma once

#include <optional>
#include <vector>

#include <lenswire/source.hpp>

#include "base/clock.hpp"
#include "base/stop_token.hpp"
#include "frame/frame_pool.hpp"
#include "source/v4l2/v4l2_buffers.hpp"
#include "source/v4l2/v4l2_controls.hpp"
#include "source/v4l2/v4l2_formats.hpp"
#include "source/v4l2/v4l2_stamps.hpp"

namespace lenswire::source::v4l2 {

/// Why a capture ended without failing.
enum class CaptureEnd { Stopped, FormatLost };

/// One stream of one format, from its first frame to its last. All references outlive it.
///
/// Threading: thread-bound to the thread inside run().
class Capture {
 public:
  struct Uses {
    const OpenNode& node;
    SourceSink& sink;
    frame::FramePool& pool;
    SequenceCounter& numbers;
    const base::Clock& clock;
  };

  Capture(Uses uses, BufferQueue& queue, const Negotiated& format, StreamProfilePtr profile,
          std::vector<ControlEntry> controls);

  /// Delivers frames and changed controls until a stop, or until the source changes its format.
  /// Errors: Disconnected at once when the device goes, at the latest after half a second; Timeout
  /// when the driver gave up.
  Result<CaptureEnd> run(const base::StopToken& stop);

 private:
  Result<void> take_frame(bool poll_error);
  std::shared_ptr<Frame> copy_out(const FilledBuffer& filled);
  void stamp(Frame& frame, const FilledBuffer& filled, MonotonicTime arrival);
  bool handle_events();
  void trouble(ErrorCode code, std::string what);

  Uses uses_;
  BufferQueue& queue_;
  Negotiated format_;
  StreamProfilePtr profile_;
  std::vector<ControlEntry> controls_;
  bool is_uvc_;
  Nanoseconds frame_time_;
  std::optional<std::pair<std::uint64_t, MonotonicTime>> last_;  // sequence, arrival
  int errors_in_a_row_ = 0;
};

}  // namespace lenswire::source::v4l2
