// room_scene.hpp - what is where in synthetic:room: the ground truth.
#pragma once

#include <array>
#include <cstdint>

#include <lenswire/calibration.hpp>

namespace lenswire::source::synthetic {

/// Metres in the depth camera's frame: x right, y down, z forward.
struct Point {
  double x = 0;
  double y = 0;
  double z = 0;
};

enum class RoomShape : std::uint8_t { Sphere, Box };

/// Something that moves. A box is turned about the vertical axis by an angle with this cosine and
/// sine.
struct RoomObject {
  RoomShape shape = RoomShape::Sphere;
  std::uint8_t label = 0;  ///< index into room_label_color()
  Point center;
  Point half;  ///< half extents of a box; of a sphere, half.x is the radius
  double cosine = 1;
  double sine = 0;
};

/// What can be told apart in the picture. The values index room_label_color().
enum RoomLabel : std::uint8_t {
  kFloor = 1,
  kCeiling,
  kLeftWall,
  kRightWall,
  kBackWall,
  kWindow,
  kTable,
  kPillar,
  kFirstObject,
  kFigure = kFirstObject + 5,
};

struct RoomColor {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  bool operator==(const RoomColor&) const = default;
};

/// The flat colour of a label under the pattern "labels".
[[nodiscard]] RoomColor room_label_color(std::uint8_t label) noexcept;

/// The geometry of the room for one picture size and seed. All arithmetic is + - * / on IEEE
/// doubles and integers, so it is the same on every machine.
///
/// Two cameras look at the scene, as in a stereo depth camera with a separate colour sensor: the
/// depth camera at the origin, and the colour camera beside it with a longer focal length. Their
/// axes are parallel.
///
/// Threading: reentrant.
class RoomScene {
 public:
  static constexpr std::size_t kObjects = 5;
  static constexpr double kBaselineM = 0.05;  ///< of the stereo pair behind the depth
  static constexpr int kCodesPerPixel = 32;   ///< disparity is measured in 1/32 px
  static constexpr double kColorOffsetM = 0.025;

  /// With `figures` people in it, nothing else moves: see figure.hpp.
  RoomScene(std::uint32_t width, std::uint32_t height, std::uint64_t seed, std::size_t figures = 0);

  [[nodiscard]] const Intrinsics& depth_camera() const noexcept { return depth_; }
  [[nodiscard]] const Intrinsics& color_camera() const noexcept { return color_; }
  /// From the colour camera's frame to the depth camera's.
  [[nodiscard]] Extrinsics depth_from_color() const noexcept;

  /// z [mm] = disparity_constant() / disparity [1/32 px].
  [[nodiscard]] std::uint32_t disparity_constant() const noexcept { return constant_; }

  /// Where everything that moves is at this moment of the scene's own time.
  [[nodiscard]] std::array<RoomObject, kObjects> objects_at(std::uint64_t scene_us) const noexcept;

  [[nodiscard]] std::size_t figures() const noexcept { return figures_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  Intrinsics depth_;
  Intrinsics color_;
  std::uint32_t constant_;
  std::uint64_t seed_;
  std::size_t figures_;
};

/// A smooth swing between -1 and 1, still at both ends.
[[nodiscard]] double room_swing(std::uint64_t scene_us, std::uint64_t period_us,
                                std::uint64_t shift) noexcept;

/// The scene's time of frame `number` while the controls have their defaults.
[[nodiscard]] std::uint64_t room_time_us(std::uint64_t number, double rate_hz) noexcept;

/// The things that stand still; z is the far wall's distance, and so on.
struct RoomWalls {
  double left = -2.4;
  double right = 2.4;
  double ceiling = -1.5;
  double floor = 1.1;
  double back = 4.5;
};
inline constexpr RoomWalls kRoomWalls;

/// A pane on the back wall that a stereo camera mostly fails on.
struct RoomWindow {
  double left = -0.9;
  double right = 0.3;
  double top = -0.9;
  double bottom = -0.1;
};
inline constexpr RoomWindow kRoomWindow;

[[nodiscard]] std::array<RoomObject, 2> room_furniture() noexcept;

}  // namespace lenswire::source::synthetic
