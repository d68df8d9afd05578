#include <lenswire/skeleton.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>

namespace lenswire {
namespace {

Skeleton two_persons() {
  Skeleton skeleton;
  skeleton.space = SkeletonSpace::Depth;
  skeleton.width = 640;
  skeleton.height = 480;
  skeleton.persons.resize(2);
  for (std::size_t p = 0; p < 2; ++p) {
    auto& person = skeleton.persons[p];
    person.id = static_cast<std::uint32_t>(p + 7);
    person.confidence = 0.75F;
    for (std::size_t j = 0; j < kJointCount; ++j) {
      auto& joint = person.joints[j];
      joint.x_px = static_cast<float>(10 * p + j);
      joint.y_px = -1.5F;
      joint.confidence = 0.5F;
      if (j != 3) joint.position = {0.25F, static_cast<float>(j), 2};
    }
  }
  return skeleton;
}

std::vector<std::byte> encoded(const Skeleton& skeleton) {
  std::vector<std::byte> bytes;
  encode_skeleton(skeleton, bytes);
  return bytes;
}

void set_float(std::vector<std::byte>& bytes, std::size_t at, float value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

Joint& joint_of(Person& person, JointId id) { return person.joints[static_cast<std::size_t>(id)]; }

}  // namespace

TEST(Skeleton, ComesBackFromItsBytes) {
  const auto bytes = encoded(two_persons());
  EXPECT_EQ(bytes.size(), 12U + 2 * 416);
  Skeleton back;
  ASSERT_TRUE(decode_skeleton(bytes, back));
  EXPECT_EQ(back.space, SkeletonSpace::Depth);
  EXPECT_EQ(back.width, 640U);
  EXPECT_EQ(back.height, 480U);
  ASSERT_EQ(back.persons.size(), 2U);
  EXPECT_EQ(back.persons[1].id, 8U);
  EXPECT_EQ(back.persons[1].joint(JointId::RightEye).x_px, 12);
  EXPECT_EQ(back.persons[0].joint(JointId::Nose).position.z_m, 2);
  EXPECT_FALSE(back.persons[0].joint(JointId::LeftEar).position.known());
  EXPECT_EQ(encoded(back), bytes);
}

// Written down by hand from docs/protocol.md.
TEST(Skeleton, HasTheDocumentedForm) {
  Skeleton skeleton;
  skeleton.width = 0x102;
  skeleton.height = 3;
  skeleton.persons.resize(1);
  skeleton.persons[0].id = 5;
  skeleton.persons[0].confidence = 1;
  skeleton.persons[0].joints[0].x_px = 0.5F;
  const auto bytes = encoded(skeleton);
  const unsigned char head[] = {1, 0, 17, 1, 2, 1, 0,    0,    3, 0, 0, 0,
                                5, 0, 0,  0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x3f};
  ASSERT_GE(bytes.size(), sizeof head);
  EXPECT_EQ(std::memcmp(bytes.data(), head, sizeof head), 0);
}

TEST(Skeleton, RefusesWhatIsNone) {
  const auto good = encoded(two_persons());
  Skeleton out;
  for (std::size_t length = 0; length < good.size(); ++length) {
    const auto read = decode_skeleton(std::span(good).first(length), out);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::Truncated) << length;
  }
  auto longer = good;
  longer.push_back(std::byte{});
  EXPECT_EQ(decode_skeleton(longer, out).error().code, ErrorCode::InvalidArgument);
  auto newer = good;
  newer[0] = std::byte{2};
  EXPECT_EQ(decode_skeleton(newer, out).error().code, ErrorCode::VersionMismatch);
  for (const auto& [at, value] : {std::pair{12U + 4U, 1.5F},      // the person's confidence
                                  std::pair{12U + 8U, INFINITY},  // x_px
                                  std::pair{12U + 8U + 8U, NAN},  // x_m alone
                                  std::pair{12U + 8U + 20U, -0.5F}}) {
    auto broken = good;
    set_float(broken, at, value);
    const auto read = decode_skeleton(broken, out);
    ASSERT_FALSE(read) << at;
    EXPECT_EQ(read.error().code, ErrorCode::InvalidArgument);
  }
}

TEST(Skeleton, NamesEveryJointOnce) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kJointCount; ++i) names.insert(to_string(static_cast<JointId>(i)));
  EXPECT_EQ(names.size(), kJointCount);
  for (std::size_t i = 0; i < kKinectJointCount; ++i)
    names.insert(to_string(static_cast<KinectJointId>(i)));
  EXPECT_EQ(names.size(), kJointCount + kKinectJointCount);
  EXPECT_EQ(to_string(static_cast<JointId>(200)), "unknown");
  EXPECT_EQ(to_string(JointId::RightAnkle), "right_ankle");
  EXPECT_EQ(to_string(KinectJointId::ThumbRight), "thumb_right");
}

TEST(KinectJoints, TakesOverInfersAndMarksAsAbsent) {
  Person person;
  for (auto& joint : person.joints) {
    joint.confidence = 0.9F;
    joint.position = {0, 0, 2};
  }
  joint_of(person, JointId::LeftHip).position = {0.1F, 0.2F, 2};
  joint_of(person, JointId::RightHip).position = {-0.1F, 0.2F, 2};
  joint_of(person, JointId::LeftShoulder).position = {0.2F, -0.4F, 2.2F};
  joint_of(person, JointId::RightShoulder).position = {-0.2F, -0.4F, 2.2F};
  joint_of(person, JointId::LeftEar).position = {0.1F, -0.8F, 2.2F};
  joint_of(person, JointId::RightEar).position = {-0.1F, -0.8F, 2.2F};
  joint_of(person, JointId::LeftWrist).position = {0.5F, 0.6F, 1.7F};
  const auto kinect = kinect_joints(person);
  const auto at = [&kinect](KinectJointId id) { return kinect[static_cast<std::size_t>(id)]; };
  EXPECT_EQ(at(KinectJointId::WristLeft).tracking, KinectTracking::Tracked);
  EXPECT_FLOAT_EQ(at(KinectJointId::WristLeft).joint.position.x_m, 0.5F);
  EXPECT_EQ(at(KinectJointId::SpineBase).tracking, KinectTracking::Inferred);
  EXPECT_FLOAT_EQ(at(KinectJointId::SpineBase).joint.position.y_m, 0.2F);
  EXPECT_NEAR(at(KinectJointId::SpineMid).joint.position.y_m, -0.1F, 1e-6);
  EXPECT_NEAR(at(KinectJointId::SpineMid).joint.position.z_m, 2.1F, 1e-6);
  EXPECT_NEAR(at(KinectJointId::Neck).joint.position.y_m, -0.5F, 1e-6);
  EXPECT_NEAR(at(KinectJointId::Head).joint.position.y_m, -0.8F, 1e-6);
  for (const auto id :
       {KinectJointId::HandLeft, KinectJointId::HandRight, KinectJointId::FootLeft,
        KinectJointId::FootRight, KinectJointId::HandTipLeft, KinectJointId::HandTipRight,
        KinectJointId::ThumbLeft, KinectJointId::ThumbRight})
    EXPECT_EQ(at(id).tracking, KinectTracking::NotTracked) << to_string(id);
}

TEST(KinectJoints, NeedBothSidesToInfer) {
  Person person;
  for (auto& joint : person.joints) joint.confidence = 0.9F;
  joint_of(person, JointId::RightHip).confidence = 0.1F;
  joint_of(person, JointId::LeftEar).confidence = 0.1F;
  joint_of(person, JointId::Nose).position = {0, -0.7F, 1.9F};
  const auto kinect = kinect_joints(person);
  const auto tracking = [&kinect](KinectJointId id) {
    return kinect[static_cast<std::size_t>(id)].tracking;
  };
  EXPECT_EQ(tracking(KinectJointId::HipRight), KinectTracking::NotTracked);
  EXPECT_EQ(tracking(KinectJointId::SpineBase), KinectTracking::NotTracked);
  EXPECT_EQ(tracking(KinectJointId::SpineMid), KinectTracking::NotTracked);
  EXPECT_EQ(tracking(KinectJointId::HipLeft), KinectTracking::Tracked);
  // Without an ear the nose stands for the head.
  EXPECT_EQ(tracking(KinectJointId::Head), KinectTracking::Inferred);
  EXPECT_FLOAT_EQ(kinect[static_cast<std::size_t>(KinectJointId::Head)].joint.position.y_m, -0.7F);
}

}  // namespace lenswire
