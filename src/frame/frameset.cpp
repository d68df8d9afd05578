#include <lenswire/frameset.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include "frame/frameset_assembly.hpp"

namespace lenswire {
namespace frame {

FramesetTiming frameset_timing(const std::vector<double>& rates_hz) noexcept {
  constexpr double kUsualHz = 30;
  double fastest = 0, slowest = 1e9;
  for (const double rate : rates_hz) {
    const double hz = rate > 0 ? std::clamp(rate, 0.01, 1e4) : kUsualHz;
    fastest = std::max(fastest, hz);
    slowest = std::min(slowest, hz);
  }
  if (rates_hz.empty()) fastest = slowest = kUsualHz;
  const auto seconds = [](double s) {
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(s));
  };
  return {seconds(0.5 / fastest), seconds(2 / slowest)};
}

}  // namespace frame

namespace {

std::vector<double> rates_of(const std::vector<StreamProfilePtr>& streams) {
  std::vector<double> rates;
  for (const auto& stream : streams) rates.push_back(stream->rate_hz);
  return rates;
}

}  // namespace

struct FramesetAssembler::Impl {
  std::vector<std::string> ids;
  FramesetPolicy policy;
  frame::FramesetAssembly<FramePtr> assembly;

  Impl(const std::vector<StreamProfilePtr>& streams, FramesetPolicy p)
      : policy(p),
        assembly(streams.size(), frame::frameset_timing(rates_of(streams)).tolerance,
                 frame::frameset_timing(rates_of(streams)).patience) {
    for (const auto& stream : streams) ids.push_back(stream->stream);
  }
};

FramesetAssembler::FramesetAssembler(std::vector<StreamProfilePtr> streams, FramesetPolicy policy)
    : impl_(std::make_unique<Impl>(streams, policy)) {}
FramesetAssembler::~FramesetAssembler() = default;
FramesetAssembler::FramesetAssembler(FramesetAssembler&&) noexcept = default;
FramesetAssembler& FramesetAssembler::operator=(FramesetAssembler&&) noexcept = default;

void FramesetAssembler::push(FramePtr frame) {
  const auto& ids = impl_->ids;
  const auto found = std::find(ids.begin(), ids.end(), frame->profile->stream);
  if (found == ids.end()) return;
  frame::FrameTimes times{Nanoseconds(to_ns(frame->capture_time)), std::nullopt};
  if (frame->device_time_ns) times.device = Nanoseconds(*frame->device_time_ns);
  impl_->assembly.push(static_cast<std::size_t>(found - ids.begin()), times, std::move(frame));
}

std::optional<Frameset> FramesetAssembler::next() {
  auto set = impl_->assembly.next(impl_->policy == FramesetPolicy::All);
  if (!set) return std::nullopt;
  return Frameset{std::move(set->items), monotonic_from_ns(set->earliest.count()), set->skew};
}

const FramesetCounters& FramesetAssembler::counters() const noexcept {
  return impl_->assembly.counters();
}

}  // namespace lenswire
