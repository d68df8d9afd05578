#include "cli/loop_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <nlohmann/json.hpp>

#include "cli/text.hpp"

namespace lenswire::cli {
namespace {

constexpr double kBytesPerKilobyte = 1000;

double milliseconds(Nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

std::optional<LoopReport::Spread> spread_of(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  // Nearest rank.
  const auto at = [&](double share) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * count));
    return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
  };
  return LoopReport::Spread{std::accumulate(values.begin(), values.end(), 0.0) / count, at(0.5),
                            at(0.99), values.back()};
}

nlohmann::json json_of(const std::optional<LoopReport::Spread>& spread) {
  if (!spread) return nullptr;
  return {{"mean", spread->mean}, {"p50", spread->p50}, {"p99", spread->p99}, {"max", spread->max}};
}

}  // namespace

void LoopReport::add(const LoopFrame& frame, const std::optional<filter::FoundBall>& found,
                     MonotonicTime estimated) {
  ++frames_;
  wire_bytes_ += frame.wire_bytes;
  if (last_sequence_ && frame.sequence <= *last_sequence_)
    ++repeated_;
  else if (last_sequence_)
    missed_ += frame.sequence - *last_sequence_ - 1;
  last_sequence_ = std::max(last_sequence_.value_or(0), frame.sequence);
  uncertainty_ = std::max(uncertainty_, frame.capture_uncertainty);
  latencies_ms_.push_back(milliseconds(estimated - frame.capture_time));
  if (!found) ++not_found_;
  if (found && frame.truth)
    errors_px_.push_back(
        std::hypot(found->x_px - frame.truth->x_px, found->y_px - frame.truth->y_px) /
        setup_.scale);
}

std::optional<LoopReport::Spread> LoopReport::error_px() const { return spread_of(errors_px_); }

std::optional<LoopReport::Spread> LoopReport::latency_ms() const {
  return spread_of(latencies_ms_);
}

double LoopReport::jitter_ms() const {
  if (latencies_ms_.size() < 2) return 0;
  double sum = 0;
  for (std::size_t i = 1; i < latencies_ms_.size(); ++i)
    sum += std::abs(latencies_ms_[i] - latencies_ms_[i - 1]);
  return sum / static_cast<double>(latencies_ms_.size() - 1);
}

nlohmann::json LoopReport::to_json() const {
  nlohmann::json line = {{"transport", setup_.transport},
                         {"codec", setup_.codec},
                         {"scale", setup_.scale},
                         {"frames", frames_},
                         {"error_px", json_of(error_px())},
                         {"latency_ms", json_of(latency_ms())},
                         {"latency_uncertainty_ms", milliseconds(uncertainty_)},
                         {"jitter_ms", jitter_ms()},
                         {"missed", missed_},
                         {"repeated", repeated_},
                         {"not_found", not_found_}};
  line["quality"] = setup_.codec == "jpeg" ? nlohmann::json(setup_.quality) : nlohmann::json();
  line["bytes_per_frame"] =
      static_cast<double>(wire_bytes_) / static_cast<double>(std::max<std::uint64_t>(frames_, 1));
  if (error_) line["failed"] = {{"error", to_string(error_->code)}, {"message", error_->message}};
  return line;
}

std::string LoopReport::table_head() {
  return fmt::format(
      "{:<10} {:<7} {:>4} {:>5} {:>6} {:>8} | {:>7} {:>7} {:>7} {:>7} | {:>7} {:>7} "
      "{:>7} {:>6} | {:>6} {:>6} {:>6}\n",
      "transport", "codec", "q", "scale", "frames", "kB/frame", "err px", "p50", "p99", "max",
      "ms p50", "p99", "max", "jitter", "missed", "twice", "lost");
}

std::string LoopReport::table_row() const {
  auto row = fmt::format("{:<10} {:<7} {:>4} {:>5} ", setup_.transport, setup_.codec,
                         setup_.codec == "jpeg" ? std::to_string(setup_.quality) : "-",
                         fmt::format("{:.3g}", setup_.scale));
  if (error_) return row + printable(error_->message) + "\n";
  row += fmt::format("{:>6} {:>8.1f} | ", frames_,
                     static_cast<double>(wire_bytes_) / kBytesPerKilobyte /
                         static_cast<double>(std::max<std::uint64_t>(frames_, 1)));
  if (const auto error = error_px())
    row += fmt::format("{:>7.3f} {:>7.3f} {:>7.3f} {:>7.3f} | ", error->mean, error->p50,
                       error->p99, error->max);
  else
    row += fmt::format("{:>7} {:>7} {:>7} {:>7} | ", "-", "-", "-", "-");
  const auto latency = latency_ms().value_or(Spread{});
  return row + fmt::format("{:>7.2f} {:>7.2f} {:>7.2f} {:>6.2f} | {:>6} {:>6} {:>6}\n", latency.p50,
                           latency.p99, latency.max, jitter_ms(), missed_, repeated_, not_found_);
}

}  // namespace lenswire::cli
