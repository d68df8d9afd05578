#include "base/task_thread.hpp"

#include <gtest/gtest.h>

#include <future>

namespace lenswire::base {

TEST(TaskThread, RunsTasksInOrder) {
  TaskThread thread("test", 8);
  std::string order;
  std::promise<void> done;
  ASSERT_TRUE(thread.submit([&] { order += "a"; }));
  ASSERT_TRUE(thread.submit([&] { order += "b"; }));
  ASSERT_TRUE(thread.submit([&] { done.set_value(); }));
  done.get_future().wait();
  EXPECT_EQ(order, "ab");
}

TEST(TaskThread, RefusesWhatDoesNotFit) {
  TaskThread thread("test", 1);
  std::promise<void> begun;
  auto gate = std::make_shared<std::promise<void>>();
  ASSERT_TRUE(thread.submit([&, gate] {
    begun.set_value();
    gate->get_future().wait();
  }));
  begun.get_future().wait();
  EXPECT_TRUE(thread.submit([] {}));
  EXPECT_FALSE(thread.submit([] {}));
  gate->set_value();
  EXPECT_TRUE(thread.stop());
  EXPECT_FALSE(thread.submit([] {}));
}

TEST(TaskThread, AbandonsATaskThatNeverEnds) {
  auto gate = std::make_shared<std::promise<void>>();
  auto ended = std::make_shared<std::promise<void>>();
  {
    TaskThread thread("test", 1);
    std::promise<void> begun;
    ASSERT_TRUE(thread.submit([&begun, gate, ended] {
      begun.set_value();
      gate->get_future().wait();
      ended->set_value();
    }));
    begun.get_future().wait();
    EXPECT_FALSE(thread.stop(std::chrono::milliseconds(1)));
    gate->set_value();
  }
  ended->get_future().wait();
}

}  // namespace lenswire::base
