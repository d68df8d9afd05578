#include "client/picture_mailbox.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "net/tcp_client.hpp"

namespace lenswire::client {

PictureMailbox::PictureMailbox() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void PictureMailbox::put(Picture picture) {
  {
    base::MutexLock lock(mutex_);
    newest_ = std::move(picture);
    fresh_ = true;
  }
  wake();
}

void PictureMailbox::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

Result<std::optional<Picture>> PictureMailbox::take(MonotonicTime deadline,
                                                    const base::StopToken& stop) {
  const auto ready = net::wait_for_socket(event_.get(), POLLIN, deadline, stop);
  if (!ready) return fail(ready.error());
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
  base::MutexLock lock(mutex_);
  if (!std::exchange(fresh_, false)) return std::optional<Picture>();
  return newest_;
}

std::optional<Picture> PictureMailbox::peek() const {
  base::MutexLock lock(mutex_);
  return newest_;
}

void PictureMailbox::clear() {
  base::MutexLock lock(mutex_);
  newest_.reset();
  fresh_ = false;
}

}  // namespace lenswire::client
