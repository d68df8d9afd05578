#include "source/frame_pacer.hpp"

#include <algorithm>

namespace lenswire::source {

FramePacer::FramePacer(const base::Clock& clock, double rate_hz, std::uint64_t first)
    : clock_(clock),
      period_(std::max<std::int64_t>(1, static_cast<std::int64_t>(1e9 / rate_hz + 0.5))),
      first_(first),
      start_(clock.now()) {}

std::optional<FramePacer::Tick> FramePacer::next(const base::StopToken& stop) {
  const auto elapsed = clock_.now() - start_;
  next_ = std::max(next_, static_cast<std::uint64_t>(elapsed / period_));
  const auto due = start_ + period_ * static_cast<std::int64_t>(next_);
  // Asked again after each wait, because the clock may be a test's and stand still.
  for (auto left = due - clock_.now(); left > Nanoseconds::zero(); left = due - clock_.now())
    if (stop.wait_for(left)) return std::nullopt;
  if (stop.stop_requested()) return std::nullopt;
  return Tick{first_ + next_++, due};
}

}  // namespace lenswire::source
