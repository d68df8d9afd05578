#include "net/io_thread.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <system_error>

#include "base/thread.hpp"
#include "net/io_thread_impl.hpp"

namespace lenswire::net {
namespace asio = boost::asio;

namespace {

int make_event() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

}  // namespace

IoThread::Impl::Impl(std::string thread_name)
    : name(std::move(thread_name)),
      work(asio::make_work_guard(context)),
      mailbox_event(context, make_event()) {
  mailbox.reserve(64);
  draining.reserve(64);
}

void IoThread::Impl::run() {
  base::set_thread_name(name);
  context.run();
}

void IoThread::Impl::arm_mailbox() {
  mailbox_event.async_wait(asio::posix::stream_descriptor::wait_read,
                           [this](const boost::system::error_code& error) {
                             if (error) return;
                             drain_mailbox();
                             arm_mailbox();
                           });
}

void IoThread::Impl::drain_mailbox() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(mailbox_event.native_handle(), &count, sizeof count);
  wakeups.fetch_add(1, std::memory_order_relaxed);
  {
    base::MutexLock lock(mailbox_mutex);
    draining.swap(mailbox);
    for (auto* wakeup : draining) wakeup->pending_ = false;
  }
  // A callback may destroy Wakeups, which then take themselves out of `draining`.
  while (!draining.empty()) {
    auto* wakeup = draining.back();
    draining.pop_back();
    wakeup->run_();
  }
}

void IoThread::Impl::arm_timer(std::shared_ptr<asio::steady_timer> timer, Nanoseconds period,
                               std::shared_ptr<std::function<void()>> tick) {
  timer->expires_after(period);
  timer->async_wait([this, timer, period, tick](const boost::system::error_code& error) {
    if (error) return;
    (*tick)();
    arm_timer(timer, period, tick);
  });
}

IoThread::IoThread(std::string name) : impl_(std::make_unique<Impl>(std::move(name))) {}

IoThread::~IoThread() { stop(); }

void IoThread::start() {
  impl_->arm_mailbox();
  impl_->thread = std::thread([this] { impl_->run(); });
}

void IoThread::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->context.stop();
  impl_->thread.join();
}

void IoThread::post(std::function<void()> task) { asio::post(impl_->context, std::move(task)); }

bool IoThread::is_current() const noexcept {
  return impl_->thread.get_id() == std::this_thread::get_id();
}

void IoThread::every(Nanoseconds period, std::function<void()> tick) {
  impl_->arm_timer(std::make_shared<asio::steady_timer>(impl_->context), period,
                   std::make_shared<std::function<void()>>(std::move(tick)));
}

void IoThread::after(Nanoseconds delay, std::function<void()> task) {
  auto timer = std::make_shared<asio::steady_timer>(impl_->context, delay);
  timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& error) {
    if (!error) task();
  });
}

std::uint64_t IoThread::wakeups() const noexcept {
  return impl_->wakeups.load(std::memory_order_relaxed);
}

IoThread::Wakeup::Wakeup(IoThread& thread, std::function<void()> run)
    : thread_(thread), run_(std::move(run)) {}

IoThread::Wakeup::~Wakeup() {
  auto& impl = thread_.impl();
  base::MutexLock lock(impl.mailbox_mutex);
  std::erase(impl.mailbox, this);
  std::erase(impl.draining, this);
}

void IoThread::Wakeup::signal() noexcept {
  auto& impl = thread_.impl();
  bool first = false;
  {
    base::MutexLock lock(impl.mailbox_mutex);
    if (pending_) return;
    pending_ = true;
    first = impl.mailbox.empty();
    impl.mailbox.push_back(this);
  }
  if (!first) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written =
      ::write(impl.mailbox_event.native_handle(), &one, sizeof one);
}

}  // namespace lenswire::net
