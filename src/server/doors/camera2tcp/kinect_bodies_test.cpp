#include "server/doors/camera2tcp/kinect_bodies.hpp"

#include <gtest/gtest.h>

#include <vector>

#include <lenswire/skeleton.hpp>
#include <nlohmann/json.hpp>

namespace lenswire::server::camera2tcp {
namespace {

std::vector<std::byte> encoded(std::size_t persons, float confidence) {
  Skeleton skeleton;
  skeleton.space = SkeletonSpace::Depth;
  skeleton.persons.resize(persons);
  for (std::size_t p = 0; p < persons; ++p) {
    auto& person = skeleton.persons[p];
    person.id = static_cast<std::uint32_t>(p + 1);
    for (auto& joint : person.joints) joint.confidence = confidence;
    person.joints[static_cast<std::size_t>(JointId::LeftShoulder)].position = {0.5F, -1, 2};
  }
  std::vector<std::byte> bytes;
  encode_skeleton(skeleton, bytes);
  return bytes;
}

}  // namespace

TEST(Camera2TcpBodies, HaveTheOriginalsWords) {
  EXPECT_EQ(status_word({}), "no bodies");
  EXPECT_EQ(status_word(encoded(0, 1)), "no bodies");
  EXPECT_EQ(status_word(encoded(1, 0.1F)), "no tracked bodies");
  EXPECT_EQ(status_word(encoded(1, 0.9F)), "on track");
  const std::vector<std::byte> pixels(4 * 4 * 3, std::byte{77});
  EXPECT_EQ(status_word(pixels), "no bodies");
}

TEST(Camera2TcpBodies, TellTheJointsAsJson) {
  const auto text = bodies_json(encoded(1, 0.9F));
  EXPECT_EQ(text.back(), '\n');
  const auto map = nlohmann::json::parse(text);
  const auto& joints = map["bodies"][0]["joints"];
  ASSERT_EQ(joints.size(), 25U);
  EXPECT_EQ(joints[4], nlohmann::json::parse("[0.5,-1,2]"));  // a Kinect's left shoulder
  EXPECT_TRUE(joints[8].is_null());
  EXPECT_EQ(bodies_json({}), "no bodies");
}

TEST(Camera2TcpBodies, AreSixAtMost) {
  EXPECT_EQ(nlohmann::json::parse(bodies_json(encoded(9, 0.9F)))["bodies"].size(), 6U);
}

}  // namespace lenswire::server::camera2tcp
