#include "base/stop_token.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace lenswire::base {

TEST(StopToken, WakesAWaiter) {
  StopSource source;
  std::thread waiter(
      [token = source.token()] { EXPECT_TRUE(token.wait_for(std::chrono::minutes(5))); });
  source.request_stop();
  waiter.join();
}

TEST(StopToken, TellsThatTheTimeIsOver) {
  StopSource source;
  EXPECT_FALSE(source.token().wait_for(std::chrono::milliseconds(1)));
  EXPECT_FALSE(source.token().stop_requested());
}

TEST(StopToken, OutlivesItsSource) {
  auto source = std::make_unique<StopSource>();
  const auto token = source->token();
  source->request_stop();
  source.reset();
  EXPECT_TRUE(token.stop_requested());
}

}  // namespace lenswire::base
