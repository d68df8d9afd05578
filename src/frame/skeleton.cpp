#include <lenswire/skeleton.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "base/byte_reader.hpp"
#include "base/byte_writer.hpp"

namespace lenswire {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeadBytes = 12;
constexpr std::size_t kJointBytes = 24;
constexpr std::size_t kPersonBytes = 8 + kJointCount * kJointBytes;

constexpr std::array<std::string_view, kJointCount> kJointNames = {
    "nose",           "left_eye",   "right_eye",   "left_ear",   "right_ear",   "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
    "right_hip",      "left_knee",  "right_knee",  "left_ankle", "right_ankle"};

constexpr std::array<std::string_view, kKinectJointCount> kKinectNames = {
    "spine_base",     "spine_mid",     "neck",       "head",           "shoulder_left",
    "elbow_left",     "wrist_left",    "hand_left",  "shoulder_right", "elbow_right",
    "wrist_right",    "hand_right",    "hip_left",   "knee_left",      "ankle_left",
    "foot_left",      "hip_right",     "knee_right", "ankle_right",    "foot_right",
    "spine_shoulder", "hand_tip_left", "thumb_left", "hand_tip_right", "thumb_right"};

auto broken(const char* what) { return fail(ErrorCode::InvalidArgument, what); }

bool is_share(float value) noexcept { return value >= 0 && value <= 1; }

Result<void> read_joint(base::ByteReader& reader, Joint& joint) {
  const auto real = [&reader] { return std::bit_cast<float>(reader.u32()); };
  joint.x_px = real();
  joint.y_px = real();
  joint.position.x_m = real();
  joint.position.y_m = real();
  joint.position.z_m = real();
  joint.confidence = real();
  if (!std::isfinite(joint.x_px) || !std::isfinite(joint.y_px) || !is_share(joint.confidence))
    return broken("skeleton: a joint's numbers are none");
  const auto& at = joint.position;
  const bool none = std::isnan(at.x_m) && std::isnan(at.y_m) && std::isnan(at.z_m);
  if (!none && !(std::isfinite(at.x_m) && std::isfinite(at.y_m) && std::isfinite(at.z_m)))
    return broken("skeleton: half a position");
  return {};
}

void write_real(base::ByteWriter& writer, float value) {
  writer.u32(std::bit_cast<std::uint32_t>(value));
}

// --- Kinect

KinectJoint tracked(const Joint& joint) noexcept {
  if (!joint.seen()) return {};
  return {KinectTracking::Tracked, joint};
}

/// The point that lies `share` of the way from one to the other.
KinectJoint between(const KinectJoint& from, const KinectJoint& to, float share) noexcept {
  if (from.tracking == KinectTracking::NotTracked || to.tracking == KinectTracking::NotTracked)
    return {};
  const auto mix = [share](float a, float b) { return a + (b - a) * share; };
  const auto& a = from.joint;
  const auto& b = to.joint;
  KinectJoint out{KinectTracking::Inferred, {}};
  out.joint.x_px = mix(a.x_px, b.x_px);
  out.joint.y_px = mix(a.y_px, b.y_px);
  if (a.position.known() && b.position.known())
    out.joint.position = {mix(a.position.x_m, b.position.x_m), mix(a.position.y_m, b.position.y_m),
                          mix(a.position.z_m, b.position.z_m)};
  out.joint.confidence = std::min(a.confidence, b.confidence);
  return out;
}

KinectJoint head_of(const Person& person) noexcept {
  const auto ears = between(tracked(person.joint(JointId::LeftEar)),
                            tracked(person.joint(JointId::RightEar)), 0.5F);
  if (ears.tracking != KinectTracking::NotTracked) return ears;
  auto nose = tracked(person.joint(JointId::Nose));
  if (nose.tracking != KinectTracking::NotTracked) nose.tracking = KinectTracking::Inferred;
  return nose;
}

}  // namespace

std::string_view to_string(JointId joint) noexcept {
  const auto index = static_cast<std::size_t>(joint);
  return index < kJointCount ? kJointNames[index] : "unknown";
}

std::string_view to_string(KinectJointId joint) noexcept {
  const auto index = static_cast<std::size_t>(joint);
  return index < kKinectJointCount ? kKinectNames[index] : "unknown";
}

std::string_view to_string(SkeletonSpace space) noexcept {
  switch (space) {
    case SkeletonSpace::None:
      return "none";
    case SkeletonSpace::Depth:
      return "depth";
    case SkeletonSpace::Color:
      return "color";
  }
  return "none";
}

void encode_skeleton(const Skeleton& skeleton, std::vector<std::byte>& out) {
  const auto persons = std::min(skeleton.persons.size(), kMaxPersons);
  out.clear();
  out.reserve(kHeadBytes + persons * kPersonBytes);
  base::ByteWriter writer(out);
  writer.u8(kVersion);
  writer.u8(static_cast<std::uint8_t>(skeleton.space));
  writer.u8(static_cast<std::uint8_t>(kJointCount));
  writer.u8(static_cast<std::uint8_t>(persons));
  writer.u32(skeleton.width);
  writer.u32(skeleton.height);
  for (std::size_t i = 0; i < persons; ++i) {
    const auto& person = skeleton.persons[i];
    writer.u32(person.id);
    write_real(writer, person.confidence);
    for (const auto& joint : person.joints)
      for (const float value : {joint.x_px, joint.y_px, joint.position.x_m, joint.position.y_m,
                                joint.position.z_m, joint.confidence})
        write_real(writer, value);
  }
}

Result<void> decode_skeleton(std::span<const std::byte> bytes, Skeleton& out) {
  base::ByteReader reader(bytes);
  const auto version = reader.u8();
  const auto space = reader.u8();
  const auto joints = reader.u8();
  const auto persons = reader.u8();
  out.width = reader.u32();
  out.height = reader.u32();
  out.persons.clear();
  if (!reader.ok()) return fail(ErrorCode::Truncated, "skeleton: shorter than its head");
  if (version != kVersion)
    return fail(ErrorCode::VersionMismatch,
                fmt::format("skeleton: form {} is not known; update this side", version));
  if (space > static_cast<std::uint8_t>(SkeletonSpace::Color) || joints != kJointCount ||
      persons > kMaxPersons)
    return broken("skeleton: an unknown space, or another number of joints or persons");
  if (reader.remaining() < persons * kPersonBytes)
    return fail(ErrorCode::Truncated, "skeleton: shorter than its persons");
  if (reader.remaining() > persons * kPersonBytes)
    return broken("skeleton: longer than its persons");
  out.space = static_cast<SkeletonSpace>(space);
  out.persons.resize(persons);
  for (auto& person : out.persons) {
    person.id = reader.u32();
    person.confidence = std::bit_cast<float>(reader.u32());
    if (!is_share(person.confidence)) return broken("skeleton: a confidence beyond 0 to 1");
    for (auto& joint : person.joints)
      if (auto read = read_joint(reader, joint); !read) return read;
  }
  return {};
}

std::array<KinectJoint, kKinectJointCount> kinect_joints(const Person& person) noexcept {
  std::array<KinectJoint, kKinectJointCount> out{};
  const auto at = [&out](KinectJointId id) -> KinectJoint& {
    return out[static_cast<std::size_t>(id)];
  };
  constexpr std::array<std::pair<KinectJointId, JointId>, 12> kSame = {{
      {KinectJointId::ShoulderLeft, JointId::LeftShoulder},
      {KinectJointId::ElbowLeft, JointId::LeftElbow},
      {KinectJointId::WristLeft, JointId::LeftWrist},
      {KinectJointId::ShoulderRight, JointId::RightShoulder},
      {KinectJointId::ElbowRight, JointId::RightElbow},
      {KinectJointId::WristRight, JointId::RightWrist},
      {KinectJointId::HipLeft, JointId::LeftHip},
      {KinectJointId::KneeLeft, JointId::LeftKnee},
      {KinectJointId::AnkleLeft, JointId::LeftAnkle},
      {KinectJointId::HipRight, JointId::RightHip},
      {KinectJointId::KneeRight, JointId::RightKnee},
      {KinectJointId::AnkleRight, JointId::RightAnkle},
  }};
  for (const auto& [kinect, coco] : kSame) at(kinect) = tracked(person.joint(coco));
  const auto hips = between(at(KinectJointId::HipLeft), at(KinectJointId::HipRight), 0.5F);
  const auto shoulders =
      between(at(KinectJointId::ShoulderLeft), at(KinectJointId::ShoulderRight), 0.5F);
  const auto head = head_of(person);
  at(KinectJointId::SpineBase) = hips;
  at(KinectJointId::SpineMid) = between(hips, shoulders, 0.5F);
  at(KinectJointId::SpineShoulder) = shoulders;
  at(KinectJointId::Neck) = between(shoulders, head, 0.25F);
  at(KinectJointId::Head) = head;
  return out;
}

}  // namespace lenswire
