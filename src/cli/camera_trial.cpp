#include "cli/camera_trial.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"

namespace lenswire::cli {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(10);

Error stopped() { return {ErrorCode::Closed, "stopped"}; }

}  // namespace

CameraTrial::~CameraTrial() {
  if (runner_) runner_->stop();
}

void CameraTrial::source_opened(const SourceDescription& description) {
  base::MutexLock lock(mutex_);
  description_ = description;
}

void CameraTrial::source_frame(FramePtr frame) {
  base::MutexLock lock(mutex_);
  if (!description_ || description_->streams.empty() ||
      frame->profile->stream != description_->streams.front()->stream)
    return;
  if (count_.frames > 0 && frame->sequence > count_.next_sequence)
    count_.lost += frame->sequence - count_.next_sequence;
  count_.next_sequence = frame->sequence + 1;
  ++count_.frames;
  count_.bytes += frame->data.size();
  count_.last = frame->arrival_time;
  if (count_.frames == target_) reached_ = count_;
}

std::optional<Error> CameraTrial::problem() const {
  const auto status = runner_->status();
  switch (status.state) {
    case source::SourceState::Absent:
      return Error{ErrorCode::NotFound, status.reason};
    case source::SourceState::Failed:
      return Error{ErrorCode::Unsupported, status.reason};
    case source::SourceState::Stalled:
      return Error{ErrorCode::Timeout, status.reason};
    default:
      return std::nullopt;
  }
}

Result<SourceDescription> CameraTrial::open(const std::string& uri, Nanoseconds patience,
                                            const base::StopToken& stop) {
  const source::SourceContext context{base::system_clock()};
  if (auto made = table_.make(uri, context); !made) return fail(made.error());
  runner_ = std::make_unique<source::SourceRunner>(
      "trial", [this, uri, context] { return table_.make(uri, context); },
      static_cast<source::RunnerListener&>(*this), source::RunnerSettings{}, context.clock);
  runner_->start();
  runner_->set_demand(true);
  const auto deadline = context.clock.now() + patience;
  while (!stop.wait_for(kLookEvery)) {
    {
      base::MutexLock lock(mutex_);
      if (description_) return *description_;
    }
    if (auto trouble = problem()) return fail(std::move(*trouble));
    if (context.clock.now() >= deadline)
      return fail(ErrorCode::Timeout, fmt::format("{} does not open", uri));
  }
  return fail(stopped());
}

CameraTrial::Pace CameraTrial::pace_up_to(const Count& end) {
  Pace pace;
  pace.frames = end.frames - begin_.frames;
  pace.lost = end.lost - begin_.lost;
  pace.mean_bytes =
      static_cast<double>(end.bytes - begin_.bytes) / static_cast<double>(pace.frames);
  if (begin_.frames > 0)
    pace.seconds = std::chrono::duration<double>(end.last - begin_.last).count();
  begin_ = end;
  return pace;
}

Result<CameraTrial::Pace> CameraTrial::count_frames(std::uint64_t count, Nanoseconds patience,
                                                    const base::StopToken& stop) {
  {
    base::MutexLock lock(mutex_);
    if (target_ != begin_.frames + count) {
      target_ = begin_.frames + count;
      reached_.reset();
      if (count_.frames >= target_) reached_ = count_;
    }
  }
  std::uint64_t seen = 0;
  auto deadline = base::system_clock().now() + patience;
  while (!stop.wait_for(kLookEvery)) {
    {
      base::MutexLock lock(mutex_);
      if (reached_) return pace_up_to(*reached_);
      if (count_.frames != seen) deadline = base::system_clock().now() + patience;
      seen = count_.frames;
    }
    if (auto trouble = problem()) return fail(std::move(*trouble));
    if (base::system_clock().now() >= deadline)
      return fail(ErrorCode::Timeout,
                  fmt::format("no frame within {:.3g} s; look at the cable, the USB bandwidth (a "
                              "smaller size or mjpeg needs less) and `lenswire doctor`",
                              std::chrono::duration<double>(patience).count()));
  }
  return fail(stopped());
}

}  // namespace lenswire::cli
