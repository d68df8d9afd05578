#include "modules/webrtc/channel.hpp"

#include <fmt/format.h>

#include "wire/dcep/message.hpp"

namespace lenswire::webrtc {

namespace dcep = wire::dcep;

void Outbox::push(OutMessage message) {
  bool was_empty = false;
  {
    base::MutexLock lock(mutex_);
    if (closed_) return;
    was_empty = messages_.empty();
    messages_.push_back(std::move(message));
  }
  if (was_empty) wake_();
}

void Outbox::close() {
  std::deque<OutMessage> dropped;
  base::MutexLock lock(mutex_);
  closed_ = true;
  messages_.swap(dropped);
}

void Outbox::take(std::deque<OutMessage>& out) {
  base::MutexLock lock(mutex_);
  for (auto& message : messages_) out.push_back(std::move(message));
  messages_.clear();
}

Channel::Channel(net::RtcChannelSettings settings, std::uint16_t stream, const Bounds& bounds,
                 std::shared_ptr<Outbox> outbox)
    : settings_(std::move(settings)), stream_(stream), bounds_(bounds), outbox_(std::move(outbox)) {
  delivery_.ordered = settings_.ordered;
  if (settings_.max_retransmits) {
    delivery_.limit = SctpDelivery::Limit::Retransmits;
    delivery_.value = *settings_.max_retransmits;
  } else if (settings_.max_lifetime_ms) {
    delivery_.limit = SctpDelivery::Limit::Lifetime;
    delivery_.value = *settings_.max_lifetime_ms;
  }
}

Result<void> Channel::send(std::span<const std::span<const std::byte>> pieces,
                           net::RtcPayload payload) {
  if (state_ != State::Open)
    return fail(ErrorCode::Closed, fmt::format("the data channel '{}' is closed", settings_.label));
  std::size_t size = 0;
  for (const auto& piece : pieces) size += piece.size();
  if (size > bounds_.max_message_bytes)
    return fail(ErrorCode::InvalidArgument, fmt::format("a message of {} bytes is longer than {}",
                                                        size, bounds_.max_message_bytes));
  auto before = buffered_.load();
  do {
    if (before + size > bounds_.buffer_limit_bytes)
      return fail(ErrorCode::Busy, fmt::format("{} bytes wait already", before));
  } while (!buffered_.compare_exchange_weak(before, before + size));
  const bool text = payload == net::RtcPayload::Text;
  OutMessage message;
  message.channel = shared_from_this();
  message.stream = stream_;
  message.delivery = delivery_;
  message.ppid = text ? dcep::kText : dcep::kBinary;
  message.bytes.reserve(size);
  for (const auto& piece : pieces)
    message.bytes.insert(message.bytes.end(), piece.begin(), piece.end());
  if (size == 0) {
    // SCTP has no empty messages, so one byte stands for none.
    message.ppid = text ? dcep::kEmptyText : dcep::kEmptyBinary;
    message.bytes.push_back(std::byte{0});
    ++buffered_;
  }
  outbox_->push(std::move(message));
  return {};
}

void Channel::close() {
  auto open = State::Open;
  if (!state_.compare_exchange_strong(open, State::Closing)) return;
  OutMessage message;
  message.channel = shared_from_this();
  message.stream = stream_;
  message.close = true;
  outbox_->push(std::move(message));
}

bool Channel::took(std::size_t bytes, std::size_t low) noexcept {
  const auto before = buffered_.fetch_sub(bytes);
  return before >= low && before - bytes < low;
}

}  // namespace lenswire::webrtc
