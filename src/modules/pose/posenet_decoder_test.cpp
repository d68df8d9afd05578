#include "modules/pose/posenet_decoder.hpp"

#include <gtest/gtest.h>

#include <array>

namespace lenswire::modules::pose {
namespace {

constexpr std::size_t kRows = 12;
constexpr std::size_t kColumns = 16;
constexpr std::size_t kCells = kRows * kColumns;
constexpr float kCold = -8;

// The tree as the published model has it; written down here anew.
constexpr std::array<std::array<std::size_t, 2>, kPosenetEdges> kTree = {{{0, 1},
                                                                          {1, 3},
                                                                          {0, 2},
                                                                          {2, 4},
                                                                          {0, 5},
                                                                          {5, 7},
                                                                          {7, 9},
                                                                          {5, 11},
                                                                          {11, 13},
                                                                          {13, 15},
                                                                          {0, 6},
                                                                          {6, 8},
                                                                          {8, 10},
                                                                          {6, 12},
                                                                          {12, 14},
                                                                          {14, 16}}};

/// Maps made by hand: every joint of a person warms its cell, and the fields lead from any place to
/// the person whose joint is nearest.
class Maps {
 public:
  Maps()
      : heat(kJointCount * kCells, kCold),
        offsets(2 * kJointCount * kCells),
        forward(2 * kPosenetEdges * kCells),
        backward(2 * kPosenetEdges * kCells) {}

  using Body = std::array<std::array<float, 2>, kJointCount>;  // x, y in input pixels

  void add(const Body& body, float warmth, std::size_t from_column, std::size_t to_column) {
    for (std::size_t j = 0; j < kJointCount; ++j) {
      const auto column = static_cast<std::size_t>(body[j][0] / 16 + 0.5F);
      const auto row = static_cast<std::size_t>(body[j][1] / 16 + 0.5F);
      heat[j * kCells + row * kColumns + column] = warmth;
    }
    for (std::size_t row = 0; row < kRows; ++row)
      for (auto column = from_column; column < to_column; ++column) {
        const auto cell = row * kColumns + column;
        for (std::size_t j = 0; j < kJointCount; ++j) {
          offsets[j * kCells + cell] = body[j][1] - static_cast<float>(row) * 16;
          offsets[(j + kJointCount) * kCells + cell] = body[j][0] - static_cast<float>(column) * 16;
        }
        for (std::size_t e = 0; e < kPosenetEdges; ++e) {
          const auto& parent = body[kTree[e][0]];
          const auto& child = body[kTree[e][1]];
          forward[e * kCells + cell] = child[1] - parent[1];
          forward[(e + kPosenetEdges) * kCells + cell] = child[0] - parent[0];
          backward[e * kCells + cell] = parent[1] - child[1];
          backward[(e + kPosenetEdges) * kCells + cell] = parent[0] - child[0];
        }
      }
  }

  [[nodiscard]] PoseMaps view() const {
    return {kRows, kColumns, heat, offsets, forward, backward};
  }

  std::vector<float> heat, offsets, forward, backward;
};

Maps::Body standing(float x) {
  Maps::Body body{};
  for (std::size_t j = 0; j < kJointCount; ++j) {
    const float side = j == 0 ? 0.0F : j % 2 == 1 ? 9.0F : -9.0F;
    body[j] = {x + side, 8 + 10.3F * static_cast<float>(j)};
  }
  return body;
}

void expect_body(const Person& person, const Maps::Body& body) {
  for (std::size_t j = 0; j < kJointCount; ++j) {
    EXPECT_NEAR(person.joints[j].x_px, body[j][0], 1e-3) << j;
    EXPECT_NEAR(person.joints[j].y_px, body[j][1], 1e-3) << j;
  }
}

std::vector<Person> decoded(const Maps& maps, const DecoderSettings& settings = {}) {
  std::vector<Person> out;
  decode_persons(maps.view(), settings, out);
  return out;
}

}  // namespace

TEST(PosenetDecoder, FindsNobodyInTheCold) { EXPECT_TRUE(decoded(Maps()).empty()); }

TEST(PosenetDecoder, FollowsTheTreeToEveryJoint) {
  Maps maps;
  const auto body = standing(100);
  maps.add(body, 3, 0, kColumns);
  const auto persons = decoded(maps);
  ASSERT_EQ(persons.size(), 1U);
  expect_body(persons[0], body);
  EXPECT_NEAR(persons[0].confidence, 0.9526, 1e-3);  // the sigmoid of 3
  EXPECT_NEAR(persons[0].joint(JointId::LeftKnee).confidence, 0.9526, 1e-3);
}

// Only an ankle is clear: the way leads up to the nose and down again.
TEST(PosenetDecoder, BeginsAtAnyJoint) {
  Maps maps;
  const auto body = standing(100);
  maps.add(body, -0.7F, 0, kColumns);
  const auto ankle = static_cast<std::size_t>(JointId::RightAnkle);
  for (std::size_t cell = 0; cell < kCells; ++cell)
    if (maps.heat[ankle * kCells + cell] > kCold) maps.heat[ankle * kCells + cell] = 2;
  const auto persons = decoded(maps);
  ASSERT_EQ(persons.size(), 1U);
  expect_body(persons[0], body);
}

TEST(PosenetDecoder, TellsTwoPersonsApart) {
  Maps maps;
  const auto left = standing(50);
  const auto right = standing(180);
  maps.add(left, 2, 0, 7);
  maps.add(right, 3, 7, kColumns);
  const auto persons = decoded(maps);
  ASSERT_EQ(persons.size(), 2U);
  expect_body(persons[0], right);
  expect_body(persons[1], left);
  EXPECT_GT(persons[0].confidence, persons[1].confidence);
}

TEST(PosenetDecoder, CountsAPersonOnce) {
  Maps maps;
  const auto body = standing(100);
  maps.add(body, 3, 0, kColumns);
  // A second peak two cells away whose offsets lead to the same nose.
  maps.heat[1 * kColumns + 8] = 2.5F;
  EXPECT_EQ(decoded(maps).size(), 1U);
}

TEST(PosenetDecoder, KeepsToItsLimits) {
  Maps maps;
  maps.add(standing(50), 2, 0, 7);
  maps.add(standing(180), 3, 7, kColumns);
  DecoderSettings settings;
  settings.max_persons = 1;
  EXPECT_EQ(decoded(maps, settings).size(), 1U);
  settings.max_persons = 8;
  settings.person_threshold = 0.92F;
  EXPECT_EQ(decoded(maps, settings).size(), 1U);
  settings.part_threshold = 0.99F;
  EXPECT_TRUE(decoded(maps, settings).empty());
}

TEST(PosenetDecoder, StaysInsideTheMaps) {
  Maps maps;
  maps.add(standing(100), 3, 0, kColumns);
  for (auto* field : {&maps.offsets, &maps.forward, &maps.backward})
    for (auto& value : *field) value = 1e6F;
  for (const auto& person : decoded(maps))
    for (const auto& joint : person.joints) EXPECT_TRUE(std::isfinite(joint.x_px));
  EXPECT_FALSE((PoseMaps{kRows, kColumns, maps.heat, maps.offsets, maps.forward, {}}).complete());
}

}  // namespace lenswire::modules::pose
