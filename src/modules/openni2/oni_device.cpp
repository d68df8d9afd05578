#include "modules/openni2/oni_device.hpp"

#include <OniCProperties.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace lenswire::openni2 {
namespace {

Error not_found(const std::string& uri, const std::vector<OniDeviceInfo>& present) {
  if (present.empty())
    return {ErrorCode::NotFound,
            "OpenNI2 sees no camera; plug one in, see that its udev rules are installed and that "
            "its driver is in OpenNI2/Drivers"};
  std::string names;
  for (const auto& device : present)
    names += fmt::format("{}openni2:{} ({} {})", names.empty() ? "" : ", ", device.uri,
                         device.vendor, device.name);
  return {ErrorCode::NotFound,
          fmt::format("OpenNI2 sees no camera '{}'; there is: {}", uri, names)};
}

}  // namespace

Error error_of(OniStatus status, std::string_view doing) {
  std::string_view words = ::oniGetExtendedError();
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.remove_suffix(1);
  const auto code = status == ONI_STATUS_NO_DEVICE       ? ErrorCode::Disconnected
                    : status == ONI_STATUS_TIME_OUT      ? ErrorCode::Timeout
                    : status == ONI_STATUS_NOT_SUPPORTED ? ErrorCode::Unsupported
                                                         : ErrorCode::Busy;
  return {code,
          fmt::format("{} failed (OpenNI2 status {}): {}", doing, static_cast<int>(status), words)};
}

Result<void> initialize() {
  static const OniStatus status = [] {
    ::oniSetLogConsoleOutput(FALSE);
    ::oniSetLogFileOutput(FALSE);
    return ::oniInitialize(ONI_API_VERSION);
  }();
  if (status != ONI_STATUS_OK) return fail(error_of(status, "starting OpenNI2"));
  return {};
}

Result<std::vector<OniDeviceInfo>> list_devices() {
  OniDeviceInfo* devices = nullptr;
  int count = 0;
  if (const auto status = ::oniGetDeviceList(&devices, &count); status != ONI_STATUS_OK)
    return fail(error_of(status, "looking for cameras"));
  std::vector<OniDeviceInfo> out(devices, devices + count);
  ::oniReleaseDeviceList(devices);
  return out;
}

Result<std::unique_ptr<Device>> Device::open(const std::string& uri) {
  if (const auto ready = initialize(); !ready) return fail(ready.error());
  const auto present = list_devices();
  if (!present) return fail(present.error());
  const auto is_meant = [&](const OniDeviceInfo& device) { return uri == device.uri; };
  if (uri.empty() && present->empty()) return fail(not_found(uri, *present));
  const std::string place = uri.empty() ? present->front().uri : uri;

  std::unique_ptr<Device> device(new Device);
  if (const auto status = ::oniDeviceOpen(place.c_str(), &device->handle_);
      status != ONI_STATUS_OK) {
    device->handle_ = nullptr;
    if (!uri.empty() && std::none_of(present->begin(), present->end(), is_meant))
      return fail(not_found(uri, *present));
    const auto error = error_of(status, fmt::format("opening openni2:{}", place));
    return fail(error.code,
                error.message + "; does another program have it, or is a udev rule missing?");
  }
  if (::oniDeviceGetInfo(device->handle_, &device->identity_) != ONI_STATUS_OK)
    device->identity_ = {};
  OniDeviceCallbacks callbacks{};
  callbacks.deviceDisconnected = [](const OniDeviceInfo* gone, void* self) {
    auto& me = *static_cast<Device*>(self);
    if (std::strncmp(gone->uri, me.identity_.uri, ONI_MAX_STR) == 0) me.unplugged_ = true;
  };
  if (::oniRegisterDeviceCallbacks(&callbacks, device.get(), &device->callbacks_) != ONI_STATUS_OK)
    device->callbacks_ = nullptr;
  return device;
}

Device::~Device() {
  if (callbacks_ != nullptr) ::oniUnregisterDeviceCallbacks(callbacks_);
  if (handle_ != nullptr) ::oniDeviceClose(handle_);
}

std::string Device::serial() const {
  std::array<char, ONI_MAX_STR> text{};
  int size = static_cast<int>(text.size()) - 1;
  if (!::oniDeviceIsPropertySupported(handle_, ONI_DEVICE_PROPERTY_SERIAL_NUMBER) ||
      ::oniDeviceGetProperty(handle_, ONI_DEVICE_PROPERTY_SERIAL_NUMBER, text.data(), &size) !=
          ONI_STATUS_OK)
    return {};
  return text.data();
}

}  // namespace lenswire::openni2
