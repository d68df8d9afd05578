// camera_trial.hpp - opens a camera of this machine and counts what it gives.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/source.hpp>

#include "base/mutex.hpp"
#include "base/stop_token.hpp"
#include "source/source_runner.hpp"
#include "source/source_table.hpp"

namespace lenswire::cli {

/// Threading: one thread.
class CameraTrial final : private source::RunnerListener {
 public:
  CameraTrial() = default;
  ~CameraTrial() override;

  /// Opens the source. Once.
  /// Errors: those of the URI; NotFound (not there), Unsupported (does not work: the reason),
  /// Timeout; Closed after a stop.
  Result<SourceDescription> open(const std::string& uri, Nanoseconds patience,
                                 const base::StopToken& stop);

  struct Pace {
    std::uint64_t frames = 0;
    std::uint64_t lost = 0;  ///< by the sequence numbers
    double seconds = 0;      ///< from the frame before the first to the last
    double mean_bytes = 0;
  };
  /// Waits for the next `count` frames of the first stream, from where the last call ended.
  /// Errors: as open(), and Timeout where no frame came for `patience`.
  Result<Pace> count_frames(std::uint64_t count, Nanoseconds patience, const base::StopToken& stop);

  source::SourceRunner& runner() noexcept { return *runner_; }

 private:
  void source_opened(const SourceDescription& description) override;
  void source_frame(FramePtr frame) override;
  void source_controls_changed(const std::vector<Control>&) override {}
  void source_state_changed(const source::SourceStatus&) override {}

  struct Count {
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0;
    std::uint64_t lost = 0;
    std::uint64_t next_sequence = 0;
    MonotonicTime last{};
  };

  [[nodiscard]] std::optional<Error> problem() const;
  [[nodiscard]] Pace pace_up_to(const Count& end);

  Count begin_;  // where the last counting ended
  base::Mutex mutex_;
  std::optional<SourceDescription> description_ LENSWIRE_GUARDED_BY(mutex_);
  Count count_ LENSWIRE_GUARDED_BY(mutex_);
  std::uint64_t target_ LENSWIRE_GUARDED_BY(mutex_) = 1;
  std::optional<Count> reached_ LENSWIRE_GUARDED_BY(mutex_);
  source::SourceTable table_;
  std::unique_ptr<source::SourceRunner> runner_;
};

}  // namespace lenswire::cli
