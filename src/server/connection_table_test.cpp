#include "server/connection_table.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lenswire::server {
namespace {

const net::Address kLocal{"127.0.0.1", 1};
const net::Address kRemote{"192.0.2.7", 1};

}  // namespace

TEST(ConnectionTable, HoldsTheTotalAndRefusesOneMore) {
  ConnectionTable table({.total = 3, .per_address = 2, .unauthenticated = 9});
  std::vector<ConnectionTable::Admission> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(table.admit(kLocal));
    EXPECT_TRUE(open.back());
  }
  EXPECT_FALSE(table.admit(kLocal));
  open.pop_back();
  EXPECT_TRUE(table.admit(kLocal));
}

TEST(ConnectionTable, CountsRemoteAddressesApart) {
  ConnectionTable table({.total = 100, .per_address = 2, .unauthenticated = 9});
  const auto a = table.admit(kRemote);
  const auto b = table.admit(kRemote);
  EXPECT_FALSE(table.admit(kRemote));
  EXPECT_TRUE(table.admit({"192.0.2.8", 1}));
}

TEST(ConnectionTable, BoundsThoseThatHaveNotShownWhoTheyAre) {
  ConnectionTable table({.total = 100, .per_address = 100, .unauthenticated = 2});
  auto a = table.admit(kRemote);
  const auto b = table.admit(kRemote);
  EXPECT_FALSE(table.admit(kRemote));
  a.authenticated();
  EXPECT_TRUE(table.admit(kRemote));
  a.reset();
  EXPECT_EQ(table.total(), 1U);
}

TEST(ConnectionTable, AnAddressAtItsLimitMakesNoRoomAtTheExpenseOfOthers) {
  ConnectionTable table({.total = 3, .per_address = 2, .unauthenticated = 9});
  const net::Address other{"192.0.2.8", 1};
  const auto own = table.admit(kRemote);
  const auto own_too = table.admit(kRemote);
  const auto foreign = table.admit(other);
  const auto at_its_limit = table.admit(kRemote);
  ASSERT_FALSE(at_its_limit);
  EXPECT_TRUE(own.stands_in_the_way_of(at_its_limit));
  EXPECT_FALSE(foreign.stands_in_the_way_of(at_its_limit));
  const auto beyond_the_total = table.admit(other);
  ASSERT_FALSE(beyond_the_total);
  EXPECT_TRUE(own.stands_in_the_way_of(beyond_the_total));
}

TEST(ConnectionTable, OnlyTheUnknownStandInTheWayOfTheUnknown) {
  ConnectionTable table({.total = 9, .per_address = 9, .unauthenticated = 2});
  auto known = table.admit(kRemote);
  const auto unknown = table.admit(kRemote);
  known.authenticated();
  const auto second = table.admit(kRemote);
  const auto refused = table.admit({"192.0.2.8", 1});
  ASSERT_FALSE(refused);
  EXPECT_FALSE(known.stands_in_the_way_of(refused));
  EXPECT_TRUE(unknown.stands_in_the_way_of(refused));
}

}  // namespace lenswire::server
