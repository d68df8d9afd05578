#include "client/ball_inbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "base/clock.hpp"

namespace lenswire::client {

BallInbox::BallInbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void BallInbox::signal() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

BallInbox::News BallInbox::take_news() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
  base::MutexLock lock(mutex_);
  return std::exchange(news_, {});
}

bool BallInbox::take_message(Message& message) {
  base::MutexLock lock(mutex_);
  if (count_ == 0) return false;
  std::swap(message, messages_.at(first_));
  first_ = (first_ + 1) % messages_.size();
  --count_;
  return true;
}

std::uint64_t BallInbox::dropped() const {
  base::MutexLock lock(mutex_);
  return dropped_;
}

void BallInbox::on_description(std::string sdp) {
  {
    base::MutexLock lock(mutex_);
    news_.description = std::move(sdp);
  }
  signal();
}

void BallInbox::on_open(std::shared_ptr<net::RtcChannel> channel) {
  {
    base::MutexLock lock(mutex_);
    news_.channel = std::move(channel);
  }
  signal();
}

void BallInbox::on_message(net::RtcChannel&, std::span<const std::byte> bytes,
                           net::RtcPayload payload) {
  if (payload != net::RtcPayload::Binary) return;
  const auto now = base::system_clock().now();
  {
    base::MutexLock lock(mutex_);
    if (count_ == messages_.size()) {
      first_ = (first_ + 1) % messages_.size();
      --count_;
      ++dropped_;
    }
    auto& place = messages_.at((first_ + count_) % messages_.size());
    place.bytes.assign(bytes.begin(), bytes.end());
    place.received = now;
    ++count_;
  }
  signal();
}

void BallInbox::on_channel_closed(net::RtcChannel&) {
  on_end({ErrorCode::Closed, "the server closed the channel"});
}

void BallInbox::on_end(const Error& why) {
  {
    base::MutexLock lock(mutex_);
    if (!news_.end) news_.end = why;
  }
  signal();
}

}  // namespace lenswire::client
