#include "base/stop_token.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <system_error>

namespace lenswire::base {

StopSource::StopSource() : state_(std::make_shared<State>()) {
  state_->event = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state_->event) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void StopSource::request_stop() noexcept {
  state_->stopped.store(true);
  const std::uint64_t one = 1;
  // Only a full counter could refuse the write, and a full counter is readable already.
  [[maybe_unused]] const auto written = ::write(state_->event.get(), &one, sizeof one);
}

StopToken StopSource::token() const noexcept { return StopToken(state_); }

bool StopToken::wait_until(MonotonicTime deadline) const noexcept {
  while (!stop_requested()) {
    const auto left = deadline - MonotonicTime(std::chrono::steady_clock::now().time_since_epoch());
    if (left <= Nanoseconds::zero()) return false;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), (left - seconds).count()};
    pollfd event{poll_fd(), POLLIN, 0};
    ::ppoll(&event, 1, &timeout, nullptr);
  }
  return true;
}

bool StopToken::wait_for(Nanoseconds duration) const noexcept {
  return wait_until(MonotonicTime(std::chrono::steady_clock::now().time_since_epoch()) + duration);
}

}  // namespace lenswire::base
