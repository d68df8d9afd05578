// joint_lift.hpp - from a joint's pixel in the colour picture to metres, by the depth picture.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <lenswire/calibration.hpp>
#include <lenswire/skeleton.hpp>

#include "frame/image.hpp"

namespace lenswire::filter {

/// A depth picture and where it was seen from, beside the colour picture's camera.
struct DepthScene {
  frame::ImageView depth;  ///< Z16
  double depth_unit_m = 0.001;
  Intrinsics depth_camera;
  Intrinsics color_camera;
  Extrinsics depth_from_color;  ///< from the colour camera's frame to the depth camera's
};

/// Finds the surface that the colour camera sees at a pixel: the nearest point of the depth picture
/// that projects there. It is sought along the line on which that pixel's ray lies in the depth
/// picture. Then the median of the patch around it, without what lies far behind, tells how far the
/// surface is.
///
/// Both lenses may bend: pixels stand for rays as filter/lens.hpp has them.
///
/// Threading: reentrant.
class JointLift {
 public:
  /// `scene` is borrowed for as long as this lives.
  /// Errors: Unsupported (not Z16); InvalidArgument (too little data, sizes that differ from the
  /// calibration's, a calibration of zeros).
  static Result<JointLift> make(const DepthScene& scene);

  /// The surface at a pixel of the colour picture, in the depth camera's frame; nothing where no
  /// depth was measured.
  [[nodiscard]] std::optional<JointPosition> surface(double x_px, double y_px) const noexcept;

  /// Gives every joint that is seen its position: the surface, and from there into the body, since
  /// joints lie under skin and clothes (by less than 1 cm for the eyes, by 8 cm for the hips). Who
  /// would then reach farther than anybody does has a joint on the wall behind: it gets none.
  void lift(Person& person) const noexcept;

 private:
  explicit JointLift(const DepthScene& scene) noexcept : scene_(&scene) {}

  struct DepthPixel {
    double x;
    double y;
  };
  [[nodiscard]] std::uint16_t raw_at(int x, int y) const noexcept;
  [[nodiscard]] std::optional<DepthPixel> find(double x_px, double y_px) const noexcept;
  [[nodiscard]] std::uint16_t patch_median(const DepthPixel& at, int radius) const noexcept;

  const DepthScene* scene_;
};

}  // namespace lenswire::filter
