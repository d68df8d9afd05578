#include "net/timer.hpp"

#include <boost/asio/steady_timer.hpp>

#include "net/io_thread_impl.hpp"

namespace lenswire::net {

class Timer::Impl {
 public:
  Impl(IoThread& thread, std::function<void()> task)
      : timer(thread.impl().context), run(std::move(task)) {}

  boost::asio::steady_timer timer;
  std::function<void()> run;
  // An expiry may already be queued when the timer is set again or cancelled: it finds another
  // number.
  std::uint64_t number = 0;
  bool set = false;
};

Timer::Timer(IoThread& thread, std::function<void()> run)
    : impl_(std::make_shared<Impl>(thread, std::move(run))) {}

Timer::~Timer() { cancel(); }

void Timer::set(Nanoseconds delay) {
  auto& impl = *impl_;
  impl.set = true;
  impl.timer.expires_after(delay);
  impl.timer.async_wait(
      [alive = impl_, number = ++impl.number](const boost::system::error_code& error) {
        if (error || number != alive->number || !alive->set) return;
        alive->set = false;
        alive->run();
      });
}

void Timer::cancel() noexcept {
  impl_->set = false;
  boost::system::error_code ignored;
  impl_->timer.cancel(ignored);
}

bool Timer::is_set() const noexcept { return impl_->set; }

}  // namespace lenswire::net
