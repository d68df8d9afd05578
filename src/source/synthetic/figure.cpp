#include "source/synthetic/figure.hpp"

#include <algorithm>
#include <cmath>

#include "source/synthetic/hash.hpp"

namespace lenswire::source::synthetic {
namespace {

// Metres, of a person of 1.74 m.
constexpr double kThigh = 0.43;
constexpr double kShank = 0.42;
constexpr double kAnkleHeight = 0.08;
constexpr double kHipHalfWidth = 0.1;
constexpr double kShoulderHalfWidth = 0.185;
constexpr double kTorso = 0.5;  // hips to shoulders
constexpr double kUpperArm = 0.28;
constexpr double kForearm = 0.25;
constexpr double kHeadAboveShoulders = 0.215;

Point operator+(const Point& a, const Point& b) noexcept {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
Point operator*(double k, const Point& a) noexcept { return {k * a.x, k * a.y, k * a.z}; }

/// Cosine and sine of an angle, from the tangent of its half.
struct Turn {
  explicit Turn(double half_tangent) noexcept
      : cosine((1 - half_tangent * half_tangent) / (1 + half_tangent * half_tangent)),
        sine(2 * half_tangent / (1 + half_tangent * half_tangent)) {}
  double cosine;
  double sine;
};

/// From the figure's frame (x to its left, y down, z to its back) into the camera's.
struct Stance {
  Turn yaw;
  Point at;
  [[nodiscard]] Point turned(const Point& p) const noexcept {
    return {yaw.cosine * p.x + yaw.sine * p.z, p.y, yaw.cosine * p.z - yaw.sine * p.x};
  }
  [[nodiscard]] Point placed(const Point& p) const noexcept { return at + turned(p); }
};

/// The same swing in a person's rhythm.
class Rhythm {
 public:
  Rhythm(std::uint64_t seed, std::size_t index, std::uint64_t scene_us) noexcept
      : seed_(hash(seed, 77, index)), scene_us_(scene_us) {}
  [[nodiscard]] double swing(std::uint64_t period_us, std::uint64_t which) const noexcept {
    return room_swing(scene_us_, period_us, hash(seed_, which) % period_us);
  }

 private:
  std::uint64_t seed_;
  std::uint64_t scene_us_;
};

struct Leg {
  Point knee;   // from the hip
  Point ankle;  // from the hip
};

/// `lift`: 0 standing, 1 the knee as high as it goes in walking.
Leg leg(double side, double lift) noexcept {
  const Turn hip(0.22 * lift);
  const Turn bend(0.42 * lift);
  // Turns the shank back from the thigh.
  const double cosine = hip.cosine * bend.cosine + hip.sine * bend.sine;
  const double sine = hip.sine * bend.cosine - hip.cosine * bend.sine;
  Leg out;
  out.knee = {side * 0.02, kThigh * hip.cosine, -kThigh * hip.sine};
  out.ankle = out.knee + Point{side * 0.01, kShank * cosine, -kShank * sine};
  return out;
}

struct Arm {
  Point elbow;  // from the shoulder
  Point wrist;
  Point fingers;
};

/// Half tangents: how far the arm is off the side, to the front, and bent.
Arm arm(double side, double aside, double forward, double bend) noexcept {
  const Turn a(aside);
  const Turn f(forward);
  const Turn b(bend);
  const Point upper{side * a.sine, a.cosine * f.cosine, -a.cosine * f.sine};
  // The forearm bends up and a little to the front, square to the upper arm.
  Point hint{0, -0.8, -0.6};
  const double along = hint.x * upper.x + hint.y * upper.y + hint.z * upper.z;
  hint = hint + (-along) * upper;
  const double length = std::sqrt(hint.x * hint.x + hint.y * hint.y + hint.z * hint.z);
  hint = length > 1e-6 ? (1 / length) * hint : Point{0, 0, -1};
  const Point fore = b.cosine * upper + b.sine * hint;
  Arm out;
  out.elbow = kUpperArm * upper;
  out.wrist = out.elbow + kForearm * fore;
  out.fingers = out.wrist + 0.09 * fore;
  return out;
}

class Body {
 public:
  Body(Figure& figure, const Stance& stance) noexcept : figure_(figure), stance_(stance) {}

  void joint(JointId id, const Point& p) noexcept {
    figure_.joints[static_cast<std::size_t>(id)] = stance_.placed(p);
  }
  void capsule(FigureCloth cloth, const Point& from, const Point& to, double radius) {
    FigurePart part;
    part.cloth = cloth;
    part.from = stance_.placed(from);
    part.to = stance_.placed(to);
    part.half = {radius, radius, radius};
    figure_.all_parts.at(figure_.part_count++) = part;
  }
  void ellipsoid(FigureCloth cloth, const Point& centre, const Point& half) {
    FigurePart part;
    part.shape = FigureShape::Ellipsoid;
    part.cloth = cloth;
    part.from = part.to = stance_.placed(centre);
    part.half = half;
    part.cosine = stance_.yaw.cosine;
    part.sine = stance_.yaw.sine;
    figure_.all_parts.at(figure_.part_count++) = part;
  }

 private:
  Figure& figure_;
  const Stance& stance_;
};

void add_leg(Body& body, double side, const Leg& leg) {
  const bool left = side > 0;
  const Point hip{side * kHipHalfWidth, 0, 0};
  const auto knee = hip + leg.knee;
  const auto ankle = hip + leg.ankle;
  body.joint(left ? JointId::LeftHip : JointId::RightHip, hip);
  body.joint(left ? JointId::LeftKnee : JointId::RightKnee, knee);
  body.joint(left ? JointId::LeftAnkle : JointId::RightAnkle, ankle);
  const auto middle = hip + 0.5 * leg.knee;
  body.capsule(FigureCloth::Trousers, hip, middle, 0.082);
  body.capsule(FigureCloth::Trousers, middle, knee, 0.064);
  const auto calf = knee + 0.5 * (ankle + (-1) * knee);
  body.capsule(FigureCloth::Trousers, knee, calf, 0.058);
  body.capsule(FigureCloth::Trousers, calf, ankle, 0.048);
  body.capsule(FigureCloth::Shoe, ankle + Point{0, 0.03, 0.03},
               ankle + Point{side * 0.03, 0.04, -0.16}, 0.044);
}

void add_arm(Body& body, double side, const Point& shoulder, const Arm& arm) {
  const bool left = side > 0;
  const auto elbow = shoulder + arm.elbow;
  const auto wrist = shoulder + arm.wrist;
  body.joint(left ? JointId::LeftShoulder : JointId::RightShoulder, shoulder);
  body.joint(left ? JointId::LeftElbow : JointId::RightElbow, elbow);
  body.joint(left ? JointId::LeftWrist : JointId::RightWrist, wrist);
  body.capsule(FigureCloth::Shirt, shoulder, shoulder + 0.75 * arm.elbow, 0.056);
  body.capsule(FigureCloth::Skin, shoulder + 0.7 * arm.elbow, elbow, 0.042);
  body.capsule(FigureCloth::Skin, elbow, shoulder + 0.5 * (arm.elbow + arm.wrist), 0.04);
  body.capsule(FigureCloth::Skin, elbow, wrist, 0.031);
  body.capsule(FigureCloth::Skin, wrist, shoulder + arm.fingers, 0.04);
}

void add_torso_and_head(Body& body) {
  constexpr double kShoulders = -kTorso;
  body.ellipsoid(FigureCloth::Shirt, {0, kShoulders + 0.13, 0}, {0.185, 0.24, 0.115});
  body.ellipsoid(FigureCloth::Shirt, {0, kShoulders + 0.33, 0}, {0.155, 0.22, 0.105});
  body.ellipsoid(FigureCloth::Trousers, {0, -0.01, 0}, {0.172, 0.13, 0.115});
  body.capsule(FigureCloth::Shirt, {-0.155, kShoulders + 0.01, 0}, {0.155, kShoulders + 0.01, 0},
               0.058);
  const double head = kShoulders - kHeadAboveShoulders;
  body.capsule(FigureCloth::Skin, {0, kShoulders, 0}, {0, head + 0.08, -0.01}, 0.055);
  body.ellipsoid(FigureCloth::Head, {0, head, -0.02}, {0.082, 0.124, 0.1});
  body.ellipsoid(FigureCloth::Skin, {0, head + 0.015, -0.12}, {0.016, 0.028, 0.022});
  for (const double side : {1.0, -1.0}) {
    const bool left = side > 0;
    body.ellipsoid(FigureCloth::Skin, {side * 0.079, head + 0.005, 0}, {0.012, 0.032, 0.02});
    body.joint(left ? JointId::LeftEye : JointId::RightEye, {side * 0.031, head - 0.022, -0.107});
    body.joint(left ? JointId::LeftEar : JointId::RightEar, {side * 0.085, head + 0.005, 0});
  }
  body.joint(JointId::Nose, {0, head + 0.02, -0.142});
}

float facing(float nx, float ny, float nz) noexcept {
  const float lamp = (-2.0F * nx - 3.0F * ny - 6.0F * nz) / 7.0F;
  return lamp > 0.0F ? lamp : 0.0F;
}

Hit cast_capsule(const FigureTarget& t, float dx, float dy) noexcept {
  const float ray2 = dx * dx + dy * dy + 1.0F;
  const float axis2 = t.axis_x * t.axis_x + t.axis_y * t.axis_y + t.axis_z * t.axis_z;
  const float axis_ray = t.axis_x * dx + t.axis_y * dy + t.axis_z;
  const float axis_eye = -(t.axis_x * t.x + t.axis_y * t.y + t.axis_z * t.z);
  const float ray_eye = -(dx * t.x + dy * t.y + t.z);
  const float eye2 = t.x * t.x + t.y * t.y + t.z * t.z;
  const float radius2 = t.half_x * t.half_x;
  const float a = axis2 * ray2 - axis_ray * axis_ray;
  const float b = axis2 * ray_eye - axis_eye * axis_ray;
  const float c = axis2 * eye2 - axis_eye * axis_eye - radius2 * axis2;
  const float h = b * b - a * c;
  if (h < 0.0F || a <= 0.0F) return {};
  float z = (-b - std::sqrt(h)) / a;
  float along = (axis_eye + z * axis_ray) / axis2;
  if (along <= 0.0F || along >= 1.0F) {
    // Past an end there is half a sphere.
    along = along <= 0.0F ? 0.0F : 1.0F;
    const float ex = t.x + along * t.axis_x;
    const float ey = t.y + along * t.axis_y;
    const float ez = t.z + along * t.axis_z;
    const float toward = dx * ex + dy * ey + ez;
    const float rest = toward * toward - ray2 * (ex * ex + ey * ey + ez * ez - radius2);
    if (rest < 0.0F) return {};
    z = (toward - std::sqrt(rest)) / ray2;
  }
  if (z <= 0.0F) return {};
  Hit hit;
  hit.z = z;
  hit.normal_x = (dx * z - t.x - along * t.axis_x) / t.half_x;
  hit.normal_y = (dy * z - t.y - along * t.axis_y) / t.half_x;
  hit.normal_z = (z - t.z - along * t.axis_z) / t.half_x;
  hit.x = hit.normal_x;
  hit.y = along;
  return hit;
}

Hit cast_ellipsoid(const FigureTarget& t, float dx, float dy) noexcept {
  // In its own frame and in half axes it is the unit sphere.
  const float ray_x = (t.cosine * dx - t.sine) / t.half_x;
  const float ray_y = dy / t.half_y;
  const float ray_z = (t.sine * dx + t.cosine) / t.half_z;
  const float eye_x = -(t.cosine * t.x - t.sine * t.z) / t.half_x;
  const float eye_y = -t.y / t.half_y;
  const float eye_z = -(t.sine * t.x + t.cosine * t.z) / t.half_z;
  const float a = ray_x * ray_x + ray_y * ray_y + ray_z * ray_z;
  const float b = ray_x * eye_x + ray_y * eye_y + ray_z * eye_z;
  const float h = b * b - a * (eye_x * eye_x + eye_y * eye_y + eye_z * eye_z - 1.0F);
  if (h < 0.0F) return {};
  Hit hit;
  hit.z = (-b - std::sqrt(h)) / a;
  if (hit.z <= 0.0F) return {};
  hit.x = eye_x + ray_x * hit.z;
  hit.y = eye_y + ray_y * hit.z;
  hit.side_z = eye_z + ray_z * hit.z;
  const float nx = hit.x / t.half_x;
  const float ny = hit.y / t.half_y;
  const float nz = hit.side_z / t.half_z;
  const float length = std::sqrt(nx * nx + ny * ny + nz * nz);
  hit.normal_x = (t.cosine * nx + t.sine * nz) / length;
  hit.normal_y = ny / length;
  hit.normal_z = (t.cosine * nz - t.sine * nx) / length;
  return hit;
}

constexpr RoomColor kSkin = {222, 170, 138};
constexpr RoomColor kHair = {52, 34, 22};
constexpr RoomColor kEye = {30, 24, 24};
constexpr RoomColor kWhiteOfEye = {235, 232, 228};
constexpr RoomColor kLips = {170, 84, 78};
constexpr RoomColor kShoe = {226, 224, 218};
constexpr RoomColor kButton = {236, 236, 230};
constexpr std::array<RoomColor, 3> kShirts = {{{44, 78, 168}, {176, 40, 46}, {40, 128, 70}}};
constexpr std::array<RoomColor, 3> kTrousers = {{{46, 48, 60}, {70, 74, 92}, {96, 84, 66}}};

bool near_spot(const Hit& hit, float x, float y, float half_x, float half_y) noexcept {
  const float u = (hit.x - x) / half_x;
  const float v = (hit.y - y) / half_y;
  return u * u + v * v < 1.0F;
}

/// The face is where the head's own z is negative.
RoomColor head_color(const Hit& hit) noexcept {
  const float brow = -0.52F + 0.25F * hit.x * hit.x;
  if (hit.y < brow || (hit.side_z > -0.05F && hit.y < 0.45F)) return kHair;
  if (hit.side_z > 0.0F) return kSkin;
  for (const float side : {1.0F, -1.0F}) {
    if (near_spot(hit, side * 0.4F, -0.19F, 0.09F, 0.06F)) return kEye;
    if (near_spot(hit, side * 0.4F, -0.19F, 0.2F, 0.075F)) return kWhiteOfEye;
    if (near_spot(hit, side * 0.4F, -0.36F, 0.24F, 0.035F)) return kHair;
  }
  if (near_spot(hit, 0.0F, 0.5F, 0.3F, 0.06F)) return kLips;
  return kSkin;
}

/// An open collar and a row of buttons: without them a back looks like a front.
RoomColor chest_color(const Hit& hit, RoomColor shirt) noexcept {
  if (hit.side_z > 0.0F) return shirt;
  const float side = hit.x < 0.0F ? -hit.x : hit.x;
  const float collar = -0.3F - hit.y;  // above 0 over the collar's point
  if (collar > 0.0F && side < 0.6F * collar) return kSkin;
  if (collar > -0.12F && side < 0.6F * collar + 0.13F) return kButton;
  const float row = hit.y * 3.0F;
  const float in_row = row - std::floor(row) - 0.5F;
  if (side < 0.045F && in_row * in_row < 0.01F) return kButton;
  if (side < 0.09F)
    return {static_cast<std::uint8_t>(shirt.red / 2), static_cast<std::uint8_t>(shirt.green / 2),
            static_cast<std::uint8_t>(shirt.blue / 2)};
  return shirt;
}

RoomColor color_of(const FigureTarget& target, const Hit& hit) noexcept {
  const auto wearer = target.figure % kShirts.size();
  switch (target.cloth) {
    case FigureCloth::Head:
      return head_color(hit);
    case FigureCloth::Shirt:
      return target.shape == FigureShape::Ellipsoid ? chest_color(hit, kShirts[wearer])
                                                    : kShirts[wearer];
    case FigureCloth::Trousers:
      return kTrousers[wearer];
    case FigureCloth::Shoe:
      return kShoe;
    case FigureCloth::Skin:
      break;
  }
  return kSkin;
}

}  // namespace

Figure figure_at(std::uint64_t seed, std::size_t index, std::size_t count,
                 std::uint64_t scene_us) noexcept {
  const Rhythm rhythm(seed, index, scene_us);
  // Everybody has a lane of their own.
  const double lane =
      count > 1 ? -0.62 + 1.24 * static_cast<double>(index) / static_cast<double>(count - 1) : 0;
  const double reach = count > 1 ? 0.15 : 0.5;
  const double step = rhythm.swing(1'500'000, 1);
  const auto left = leg(1, std::max(0.0, step));
  const auto right = leg(-1, std::max(0.0, -step));
  const double lowest = std::max(left.ankle.y, right.ankle.y) + kAnkleHeight;
  const Stance stance{Turn(0.2 * rhythm.swing(8'300'000, 2)),
                      {lane + reach * rhythm.swing(9'100'000, 3), kRoomWalls.floor - lowest,
                       2.45 + 0.2 * rhythm.swing(11'700'000, 4)}};
  Figure figure;
  Body body(figure, stance);
  add_torso_and_head(body);
  add_leg(body, 1, left);
  add_leg(body, -1, right);
  for (const double side : {1.0, -1.0}) {
    const std::uint64_t own = side > 0 ? 10 : 20;
    const auto limb =
        arm(side, 0.42 + 0.32 * rhythm.swing(side > 0 ? 3'700'000 : 4'300'000, own + 1),
            0.08 + 0.12 * rhythm.swing(5'100'000, own + 2),
            0.4 + 0.34 * rhythm.swing(side > 0 ? 2'900'000 : 3'300'000, own + 3));
    add_arm(body, side, {side * kShoulderHalfWidth, -kTorso, 0}, limb);
  }
  return figure;
}

void room_truth(const RoomScene& scene, std::uint64_t scene_us, bool in_color, Skeleton& out) {
  const auto& camera = in_color ? scene.color_camera() : scene.depth_camera();
  const double camera_x = in_color ? RoomScene::kColorOffsetM : 0;
  out.space = SkeletonSpace::Depth;
  out.width = camera.width;
  out.height = camera.height;
  out.persons.resize(scene.figures());
  for (std::size_t i = 0; i < out.persons.size(); ++i) {
    auto& person = out.persons[i];
    person.id = static_cast<std::uint32_t>(i + 1);
    person.confidence = 1;
    const auto figure = figure_at(scene.seed(), i, scene.figures(), scene_us);
    for (std::size_t j = 0; j < kJointCount; ++j) {
      const auto& at = figure.joints[j];
      auto& joint = person.joints[j];
      joint.x_px = static_cast<float>((at.x - camera_x) / at.z * camera.fx + camera.cx);
      joint.y_px = static_cast<float>(at.y / at.z * camera.fy + camera.cy);
      joint.position = {static_cast<float>(at.x), static_cast<float>(at.y),
                        static_cast<float>(at.z)};
      joint.confidence = 1;
    }
  }
}

FigureTarget::FigureTarget(const FigurePart& part, std::uint8_t wearer, double camera_x,
                           const Intrinsics& camera) noexcept
    : shape(part.shape),
      cloth(part.cloth),
      figure(wearer),
      x(static_cast<float>(part.from.x - camera_x)),
      y(static_cast<float>(part.from.y)),
      z(static_cast<float>(part.from.z)),
      axis_x(static_cast<float>(part.to.x - part.from.x)),
      axis_y(static_cast<float>(part.to.y - part.from.y)),
      axis_z(static_cast<float>(part.to.z - part.from.z)),
      half_x(static_cast<float>(part.half.x)),
      half_y(static_cast<float>(part.half.y)),
      half_z(static_cast<float>(part.half.z)),
      cosine(static_cast<float>(part.cosine)),
      sine(static_cast<float>(part.sine)) {
  // A ball around all of it.
  RoomObject ball;
  ball.center = 0.5 * (part.from + part.to);
  const double half_axis =
      0.5 * std::sqrt(static_cast<double>(axis_x) * axis_x + static_cast<double>(axis_y) * axis_y +
                      static_cast<double>(axis_z) * axis_z);
  const double radius = half_axis + std::max({part.half.x, part.half.y, part.half.z});
  ball.half = {radius, radius, radius};
  bounds = bounds_of(Target(ball, camera_x), camera);
}

Hit cast_figure(const FigureTarget& target, float dx, float dy) noexcept {
  return target.shape == FigureShape::Capsule ? cast_capsule(target, dx, dy)
                                              : cast_ellipsoid(target, dx, dy);
}

RoomColor paint_figure(const FigureTarget& target, const Hit& hit, bool flat) noexcept {
  if (flat) return room_label_color(kFigure);
  const auto color = color_of(target, hit);
  float light = 0.42F + 0.58F * facing(hit.normal_x, hit.normal_y, hit.normal_z);
  // Folds run around sleeves and legs.
  if (target.cloth == FigureCloth::Shirt || target.cloth == FigureCloth::Trousers) {
    const float turns = hit.y * 3.0F + hit.x;
    const float part = turns - std::floor(turns);
    light *= 0.94F + 0.24F * part * (1.0F - part);
  }
  const auto shade = [light](std::uint8_t channel) {
    return static_cast<std::uint8_t>(static_cast<float>(channel) * light + 0.5F);
  };
  return {shade(color.red), shade(color.green), shade(color.blue)};
}

}  // namespace lenswire::source::synthetic
