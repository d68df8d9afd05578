#include "modules/realsense/rs2_cameras.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace lenswire::realsense {
namespace {

std::string info(const Library& library, const rs2_device* device, Info what) {
  const auto known = library.call(&Api::supports_device_info, device, static_cast<int>(what));
  if (!known || *known == 0) return {};
  const auto text = library.call(&Api::get_device_info, device, static_cast<int>(what));
  return text && *text != nullptr ? std::string(*text) : std::string();
}

CameraIdentity identify(const Library& library, const rs2_device* device) {
  return {.name = info(library, device, Info::Name),
          .serial = info(library, device, Info::SerialNumber),
          .port = info(library, device, Info::PhysicalPort),
          .usb = info(library, device, Info::UsbType),
          .firmware = info(library, device, Info::FirmwareVersion)};
}

Error not_found(const Library& library, const std::string& serial,
                const std::vector<CameraIdentity>& present) {
  if (present.empty())
    return {ErrorCode::NotFound,
            fmt::format("librealsense {} sees no RealSense camera; plug one in (a USB 3 port), and "
                        "see that its udev rules are installed",
                        library.version_text())};
  std::string names;
  for (const auto& camera : present)
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", camera.serial, camera.name);
  return {ErrorCode::NotFound,
          fmt::format("no RealSense camera has the serial number {}; there is: {}", serial, names)};
}

}  // namespace

Cameras::~Cameras() {
  base::MutexLock lock(session_mutex_);
  context_.reset();
}

Cameras::Camera::~Camera() {
  if (owner_ != nullptr) {
    base::MutexLock lock(owner_->open_mutex_);
    std::erase(owner_->open_, this);
  }
  device_.reset();
  // Nobody is left to hear of a failure, and the session goes right after.
  if (context_) (void)library_->call(&Api::context_remove_device, context_.get(), file_.c_str());
}

Result<rs2_context*> Cameras::context() {
  if (!context_) {
    auto made = library_.make(&Api::create_context, &Api::delete_context, library_.version());
    if (!made) return fail(made.error());
    context_ = std::move(*made);
    const auto watching = library_.call(&Api::set_devices_changed_callback, context_.get(),
                                        &devices_changed, static_cast<void*>(this));
    if (!watching) {
      context_.reset();
      return fail(watching.error());
    }
  }
  return context_.get();
}

void Cameras::devices_changed(rs2_device_list* removed, rs2_device_list* added, void* self) {
  auto& cameras = *static_cast<Cameras*>(self);
  const auto gone = cameras.library_.own(removed, &Api::delete_device_list);
  const auto come = cameras.library_.own(added, &Api::delete_device_list);
  cameras.note_removed(gone.get());
  cameras.stale_ = true;
}

void Cameras::note_removed(const rs2_device_list* removed) {
  base::MutexLock lock(open_mutex_);
  for (auto* camera : open_) {
    const auto is_in = library_.call(&Api::device_list_contains, removed, camera->device());
    if (is_in && *is_in != 0) camera->unplugged_ = true;
  }
}

Result<std::vector<CameraIdentity>> Cameras::list() {
  base::MutexLock lock(session_mutex_);
  const auto session = context();
  if (!session) return fail(session.error());
  // What changes while we look is looked at again.
  if (!stale_.exchange(false)) return known_;
  const auto devices = library_.make(&Api::query_devices, &Api::delete_device_list, *session);
  if (!devices) {
    stale_ = true;
    return fail(devices.error());
  }
  known_.clear();
  const int count = library_.call(&Api::get_device_count, devices->get()).value_or(0);
  for (int i = 0; i < count; ++i) {
    // One that another program has, or that is being unplugged, must not hide the others.
    const auto device = library_.make(&Api::create_device, &Api::delete_device, devices->get(), i);
    if (device)
      known_.push_back(identify(library_, device->get()));
    else
      stale_ = true;
  }
  return known_;
}

Result<void> Cameras::find(const std::string& serial) {
  const auto present = list();
  if (!present) return fail(present.error());
  const bool there = serial.empty()
                         ? !present->empty()
                         : std::any_of(present->begin(), present->end(),
                                       [&](const auto& c) { return c.serial == serial; });
  if (!there) return fail(not_found(library_, serial, *present));
  return {};
}

Result<std::shared_ptr<Cameras::Camera>> Cameras::open(const std::string& serial) {
  base::MutexLock lock(session_mutex_);
  const auto session = context();
  if (!session) return fail(session.error());
  const auto devices = library_.make(&Api::query_devices, &Api::delete_device_list, *session);
  if (!devices) return fail(devices.error());
  const auto count = library_.call(&Api::get_device_count, devices->get());
  if (!count) return fail(count.error());
  std::vector<CameraIdentity> present;
  std::optional<Error> refused;
  for (int i = 0; i < *count; ++i) {
    auto device = library_.make(&Api::create_device, &Api::delete_device, devices->get(), i);
    if (!device) {
      refused = device.error();
      continue;
    }
    present.push_back(identify(library_, device->get()));
    if (!serial.empty() && present.back().serial != serial) continue;
    std::shared_ptr<Camera> camera(new Camera);
    camera->identity_ = present.back();
    camera->library_ = &library_;
    camera->device_ = std::move(*device);
    camera->owner_ = this;
    base::MutexLock open_lock(open_mutex_);
    open_.push_back(camera.get());
    return camera;
  }
  stale_ = true;
  if (refused) return fail(*refused);
  return fail(not_found(library_, serial, present));
}

Result<void> Cameras::check_recording(const std::string& file) {
  if (::access(file.c_str(), R_OK) == 0) return {};
  return fail(ErrorCode::NotFound, fmt::format("{}: no such recording, or not readable", file));
}

Result<std::shared_ptr<Cameras::Camera>> Cameras::open_recording(const Library& library,
                                                                 const std::string& file) {
  if (const auto there = check_recording(file); !there) return fail(there.error());
  auto context = library.make(&Api::create_context, &Api::delete_context, library.version());
  if (!context) return fail(context.error());
  auto device =
      library.make(&Api::context_add_device, &Api::delete_device, context->get(), file.c_str());
  if (!device) return fail(device.error());
  std::shared_ptr<Camera> camera(new Camera);
  camera->library_ = &library;
  camera->file_ = file;
  camera->context_ = std::move(*context);
  camera->device_ = std::move(*device);
  camera->identity_ = identify(library, camera->device());
  return camera;
}

}  // namespace lenswire::realsense
