#include "filter/person_tracker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace lenswire::filter {
namespace {

using namespace std::chrono_literals;

constexpr auto kFrame = 33ms;

Person standing(float x, float y = 100) {
  Person person;
  for (std::size_t j = 0; j < kJointCount; ++j)
    person.joints[j] = {
        x + (j % 2 == 0 ? 15.0F : -15.0F), y + 10 * static_cast<float>(j), {x / 100, 0, 2}, 0.9F};
  return person;
}

MonotonicTime at(int frame) { return MonotonicTime{} + 10s + frame * kFrame; }

}  // namespace

TEST(PersonTracker, KeepsIdsWhilePeopleMoveAndChangeOrder) {
  PersonTracker tracker;
  std::vector<Person> persons = {standing(100), standing(400)};
  tracker.track(persons, at(0));
  const auto first = persons[0].id;
  const auto second = persons[1].id;
  EXPECT_NE(first, second);
  for (int i = 1; i < 20; ++i) {
    const float x = static_cast<float>(i) * 5;
    persons = {standing(400 - x), standing(100 + x)};
    if (i % 2 == 0) std::swap(persons[0], persons[1]);
    tracker.track(persons, at(i));
    EXPECT_EQ(persons[i % 2 == 0 ? 0 : 1].id, first) << i;
    EXPECT_EQ(persons[i % 2 == 0 ? 1 : 0].id, second) << i;
  }
}

TEST(PersonTracker, GivesNewcomersNewIds) {
  PersonTracker tracker;
  std::vector<Person> persons = {standing(100)};
  tracker.track(persons, at(0));
  const auto first = persons[0].id;
  persons = {standing(100), standing(500)};
  tracker.track(persons, at(1));
  EXPECT_EQ(persons[0].id, first);
  EXPECT_NE(persons[1].id, first);
  EXPECT_NE(persons[1].id, 0U);
}

TEST(PersonTracker, RemembersWhoWasAwayForAMoment) {
  PersonTracker tracker;
  std::vector<Person> persons = {standing(100)};
  tracker.track(persons, at(0));
  const auto id = persons[0].id;
  std::vector<Person> nobody;
  tracker.track(nobody, at(1));
  persons = {standing(105)};
  tracker.track(persons, at(10));
  EXPECT_EQ(persons[0].id, id);
  tracker.track(nobody, at(11));
  persons = {standing(105)};
  tracker.track(persons, at(11) + 2s);
  EXPECT_NE(persons[0].id, id);
}

TEST(PersonTracker, KeepsIdsWhereFramesComeSlowly) {
  PersonTracker tracker;
  std::vector<Person> persons = {standing(100)};
  tracker.track(persons, at(0));
  const auto id = persons[0].id;
  for (int i = 1; i < 4; ++i) {
    persons = {standing(100 + 10 * static_cast<float>(i))};
    tracker.track(persons, at(0) + i * 2s);
    EXPECT_EQ(persons[0].id, id);
  }
}

TEST(PersonTracker, SteadiesJointsAtRest) {
  PersonTracker tracker;
  float low = 1e9F;
  float high = -1e9F;
  for (int i = 0; i < 60; ++i) {
    std::vector<Person> persons = {standing(100 + (i % 2 == 0 ? 3.0F : -3.0F))};
    tracker.track(persons, at(i));
    if (i < 30) continue;
    low = std::min(low, persons[0].joints[0].x_px);
    high = std::max(high, persons[0].joints[0].x_px);
  }
  EXPECT_LT(high - low, 3);  // 6 went in
  PersonTracker plain({.steady = false});
  std::vector<Person> persons = {standing(103)};
  plain.track(persons, at(0));
  persons = {standing(97)};
  plain.track(persons, at(1));
  EXPECT_EQ(persons[0].joints[0].x_px, standing(97).joints[0].x_px);
}

TEST(PersonTracker, LeavesWhatIsNotSeen) {
  PersonTracker tracker;
  std::vector<Person> persons = {standing(100)};
  tracker.track(persons, at(0));
  persons = {standing(100)};
  persons[0].joints[9].confidence = 0.1F;
  persons[0].joints[9].position = {};
  persons[0].joints[9].x_px = 7;
  tracker.track(persons, at(1));
  EXPECT_EQ(persons[0].joints[9].x_px, 7);
  EXPECT_FALSE(persons[0].joints[9].position.known());
  // It comes back somewhere else, after a while: no slow glide from the old place.
  for (int i = 2; i < 30; ++i) {
    persons = {standing(100)};
    persons[0].joints[9].confidence = 0.1F;
    persons[0].joints[9].position = {};
    tracker.track(persons, at(i));
  }
  persons = {standing(100)};
  persons[0].joints[9].x_px = 160;
  tracker.track(persons, at(30));
  EXPECT_EQ(persons[0].joints[9].x_px, 160);
}

}  // namespace lenswire::filter
