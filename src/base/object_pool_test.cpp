#include "base/object_pool.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace lenswire::base {

TEST(ObjectPool, UsesAReturnedObjectAgain) {
  ObjectPool<std::vector<int>> pool;
  auto first = pool.acquire();
  first->assign(1000, 7);
  const auto* const address = first.get();
  first.reset();
  const auto second = pool.acquire();
  EXPECT_EQ(second.get(), address);
  EXPECT_GE(second->capacity(), 1000U);
}

TEST(ObjectPool, ObjectsOutliveThePool) {
  std::shared_ptr<int> survivor;
  {
    ObjectPool<int> pool;
    survivor = pool.acquire();
    *survivor = 42;
  }
  EXPECT_EQ(*survivor, 42);
}

TEST(ObjectPool, KeepsNoMoreThanItsIdleLimit) {
  ObjectPool<std::shared_ptr<int>> pool(1);
  const auto marker = std::make_shared<int>(1);
  auto a = pool.acquire();
  auto b = pool.acquire();
  *a = marker;
  *b = marker;
  a.reset();
  b.reset();  // one too many: destroyed, and lets go of the marker
  EXPECT_EQ(marker.use_count(), 2);
}

TEST(ObjectPool, TakesReturnsFromOtherThreads) {
  ObjectPool<int> pool(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&pool] {
      for (int i = 0; i < 2000; ++i) {
        auto object = pool.acquire();
        *object = i;
        auto copy = object;
        object.reset();
        EXPECT_EQ(*copy, i);
      }
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace lenswire::base
