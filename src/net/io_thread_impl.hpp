// io_thread_impl.hpp - the Asio side of IoThread; for net's own .cpp files.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "net/io_thread.hpp"

namespace lenswire::net {

class IoThread::Impl {
 public:
  explicit Impl(std::string name);

  void run();
  void arm_mailbox();
  void drain_mailbox();
  void arm_timer(std::shared_ptr<boost::asio::steady_timer> timer, Nanoseconds period,
                 std::shared_ptr<std::function<void()>> tick);

  std::string name;
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  boost::asio::posix::stream_descriptor mailbox_event;
  std::thread thread;
  std::atomic<std::uint64_t> wakeups{0};

  base::Mutex mailbox_mutex;
  std::vector<Wakeup*> mailbox LENSWIRE_GUARDED_BY(mailbox_mutex);
  std::vector<Wakeup*> draining;
};

}  // namespace lenswire::net
