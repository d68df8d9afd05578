// rs2_session.hpp - an open camera with its parts and what they can stream.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <lenswire/source.hpp>

#include "modules/realsense/rs2_cameras.hpp"
#include "modules/realsense/rs2_controls.hpp"

namespace lenswire::realsense {

/// One of the streams that a URI can ask for.
struct StreamName {
  std::string_view name;  ///< "depth", "infrared1", "gyro", ...
  Stream stream = Stream::Any;
  int index = 0;
  StreamKind kind = StreamKind::Color;
};
[[nodiscard]] std::span<const StreamName> stream_names() noexcept;

/// What is wanted of one stream; empty parts leave the choice to us.
struct StreamWish {
  StreamName stream;
  std::optional<PictureSize> size;
  std::optional<int> rate_hz;
  std::optional<PixelFormat> format;
};

/// Something that a part can stream. The profile belongs to the session.
struct Offer {
  const rs2_stream_profile* profile = nullptr;
  std::size_t part = 0;
  Stream stream = Stream::Any;
  int index = 0;
  PixelFormat format = PixelFormat::Z16;
  PictureSize size;
  int rate_hz = 0;
};

/// Threading: thread-safe, as far as the library is.
class Session {
 public:
  /// `library` outlives it. Errors: those of the library.
  static Result<std::shared_ptr<Session>> open(const Library& library,
                                               std::shared_ptr<Cameras::Camera> camera);

  [[nodiscard]] const Cameras::Camera& camera() const noexcept { return *camera_; }
  [[nodiscard]] const std::vector<Offer>& offers() const noexcept { return offers_; }
  [[nodiscard]] std::size_t parts() const noexcept { return parts_.size(); }
  [[nodiscard]] rs2_sensor* sensor(std::size_t part) const noexcept {
    return parts_[part].sensor.get();
  }
  /// Whose options there are.
  [[nodiscard]] const std::vector<OptionOwner>& owners() const noexcept { return owners_; }

  /// The offer that fits best: exactly the size, rate and format that are wished, else near
  /// 640x480 at 30 Hz (motion: 200 Hz).
  /// Errors: Unsupported, naming what there is.
  [[nodiscard]] Result<Offer> choose(const StreamWish& wish) const;

  /// Format, size, rate, intrinsics, extrinsics and depth unit of what was chosen.
  /// Errors: those of the library.
  [[nodiscard]] Result<StreamProfile> describe(const Offer& offer, const StreamName& name,
                                               const Offer& reference) const;

 private:
  struct Part {
    Owned<rs2_sensor> sensor;
    Owned<rs2_stream_profile_list> profiles;
  };
  explicit Session(const Library& library) : library_(library) {}
  Result<void> add_part(Owned<rs2_sensor> sensor);
  [[nodiscard]] std::optional<Offer> read_offer(const rs2_stream_profile* profile) const;
  [[nodiscard]] std::string prefix_of(std::size_t part) const;

  const Library& library_;
  std::shared_ptr<Cameras::Camera> camera_;  // outlives the parts
  std::vector<Part> parts_;
  std::vector<Offer> offers_;
  std::vector<OptionOwner> owners_;
};

/// Ours from the library's; nothing for a lens that we have no model of.
[[nodiscard]] std::optional<Intrinsics> to_intrinsics(const Rs2Intrinsics& from);
[[nodiscard]] Extrinsics to_extrinsics(const Rs2Extrinsics& from);

}  // namespace lenswire::realsense
