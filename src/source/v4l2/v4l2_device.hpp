// v4l2_device.hpp - the system calls of the V4L2 source, as an interface that tests can script.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/time.hpp>

#include "base/mutex.hpp"

namespace lenswire::source::v4l2 {

/// What poll() found; several may hold at once.
struct Readiness {
  bool stop = false;
  bool frame = false;  ///< a buffer can be dequeued, or dequeuing tells the error
  bool event = false;
  bool error = false;  ///< POLLERR or POLLHUP
};

/// One open device node; closed by the destructor.
///
/// Threading: ioctl() thread-safe, the rest for the thread that captures.
class Device {
 public:
  virtual ~Device() = default;

  /// 0 or an errno value; repeats the call on EINTR.
  [[nodiscard]] virtual int ioctl(unsigned long request, void* argument) noexcept = 0;
  /// Null when the mapping fails.
  [[nodiscard]] virtual std::byte* map(std::size_t length, std::uint32_t offset) noexcept = 0;
  virtual void unmap(std::byte* start, std::size_t length) noexcept = 0;
  /// Waits for a buffer, an event or a stop.
  [[nodiscard]] virtual Readiness poll(int stop_fd, Nanoseconds timeout) noexcept = 0;
};

struct OpenedDevice {
  std::unique_ptr<Device> device;  ///< null when it failed
  int error = 0;                   ///< errno
};

/// A file below /dev. The identity changes when the device was plugged in anew or its permissions
/// changed.
struct NodeFile {
  std::string path;
  std::string identity;
};

/// A camera that was open once, so that it is known again.
struct KnownCamera {
  NodeFile file;
  std::string card;
  std::string bus;
  std::string serial;  ///< empty where it has none
  int index = -1;      ///< which node of its device
};

/// What "/dev/video0" and the like stood for when it was first opened. Kept for the whole process:
/// a source that is made anew must not take another camera for it.
///
/// Threading: thread-safe.
class KnownCameras {
 public:
  [[nodiscard]] std::optional<KnownCamera> find(const std::string& place) const {
    const base::MutexLock lock(mutex_);
    const auto found = by_place_.find(place);
    return found == by_place_.end() ? std::nullopt : std::optional(found->second);
  }
  void remember(const std::string& place, KnownCamera camera) {
    const base::MutexLock lock(mutex_);
    by_place_.insert_or_assign(place, std::move(camera));
  }

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, KnownCamera> by_place_ LENSWIRE_GUARDED_BY(mutex_);
};

/// The machine the cameras are plugged into.
///
/// Threading: thread-safe.
class System {
 public:
  virtual ~System() = default;

  [[nodiscard]] KnownCameras& known() noexcept { return known_; }

  /// Opens a node for reading and writing, without blocking. ENOTTY for a file that is no video
  /// node: such a file is not opened at all, since opening a device may have effects.
  virtual OpenedDevice open(const std::string& path) = 0;
  virtual std::optional<NodeFile> node(const std::string& path) = 0;
  /// All /dev/videoN, by number.
  virtual std::vector<NodeFile> nodes() = 0;
  /// Who holds the node open, for messages: "ffmpeg (pid 4711)"; empty where that can't be seen.
  virtual std::string holder(const std::string& path) = 0;
  /// The serial number of the USB device behind the node; empty where it has none.
  virtual std::string serial(const std::string& path) = 0;
  /// Which of its device's nodes this is, counted from 0; -1 where the kernel does not tell.
  virtual int index(const std::string& path) = 0;
  /// The names that udev gave the node: "by-id/usb-046d_HD_Pro_Webcam_C920_1A2B3C4D-video-index0".
  virtual std::vector<std::string> links(const std::string& path) = 0;

 private:
  KnownCameras known_;
};

/// Where udev keeps the names of System::links().
inline constexpr std::string_view kLinkFolder = "/dev/v4l/";

/// The real one.
[[nodiscard]] System& kernel() noexcept;

/// A kernel structure with every byte 0, its unions included.
template <typename T>
[[nodiscard]] T zeroed() noexcept {
  T value;
  std::memset(&value, 0, sizeof value);
  return value;
}

/// The text in one of the kernel's fixed arrays, which need not end with NUL.
template <std::size_t N>
[[nodiscard]] std::string text_of(const std::uint8_t (&field)[N]) {
  const auto* start = reinterpret_cast<const char*>(field);
  return std::string(start, strnlen(start, N));
}
template <std::size_t N>
[[nodiscard]] std::string text_of(const char (&field)[N]) {
  return std::string(field, strnlen(field, N));
}

}  // namespace lenswire::source::v4l2
