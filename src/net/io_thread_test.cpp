#include "net/io_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

namespace lenswire::net {
namespace {

using namespace std::chrono_literals;

// Runs `task` on the loop and waits for it.
template <typename Task>
void on(IoThread& thread, Task task) {
  std::promise<void> done;
  thread.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

TEST(IoThread, SignalsThatComeTogetherWakeItOnce) {
  IoThread thread("test");
  std::atomic<int> first = 0;
  std::atomic<int> second = 0;
  auto one = std::make_unique<IoThread::Wakeup>(thread, [&] { ++first; });
  auto two = std::make_unique<IoThread::Wakeup>(thread, [&] { ++second; });
  // Before it runs: so that all of them wait for it.
  for (int i = 0; i < 100; ++i) {
    one->signal();
    two->signal();
  }
  thread.start();
  while (first == 0 || second == 0) std::this_thread::yield();
  on(thread, [] {});
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
  EXPECT_EQ(thread.wakeups(), 1U);
  one->signal();
  while (first < 2) std::this_thread::yield();
  EXPECT_EQ(thread.wakeups(), 2U);
  thread.stop();
}

TEST(IoThread, NoSignalIsLostAmongManyThreads) {
  IoThread thread("test");
  std::atomic<int> given = 0;
  int seen = 0;
  IoThread::Wakeup wakeup(thread, [&] { seen = given; });
  thread.start();
  std::vector<std::thread> signallers;
  for (int i = 0; i < 4; ++i)
    signallers.emplace_back([&] {
      for (int n = 0; n < 5000; ++n) {
        ++given;
        wakeup.signal();
      }
    });
  for (auto& signaller : signallers) signaller.join();
  bool all = false;
  while (!all) on(thread, [&] { all = seen == 20000; });
  thread.stop();
}

TEST(IoThread, AWakeupMayDestroyAnotherThatIsDue) {
  IoThread thread("test");
  std::atomic<int> runs = 0;
  std::unique_ptr<IoThread::Wakeup> one;
  std::unique_ptr<IoThread::Wakeup> two;
  one = std::make_unique<IoThread::Wakeup>(thread, [&] {
    ++runs;
    two.reset();
  });
  two = std::make_unique<IoThread::Wakeup>(thread, [&] {
    ++runs;
    one.reset();
  });
  one->signal();
  two->signal();
  thread.start();
  while (runs == 0) std::this_thread::yield();
  on(thread, [] {});
  EXPECT_EQ(runs, 1);
  thread.stop();
}

TEST(IoThread, TicksUntilItStops) {
  IoThread thread("test");
  std::atomic<int> ticks = 0;
  thread.every(1ms, [&] { ++ticks; });
  thread.start();
  while (ticks < 3) std::this_thread::yield();
  thread.stop();
  const int then = ticks;
  thread.stop();
  EXPECT_EQ(ticks, then);
}

TEST(IoThread, RunsALaterTaskOnceAndNotBefore) {
  IoThread thread("test");
  std::promise<std::chrono::steady_clock::time_point> ran;
  const auto began = std::chrono::steady_clock::now();
  thread.after(5ms, [&] { ran.set_value(std::chrono::steady_clock::now()); });
  thread.start();
  EXPECT_GE(ran.get_future().get() - began, 5ms);
  thread.after(1h, [] { FAIL() << "the thread stopped before"; });
  thread.stop();
}

TEST(IoThread, KnowsItself) {
  IoThread thread("test");
  thread.start();
  EXPECT_FALSE(thread.is_current());
  bool inside = false;
  on(thread, [&] { inside = thread.is_current(); });
  EXPECT_TRUE(inside);
}

}  // namespace
}  // namespace lenswire::net
