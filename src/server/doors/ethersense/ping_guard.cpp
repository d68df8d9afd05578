#include "server/doors/ethersense/ping_guard.hpp"

#include <algorithm>

#include "wire/ethersense/message.hpp"

namespace lenswire::server::ethersense {
namespace {

// After this long without a ping a source has its whole burst again: nothing is worth remembering.
constexpr auto kRested =
    std::chrono::seconds(static_cast<int>(PingGuard::kBurstPerSource / PingGuard::kCallsPerSource));

}  // namespace

bool PingGuard::Bucket::take(double per_second, double burst, MonotonicTime now) noexcept {
  const auto elapsed = std::chrono::duration<double>(now - filled).count();
  tokens = std::min(burst, tokens + elapsed * per_second);
  filled = now;
  if (tokens < 1) return false;
  tokens -= 1;
  return true;
}

PingGuard::Verdict PingGuard::judge(std::span<const std::byte> datagram, net::Ipv4 source,
                                    MonotonicTime now) {
  if (!wire::ethersense::is_ping(datagram)) return Verdict::NoPing;
  if (!source.is_unicast() || (!allow_public_ && !source.is_local_scope()))
    return Verdict::Stranger;
  forget_rested(now);
  const auto known = sources_.find(source);
  if (known != sources_.end() && !known->second.take(kCallsPerSource, kBurstPerSource, now))
    return Verdict::TooOften;
  // Only who passes here is remembered, so forged sources cannot fill the memory.
  if (!all_.take(kCallsInAll, kBurstInAll, now)) return Verdict::TooOften;
  if (known == sources_.end()) sources_.emplace(source, Bucket{kBurstPerSource - 1, now});
  return Verdict::Call;
}

void PingGuard::forget_rested(MonotonicTime now) {
  if (now - cleaned_ < kRested) return;
  cleaned_ = now;
  std::erase_if(sources_,
                [now](const auto& entry) { return now - entry.second.filled >= kRested; });
}

std::string_view to_string(PingGuard::Verdict verdict) noexcept {
  switch (verdict) {
    case PingGuard::Verdict::Call:
      return "call";
    case PingGuard::Verdict::NoPing:
      return "not a ping";
    case PingGuard::Verdict::Stranger:
      return "not a neighbour";
    case PingGuard::Verdict::TooOften:
      return "too often";
  }
  return "";
}

}  // namespace lenswire::server::ethersense
