#include "source/driver/driver_channel.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/driver/driver_host.hpp"

namespace lenswire::source::driver {
namespace {

TEST(DriverChannel, PassesMessagesAndDescriptors) {
  auto pair = Channel::make_pair();
  ASSERT_TRUE(pair);
  Channel one(std::move(pair->ours));
  auto slots = SharedSlots::create(2, 100);
  ASSERT_TRUE(slots) << slots.error().message;
  (*slots)->slot(1)[7] = std::byte{42};
  {
    Channel other(std::move(pair->theirs));
    ASSERT_TRUE(other.send(Free{1, 2}, (*slots)->fd()));
    auto received = one.receive();
    ASSERT_TRUE(received && *received);
    EXPECT_EQ(std::get<Free>((*received)->message).slot, 2U);
    const auto seen = SharedSlots::open(std::move((*received)->descriptor), 2, 100);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ((*seen)->slot(1)[7], std::byte{42});
  }
  const auto end = one.receive();
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end) << "the other side is gone";
  EXPECT_EQ(one.send(driver::Run{}).error().code, ErrorCode::Closed);
}

TEST(DriverChannel, MemoryThatCouldShrinkOrIsTooSmallIsRefused) {
  base::UniqueFd loose(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(loose.get(), 4096), 0);
  EXPECT_FALSE(SharedSlots::open(std::move(loose), 1, 4096));
  const auto small = SharedSlots::create(1, 100);
  ASSERT_TRUE(small);
  EXPECT_FALSE(SharedSlots::open(base::UniqueFd(::dup((*small)->fd())), 2, 100));
  EXPECT_FALSE(SharedSlots::open(base::UniqueFd(), 1, 1));
}

TEST(DriverHost, SaysWhyThereIsNoDriver) {
  auto pair = Channel::make_pair();
  ASSERT_TRUE(pair);
  Channel ours(std::move(pair->ours));
  ASSERT_TRUE(ours.send(Make{"openni2:"}));
  refuse_driver({ErrorCode::VersionMismatch, "of another build"}, std::move(pair->theirs));
  const auto answer = ours.receive();
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ(std::get<Made>((*answer)->message).result.error().message, "of another build");
}

}  // namespace
}  // namespace lenswire::source::driver
