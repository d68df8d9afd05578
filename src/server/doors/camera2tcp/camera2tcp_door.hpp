// camera2tcp_door.hpp - webcam and Kinect v2 for clients of Camera2TCP.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.hpp"
#include "hub/wish.hpp"
#include "server/door.hpp"
#include "server/doors/camera2tcp/pictures.hpp"
#include "server/doors/camera2tcp/test_picture.hpp"

namespace lenswire::server::camera2tcp {

using wire::camera2tcp::Service;

/// See docs/doors.md.
struct DoorOptions {
  bool strict = false;           ///< status texts in the frame stream, as the original has them
  bool gzip = false;             ///< Kinect pictures as one gzip member
  bool skeleton_json = false;    ///< joints instead of a status word
  std::optional<Geometry> size;  ///< of RGBWebcam and SimpleImage
};

/// `camera2tcp[:PORT][=CAMERA][?strict=1&gzip=1&skeleton=json&size=WxH]`.
/// Errors: InvalidArgument for bad options.
Result<std::unique_ptr<Door>> make_door(DoorRequest request, const DoorContext& context);

/// What all sessions of the door share.
///
/// Threading: thread-safe.
class Camera2TcpDoor final : public Door {
 public:
  Camera2TcpDoor(const DoorOptions& options, const DoorContext& context);

  [[nodiscard]] net::SocketSettings socket_settings() const override;
  std::unique_ptr<Session> greet(Worker& worker, std::unique_ptr<net::Stream> stream,
                                 ConnectionTable::Admission admission) override;

  [[nodiscard]] const DoorOptions& options() const noexcept { return options_; }
  [[nodiscard]] Camera& camera() const noexcept { return camera_; }

  /// The name of the camera's stream behind a service.
  /// Errors: NotFound; Busy while the camera is being opened.
  [[nodiscard]] Result<std::string> stream_of(Service service) const;

  /// What a picture of this service is now. SimpleImage without an `image:` camera is always there.
  /// Errors: as stream_of().
  [[nodiscard]] Result<Geometry> geometry_of(Service service) const;

  /// What to wish for; `fixed` is the size that the client was promised, where the camera's own is
  /// another.
  [[nodiscard]] hub::Wish wish_for(Service service, const std::optional<Geometry>& fixed);

  /// Null where SimpleImage comes from the camera.
  [[nodiscard]] TestPicture* test_picture() noexcept { return test_picture_.get(); }

 private:
  [[nodiscard]] const ColorPacking& fitted(const Geometry& geometry, ColorPacking::Mark mark);

  const DoorOptions options_;
  Camera& camera_;
  const DepthPacking kinect_depth_;
  const ColorPacking kinect_color_;
  ColorPacking::Mark image_mark_ = ColorPacking::Mark::None;
  std::unique_ptr<TestPicture> test_picture_;

  base::Mutex mutex_;
  // Sizes that were ever promised: as many as the camera has had.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::unique_ptr<ColorPacking>> plain_
      LENSWIRE_GUARDED_BY(mutex_);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::unique_ptr<ColorPacking>> marked_
      LENSWIRE_GUARDED_BY(mutex_);
};

}  // namespace lenswire::server::camera2tcp
