// oni_device.hpp - OpenNI2's handles with owners, and its statuses as errors.
#pragma once

#include <OniCAPI.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/result.hpp>

namespace lenswire::openni2 {

/// What happened, with OpenNI's own words.
[[nodiscard]] Error error_of(OniStatus status, std::string_view doing);

/// Starts OpenNI once in the process; it is never shut down, because drivers crash there.
Result<void> initialize();

/// What OpenNI's drivers find. "Dummy" and recordings are not among them, and can be opened.
Result<std::vector<OniDeviceInfo>> list_devices();

struct CloseStream {
  void operator()(_OniStream* stream) const noexcept { ::oniStreamDestroy(stream); }
};
using StreamHandle = std::unique_ptr<_OniStream, CloseStream>;

/// An open device that knows when it was unplugged.
///
/// Threading: thread-safe, as OpenNI is.
class Device {
 public:
  /// The device at this URI, or the first one for an empty text.
  /// Errors: NotFound, naming those there are; Busy.
  static Result<std::unique_ptr<Device>> open(const std::string& uri);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  [[nodiscard]] OniDeviceHandle get() const noexcept { return handle_; }
  [[nodiscard]] const OniDeviceInfo& identity() const noexcept { return identity_; }
  [[nodiscard]] std::string serial() const;
  [[nodiscard]] bool unplugged() const noexcept { return unplugged_.load(); }

 private:
  Device() = default;
  OniDeviceHandle handle_ = nullptr;
  OniCallbackHandle callbacks_ = nullptr;
  OniDeviceInfo identity_{};
  std::atomic<bool> unplugged_{false};
};

/// A property of a device or a stream; nothing where it has none.
template <typename T>
std::optional<T> device_property(OniDeviceHandle device, int property) {
  T value{};
  int size = sizeof value;
  if (!::oniDeviceIsPropertySupported(device, property)) return std::nullopt;
  if (::oniDeviceGetProperty(device, property, &value, &size) != ONI_STATUS_OK) return std::nullopt;
  return value;
}
template <typename T>
std::optional<T> stream_property(OniStreamHandle stream, int property) {
  T value{};
  int size = sizeof value;
  if (!::oniStreamIsPropertySupported(stream, property)) return std::nullopt;
  if (::oniStreamGetProperty(stream, property, &value, &size) != ONI_STATUS_OK) return std::nullopt;
  return value;
}

}  // namespace lenswire::openni2
