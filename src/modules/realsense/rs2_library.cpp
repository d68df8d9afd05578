#include "modules/realsense/rs2_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <string_view>

namespace lenswire::realsense {
namespace {

constexpr int kOldestVersion = 25000;
constexpr int kNextMajor = 30000;
constexpr int kNewestMinor = 59;
constexpr int kOldestMinor = 50;

// Looks functions up; remembers the first that there is not.
class Binder {
 public:
  explicit Binder(void* handle) : handle_(handle) {}

  template <typename Function>
  void operator()(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(::dlsym(handle_, name));
    if (function == nullptr && missing_ == nullptr) missing_ = name;
  }
  [[nodiscard]] const char* missing() const noexcept { return missing_; }

 private:
  void* handle_;
  const char* missing_ = nullptr;
};

void bind_session(Binder& bind, Api& api) {
  bind(api.get_error_message, "rs2_get_error_message");
  bind(api.get_failed_function, "rs2_get_failed_function");
  bind(api.get_librealsense_exception_type, "rs2_get_librealsense_exception_type");
  bind(api.free_error, "rs2_free_error");
  bind(api.get_api_version, "rs2_get_api_version");
  bind(api.create_context, "rs2_create_context");
  bind(api.delete_context, "rs2_delete_context");
  bind(api.set_devices_changed_callback, "rs2_set_devices_changed_callback");
  bind(api.context_add_device, "rs2_context_add_device");
  bind(api.context_remove_device, "rs2_context_remove_device");
}

void bind_devices(Binder& bind, Api& api) {
  bind(api.query_devices, "rs2_query_devices");
  bind(api.get_device_count, "rs2_get_device_count");
  bind(api.create_device, "rs2_create_device");
  bind(api.device_list_contains, "rs2_device_list_contains");
  bind(api.delete_device_list, "rs2_delete_device_list");
  bind(api.delete_device, "rs2_delete_device");
  bind(api.supports_device_info, "rs2_supports_device_info");
  bind(api.get_device_info, "rs2_get_device_info");
  bind(api.playback_device_get_current_status, "rs2_playback_device_get_current_status");
  bind(api.query_sensors, "rs2_query_sensors");
  bind(api.get_sensors_count, "rs2_get_sensors_count");
  bind(api.create_sensor, "rs2_create_sensor");
  bind(api.delete_sensor_list, "rs2_delete_sensor_list");
  bind(api.delete_sensor, "rs2_delete_sensor");
  bind(api.get_depth_scale, "rs2_get_depth_scale");
}

void bind_streams(Binder& bind, Api& api) {
  bind(api.get_stream_profiles, "rs2_get_stream_profiles");
  bind(api.get_stream_profiles_count, "rs2_get_stream_profiles_count");
  bind(api.get_stream_profile, "rs2_get_stream_profile");
  bind(api.delete_stream_profiles_list, "rs2_delete_stream_profiles_list");
  bind(api.get_stream_profile_data, "rs2_get_stream_profile_data");
  bind(api.get_video_stream_resolution, "rs2_get_video_stream_resolution");
  bind(api.get_video_stream_intrinsics, "rs2_get_video_stream_intrinsics");
  bind(api.get_extrinsics, "rs2_get_extrinsics");
  bind(api.open_multiple, "rs2_open_multiple");
  bind(api.close, "rs2_close");
  bind(api.start_queue, "rs2_start_queue");
  bind(api.stop, "rs2_stop");
}

void bind_frames(Binder& bind, Api& api) {
  bind(api.create_frame_queue, "rs2_create_frame_queue");
  bind(api.delete_frame_queue, "rs2_delete_frame_queue");
  bind(api.try_wait_for_frame, "rs2_try_wait_for_frame");
  bind(api.release_frame, "rs2_release_frame");
  bind(api.get_frame_stream_profile, "rs2_get_frame_stream_profile");
  bind(api.get_frame_data, "rs2_get_frame_data");
  bind(api.get_frame_data_size, "rs2_get_frame_data_size");
  bind(api.get_frame_width, "rs2_get_frame_width");
  bind(api.get_frame_height, "rs2_get_frame_height");
  bind(api.get_frame_stride_in_bytes, "rs2_get_frame_stride_in_bytes");
  bind(api.get_frame_number, "rs2_get_frame_number");
  bind(api.get_frame_timestamp, "rs2_get_frame_timestamp");
  bind(api.get_frame_timestamp_domain, "rs2_get_frame_timestamp_domain");
  bind(api.supports_frame_metadata, "rs2_supports_frame_metadata");
  bind(api.get_frame_metadata, "rs2_get_frame_metadata");
}

void bind_options(Binder& bind, Api& api) {
  bind(api.get_options_list, "rs2_get_options_list");
  bind(api.get_options_list_size, "rs2_get_options_list_size");
  bind(api.get_option_from_list, "rs2_get_option_from_list");
  bind(api.delete_options_list, "rs2_delete_options_list");
  bind(api.supports_option, "rs2_supports_option");
  bind(api.is_option_read_only, "rs2_is_option_read_only");
  bind(api.get_option, "rs2_get_option");
  bind(api.set_option, "rs2_set_option");
  bind(api.get_option_range, "rs2_get_option_range");
  bind(api.get_option_name, "rs2_get_option_name");
  bind(api.get_option_value_description, "rs2_get_option_value_description");
}

ErrorCode code_of(Exception exception) noexcept {
  switch (exception) {
    case Exception::CameraDisconnected:
      return ErrorCode::Disconnected;
    case Exception::InvalidValue:
      return ErrorCode::InvalidArgument;
    case Exception::Unknown:
    case Exception::Backend:
    case Exception::Io:
      return ErrorCode::Busy;
  }
  return ErrorCode::Unsupported;
}

}  // namespace

std::vector<std::string> library_names() {
  std::vector<std::string> names;
  for (int minor = kNewestMinor; minor >= kOldestMinor; --minor)
    names.push_back(fmt::format("librealsense2.so.2.{}", minor));
  names.emplace_back("librealsense2.so.2");
  names.emplace_back("librealsense2.so");
  return names;
}

Result<Library> Library::load(const std::vector<std::string>& names) {
  void* handle = nullptr;
  for (const auto& name : names) {
    handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle != nullptr) break;
  }
  if (handle == nullptr)
    return fail(
        ErrorCode::NotFound,
        "librealsense2 (2.50 or newer) is not installed; install Intel's package, or build it "
        "(Debian has none). Without it the depth picture is at the camera's v4l2: node of format "
        "z16, which `lenswire ls --local` shows, without its calibration");
  Library library;
  Binder bind(handle);
  bind_session(bind, library.api_);
  bind_devices(bind, library.api_);
  bind_streams(bind, library.api_);
  bind_frames(bind, library.api_);
  bind_options(bind, library.api_);
  if (bind.missing() != nullptr)
    return fail(
        ErrorCode::Unsupported,
        fmt::format("librealsense2 has no function {}; install 2.50 or newer", bind.missing()));
  const auto version = library.call(&Api::get_api_version);
  if (!version) return fail(version.error());
  library.version_ = *version;
  if (*version < kOldestVersion || *version >= kNextMajor)
    return fail(ErrorCode::VersionMismatch,
                fmt::format("librealsense {} is installed, and 2.50 or a newer 2.x is needed",
                            library.version_text()));
  return library;
}

std::string Library::version_text() const {
  return fmt::format("{}.{}.{}", version_ / 10000, version_ / 100 % 100, version_ % 100);
}

Error Library::take(rs2_error* error) const {
  const auto owner = own(error, &Api::free_error);
  const auto text = [](const char* chars) { return std::string_view(chars ? chars : ""); };
  return {code_of(static_cast<Exception>(api_.get_librealsense_exception_type(error))),
          fmt::format("{} ({})", text(api_.get_error_message(error)),
                      text(api_.get_failed_function(error)))};
}

}  // namespace lenswire::realsense
