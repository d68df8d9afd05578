#include <lenswire/missed.hpp>

namespace lenswire {

std::string_view to_string(MissReason reason) noexcept {
  switch (reason) {
    case MissReason::SlowClient:
      return "slow_client";
    case MissReason::EncoderBusy:
      return "encoder_busy";
    case MissReason::SourceGap:
      return "source_gap";
    case MissReason::RateLimit:
      return "rate_limit";
    case MissReason::ServerBusy:
      return "server_busy";
  }
  return "slow_client";
}

std::uint64_t MissedList::total() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& record : records()) sum += record.count;
  return sum;
}

void MissedList::add(MissReason reason, std::uint64_t first_sequence,
                     std::uint32_t count) noexcept {
  if (count == 0) return;
  if (size_ > 0) {
    auto& last = records_[size_ - 1];
    const bool continues =
        last.reason == reason && last.first_sequence + last.count == first_sequence;
    if (continues || size_ == records_.size()) {
      last.count += count;
      return;
    }
  }
  records_[size_++] = Missed{reason, count, first_sequence};
}

void MissedList::add(const MissedList& other) noexcept {
  for (const auto& record : other.records())
    add(record.reason, record.first_sequence, record.count);
}

}  // namespace lenswire
