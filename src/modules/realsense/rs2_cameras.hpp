// rs2_cameras.hpp - which RealSense cameras are plugged in, and opening one.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "modules/realsense/rs2_library.hpp"

namespace lenswire::realsense {

/// What a camera says of itself.
struct CameraIdentity {
  std::string name;  ///< "Intel RealSense D435I"
  std::string serial;
  std::string port;  ///< where it is plugged in, as the library writes it
  std::string usb;   ///< "3.2"; empty where it is not known
  std::string firmware;
};

/// One session with the library, and the cameras in it.
///
/// Asking a camera for its serial number opens it, so the answers are kept until the library says
/// that something was plugged in or out.
///
/// Threading: thread-safe. Outlives the cameras it opened.
class Cameras {
 public:
  /// `library` outlives it.
  explicit Cameras(const Library& library) : library_(library) {}
  ~Cameras();
  Cameras(const Cameras&) = delete;
  Cameras& operator=(const Cameras&) = delete;

  /// An open camera or recording.
  class Camera {
   public:
    ~Camera();
    Camera(const Camera&) = delete;
    Camera& operator=(const Camera&) = delete;
    [[nodiscard]] const rs2_device* device() const noexcept { return device_.get(); }
    [[nodiscard]] const CameraIdentity& identity() const noexcept { return identity_; }
    [[nodiscard]] bool unplugged() const noexcept { return unplugged_.load(); }

   private:
    friend class Cameras;
    Camera() = default;
    Cameras* owner_ = nullptr;  // null for recordings
    CameraIdentity identity_;
    std::atomic<bool> unplugged_{false};
    Owned<rs2_context> context_;  // a recording's own session
    Owned<rs2_device> device_;
    const Library* library_ = nullptr;
    std::string file_;
  };

  /// Errors: those of the library.
  Result<std::vector<CameraIdentity>> list();

  /// The camera with this serial number, or the first one for an empty text.
  /// Errors: NotFound, naming those there are; those of the library.
  Result<std::shared_ptr<Camera>> open(const std::string& serial);

  /// Whether open() has a chance. Errors: as open().
  Result<void> find(const std::string& serial);

  /// A recording (.bag), in a session of its own.
  /// Errors: NotFound (no such file), those of the library.
  static Result<std::shared_ptr<Camera>> open_recording(const Library& library,
                                                        const std::string& file);
  /// Whether the file is there. Errors: NotFound.
  static Result<void> check_recording(const std::string& file);

 private:
  static void devices_changed(rs2_device_list* removed, rs2_device_list* added, void* self);
  void note_removed(const rs2_device_list* removed);
  Result<rs2_context*> context() LENSWIRE_REQUIRES(session_mutex_);

  const Library& library_;
  std::atomic<bool> stale_{true};

  base::Mutex session_mutex_;  // held while the library is asked; before the other
  Owned<rs2_context> context_ LENSWIRE_GUARDED_BY(session_mutex_);
  std::vector<CameraIdentity> known_ LENSWIRE_GUARDED_BY(session_mutex_);

  base::Mutex open_mutex_;
  std::vector<Camera*> open_ LENSWIRE_GUARDED_BY(open_mutex_);
};

}  // namespace lenswire::realsense
