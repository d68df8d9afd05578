#include "net/timer.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

namespace lenswire::net {
namespace {

using namespace std::chrono_literals;

// Runs `begin` on a loop and waits for `done`, which it is given. Timers die before the loop.
class Loop {
 public:
  void run(const std::function<void(IoThread&, std::promise<void>&)>& begin) {
    auto finished = done_.get_future();
    thread_.post([&] { begin(thread_, done_); });
    thread_.start();
    EXPECT_EQ(finished.wait_for(30s), std::future_status::ready);
    thread_.stop();
  }

 private:
  std::promise<void> done_;
  IoThread thread_{"test"};
};

}  // namespace

TEST(Timer, CallsOnceForEachSet) {
  Loop loop;
  std::unique_ptr<Timer> timer;
  int calls = 0;
  loop.run([&](IoThread& thread, std::promise<void>& done) {
    timer = std::make_unique<Timer>(thread, [&] {
      EXPECT_FALSE(timer->is_set());
      if (++calls == 3) return done.set_value();
      timer->set(1ms);
    });
    timer->set(1ms);
    EXPECT_TRUE(timer->is_set());
  });
  EXPECT_EQ(calls, 3);
}

TEST(Timer, SetAgainForgetsTheFirst) {
  Loop loop;
  std::vector<std::unique_ptr<Timer>> timers;
  int calls = 0;
  loop.run([&](IoThread& thread, std::promise<void>& done) {
    timers.push_back(std::make_unique<Timer>(thread, [&] { ++calls; }));
    timers[0]->set(1ms);
    timers[0]->set(2ms);
    timers.push_back(std::make_unique<Timer>(thread, [&] { done.set_value(); }));
    timers[1]->set(50ms);
  });
  EXPECT_EQ(calls, 1);
}

TEST(Timer, CancelledOrDestroyedItIsSilent) {
  Loop loop;
  std::vector<std::unique_ptr<Timer>> timers;
  int calls = 0;
  loop.run([&](IoThread& thread, std::promise<void>& done) {
    for (int i = 0; i < 2; ++i) {
      timers.push_back(std::make_unique<Timer>(thread, [&] { ++calls; }));
      timers.back()->set(0ms);
    }
    timers[0]->cancel();
    EXPECT_FALSE(timers[0]->is_set());
    timers[1].reset();
    timers.push_back(std::make_unique<Timer>(thread, [&] { done.set_value(); }));
    timers.back()->set(20ms);
  });
  EXPECT_EQ(calls, 0);
}

TEST(Timer, MayDestroyItselfInItsCall) {
  Loop loop;
  std::unique_ptr<Timer> timer;
  loop.run([&](IoThread& thread, std::promise<void>& done) {
    timer = std::make_unique<Timer>(thread, [&] {
      timer.reset();
      done.set_value();
    });
    timer->set(1ms);
  });
  EXPECT_EQ(timer, nullptr);
}

}  // namespace lenswire::net
