#include "server/rtc_desk.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace lenswire::server {
namespace {

using namespace std::chrono_literals;

const net::Address kHere{"127.0.0.1", 5000};
const net::Address kThere{"192.0.2.1", 5000};

// So many places for `peer`, or as many as there are.
std::vector<RtcDesk::Place> admit(RtcDesk& desk, base::ManualClock& clock, const net::Address& peer,
                                  std::size_t count) {
  std::vector<RtcDesk::Place> places;
  for (; places.size() < count; clock.advance(100ms)) {
    auto place = desk.admit(peer);
    if (!place) break;
    places.push_back(std::move(*place));
  }
  return places;
}

}  // namespace

TEST(RtcDesk, AdmitsTenOffersASecond) {
  base::ManualClock clock;
  RtcDesk desk(clock);
  std::vector<RtcDesk::Place> places;
  for (int i = 0; i < 10; ++i) {
    auto place = desk.admit(kHere);
    ASSERT_TRUE(place) << i;
    places.push_back(std::move(*place));
  }
  EXPECT_EQ(desk.admit(kHere).error().code, ErrorCode::Busy);
  clock.advance(100ms);
  EXPECT_TRUE(desk.admit(kHere));
  EXPECT_EQ(desk.offers(), 12U);
  EXPECT_EQ(desk.refused(), 1U);
  EXPECT_EQ(desk.peers(), 10U) << "the last place was given back";
}

TEST(RtcDesk, HoldsToItsLimits) {
  base::ManualClock clock;
  RtcDesk desk(clock);
  auto remote = admit(desk, clock, kThere, 1000);
  EXPECT_EQ(remote.size(), RtcDesk::kMaxPeersPerAddress);
  auto local = admit(desk, clock, kHere, 1000);
  EXPECT_EQ(local.size() + remote.size(), RtcDesk::kMaxPeers);
  EXPECT_FALSE(desk.admit({"192.0.2.2", 1}));
  clock.advance(1s);
  remote.pop_back();
  EXPECT_TRUE(desk.admit({"192.0.2.2", 1}));
  std::set<std::string> ids;
  for (const auto& place : local) ids.insert(place.id());
  EXPECT_EQ(ids.size(), local.size());
  EXPECT_EQ(ids.begin()->size(), 32U);
}

TEST(RtcDesk, EndsASessionByItsNameAlone) {
  base::ManualClock clock;
  RtcDesk desk(clock);
  auto place = unwrap(desk.admit(kHere));
  const auto id = place.id();
  EXPECT_FALSE(desk.end(id)) << "nobody said yet how";
  int ends = 0;
  desk.set_end(id, [&ends] { ++ends; });
  EXPECT_FALSE(desk.end(std::string(32, '0')));
  EXPECT_TRUE(desk.end(id));
  EXPECT_EQ(ends, 1);
  place = {};
  EXPECT_FALSE(desk.end(id));
  EXPECT_EQ(desk.peers(), 0U);
}

TEST(RtcDesk, APlaceMayOutliveIt) {
  base::ManualClock clock;
  RtcDesk::Place place;
  {
    RtcDesk desk(clock);
    place = unwrap(desk.admit(kHere));
  }
  EXPECT_FALSE(place.id().empty());
}

TEST(RtcDesk, RefusesAfterItsStop) {
  base::ManualClock clock;
  RtcDesk desk(clock);
  desk.stop();
  std::optional<ErrorCode> code;
  desk.with_stack([&code](const Result<net::RtcStack*>& stack) {
    code = stack ? std::optional<ErrorCode>() : stack.error().code;
  });
  EXPECT_EQ(code, ErrorCode::Busy);
}

}  // namespace lenswire::server
