// skeleton.hpp - people's joints, as frames of format PixelFormat::Skeleton carry them.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire {

/// The joints of COCO's key points, in its order. Left is the person's left.
enum class JointId : std::uint8_t {
  Nose,
  LeftEye,
  RightEye,
  LeftEar,
  RightEar,
  LeftShoulder,
  RightShoulder,
  LeftElbow,
  RightElbow,
  LeftWrist,
  RightWrist,
  LeftHip,
  RightHip,
  LeftKnee,
  RightKnee,
  LeftAnkle,
  RightAnkle,
};
inline constexpr std::size_t kJointCount = 17;

/// "nose", "left_eye", ... as in COCO.
[[nodiscard]] std::string_view to_string(JointId joint) noexcept;

/// In metres; NaN where nothing is known.
struct JointPosition {
  float x_m = std::numeric_limits<float>::quiet_NaN();
  float y_m = std::numeric_limits<float>::quiet_NaN();
  float z_m = std::numeric_limits<float>::quiet_NaN();

  [[nodiscard]] bool known() const noexcept { return !std::isnan(z_m); }
};

/// A joint that was guessed at is worse than none: below this confidence it is not seen.
inline constexpr float kSeenConfidence = 0.3F;

struct Joint {
  float x_px = 0;  ///< in the picture of Skeleton::width x height; may lie outside of it
  float y_px = 0;
  JointPosition position;
  float confidence = 0;  ///< 0..1

  [[nodiscard]] bool seen() const noexcept { return confidence >= kSeenConfidence; }
};

struct Person {
  /// Stays with a person from frame to frame, and is not used again for another one.
  std::uint32_t id = 0;
  float confidence = 0;  ///< 0..1
  std::array<Joint, kJointCount> joints{};

  [[nodiscard]] const Joint& joint(JointId id_of_joint) const noexcept {
    return joints[static_cast<std::size_t>(id_of_joint)];
  }
};

/// The camera whose frame the positions are in: x right, y down, z forward.
enum class SkeletonSpace : std::uint8_t {
  None = 0,  ///< no position is known: the camera has no depth, or no calibration
  Depth = 1,
  Color = 2,
};

[[nodiscard]] std::string_view to_string(SkeletonSpace space) noexcept;

inline constexpr std::size_t kMaxPersons = 32;

/// Everybody in one picture.
struct Skeleton {
  SkeletonSpace space = SkeletonSpace::None;
  std::uint32_t width = 0;  ///< of the picture that pixel positions are in
  std::uint32_t height = 0;
  std::vector<Person> persons;
};

/// Writes the form of docs/protocol.md, section 10; of more than kMaxPersons, the first ones.
void encode_skeleton(const Skeleton& skeleton, std::vector<std::byte>& out);

/// Reads that form. Safe on hostile input. `out` keeps its memory from call to call.
/// Errors: Truncated; InvalidArgument (more bytes than needed, numbers that are none);
///         VersionMismatch.
Result<void> decode_skeleton(std::span<const std::byte> bytes, Skeleton& out);

/// The joints of a Kinect v2, in its order.
enum class KinectJointId : std::uint8_t {
  SpineBase,
  SpineMid,
  Neck,
  Head,
  ShoulderLeft,
  ElbowLeft,
  WristLeft,
  HandLeft,
  ShoulderRight,
  ElbowRight,
  WristRight,
  HandRight,
  HipLeft,
  KneeLeft,
  AnkleLeft,
  FootLeft,
  HipRight,
  KneeRight,
  AnkleRight,
  FootRight,
  SpineShoulder,
  HandTipLeft,
  ThumbLeft,
  HandTipRight,
  ThumbRight,
};
inline constexpr std::size_t kKinectJointCount = 25;

/// "spine_base", "spine_mid", ...
[[nodiscard]] std::string_view to_string(KinectJointId joint) noexcept;

/// The Kinect's own three words.
enum class KinectTracking : std::uint8_t {
  NotTracked = 0,  ///< absent
  Inferred = 1,    ///< lies between joints that were seen
  Tracked = 2,
};

struct KinectJoint {
  KinectTracking tracking = KinectTracking::NotTracked;
  Joint joint;
};

/// A person as a Kinect v2 would tell it. Hands, hand tips, thumbs and feet have no counterpart
/// among COCO's joints and are never tracked; the spine, neck and head are inferred.
[[nodiscard]] std::array<KinectJoint, kKinectJointCount> kinect_joints(
    const Person& person) noexcept;

}  // namespace lenswire
