// loop_report.hpp - what a closed loop measured: errors, latencies, losses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/result.hpp>
#include <lenswire/time.hpp>
#include <nlohmann/json_fwd.hpp>

#include "cli/loop_feed.hpp"
#include "filter/ball_finder.hpp"

namespace lenswire::cli {

/// Collects frame by frame.
class LoopReport {
 public:
  explicit LoopReport(LoopSetup setup) : setup_(std::move(setup)) {}

  /// `found` is where the detector sees the ball, `estimated` when it knew.
  void add(const LoopFrame& frame, const std::optional<filter::FoundBall>& found,
           MonotonicTime estimated);
  /// The line could not be measured, or not to its end.
  void failed(Error error) { error_ = std::move(error); }

  [[nodiscard]] const LoopSetup& setup() const noexcept { return setup_; }
  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }

  /// Distances (L2) in pixels of the camera's picture, whatever the scale.
  struct Spread {
    double mean = 0;
    double p50 = 0;
    double p99 = 0;
    double max = 0;
  };
  /// Nothing where no ball was found.
  [[nodiscard]] std::optional<Spread> error_px() const;
  /// From the capture to the estimate.
  [[nodiscard]] std::optional<Spread> latency_ms() const;
  /// Mean change of the latency from one frame to the next, as RFC 3550 has it, without smoothing.
  [[nodiscard]] double jitter_ms() const;
  [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }
  [[nodiscard]] std::uint64_t repeated() const noexcept { return repeated_; }
  [[nodiscard]] std::uint64_t not_found() const noexcept { return not_found_; }

  [[nodiscard]] nlohmann::json to_json() const;
  [[nodiscard]] static std::string table_head();
  [[nodiscard]] std::string table_row() const;

 private:
  const LoopSetup setup_;
  std::uint64_t frames_ = 0;
  std::uint64_t missed_ = 0;
  std::uint64_t repeated_ = 0;
  std::uint64_t not_found_ = 0;
  std::uint64_t wire_bytes_ = 0;
  std::optional<std::uint64_t> last_sequence_;
  Nanoseconds uncertainty_{};
  std::vector<double> errors_px_;
  std::vector<double> latencies_ms_;
  std::optional<Error> error_;
};

}  // namespace lenswire::cli
