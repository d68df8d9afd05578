// rs2_api.hpp - the part of librealsense's stable C interface that is used, declared by ourselves.
//
// Names and numbers are those of librealsense 2.50 to 2.5x; the interface only ever grew. Of each
// function the comment says what its result is and who owns that. The last argument of nearly all
// is a place for an error, which rs2_library.hpp reads and frees.
#pragma once

struct rs2_error;
struct rs2_context;
struct rs2_device_list;
struct rs2_device;
struct rs2_sensor_list;
struct rs2_sensor;
struct rs2_options;
struct rs2_options_list;
struct rs2_stream_profile_list;
struct rs2_stream_profile;
struct rs2_frame;
struct rs2_frame_queue;

namespace lenswire::realsense {

// Enumerations are int in the interface; of each only the members that matter here.

enum class Exception : int {
  Unknown = 0,
  CameraDisconnected = 1,
  Backend = 2,
  InvalidValue = 3,
  Io = 7
};

enum class Info : int {
  Name = 0,
  SerialNumber = 1,
  FirmwareVersion = 2,
  PhysicalPort = 4,
  UsbType = 9
};

enum class Stream : int { Any = 0, Depth = 1, Color = 2, Infrared = 3, Gyro = 5, Accel = 6 };

enum class Format : int {
  Any = 0,
  Z16 = 1,
  Yuyv = 4,
  Rgb8 = 5,
  Bgr8 = 6,
  Y8 = 9,
  Y16 = 10,
  MotionXyz32f = 16
};

enum class Distortion : int {
  None = 0,
  ModifiedBrownConrady = 1,
  InverseBrownConrady = 2,
  FTheta = 3,
  BrownConrady = 4,
  KannalaBrandt4 = 5,
};

/// Which clock rs2_get_frame_timestamp() counts on.
enum class ClockDomain : int {
  Hardware = 0,  ///< the camera's, from an unknown start
  System = 1,    ///< the host's wall clock, when the frame arrived
  Global = 2,    ///< the camera's, converted to the host's wall clock by the library
};

enum class Metadata : int {
  FrameTimestamp = 1,   ///< device clock when readout begins, in us
  SensorTimestamp = 2,  ///< device clock in the middle of the exposure, in us
  ActualExposure = 3,   ///< in us
  GainLevel = 4,
  LaserPower = 11,      ///< 0 to 360 mW
  LaserPowerMode = 12,  ///< 0 off, 1 on; older firmware
  EmitterMode = 29,     ///< 0 off, 1 laser, 2 automatic, 3 LED
};

enum class PlaybackStatus : int { Unknown = 0, Playing = 1, Paused = 2, Stopped = 3 };

using Option = int;  ///< a number of the library's own list; found by asking, never named here

struct Rs2Intrinsics {
  int width = 0;
  int height = 0;
  float ppx = 0;  ///< (0, 0) is the centre of the top left pixel
  float ppy = 0;
  float fx = 0;
  float fy = 0;
  int model = 0;            ///< Distortion
  float coefficients[5]{};  ///< k1 k2 p1 p2 k3; Kannala-Brandt: k1 to k4
};

struct Rs2Extrinsics {
  float rotation[9]{};     ///< column-major
  float translation[3]{};  ///< metres
};

/// Called on a thread of the library; both lists belong to the callee.
using DevicesChanged = void (*)(rs2_device_list* removed, rs2_device_list* added, void* user);

/// The functions, without their prefix `rs2_`.
struct Api {
  // Errors. All texts belong to the error.
  const char* (*get_error_message)(const rs2_error*);
  const char* (*get_failed_function)(const rs2_error*);
  int (*get_librealsense_exception_type)(const rs2_error*);  ///< Exception
  void (*free_error)(rs2_error*);

  /// 10000 x major + 100 x minor + patch of the library that is loaded.
  int (*get_api_version)(rs2_error**);
  /// A session, to be deleted. Refuses a version whose major and minor part are not its own.
  rs2_context* (*create_context)(int api_version, rs2_error**);
  void (*delete_context)(rs2_context*);
  /// One callback for plugging and unplugging; it may come until the context is deleted.
  void (*set_devices_changed_callback)(const rs2_context*, DevicesChanged, void* user, rs2_error**);
  /// A device that plays a recording; to be deleted, and to be taken out of the context again.
  rs2_device* (*context_add_device)(rs2_context*, const char* file, rs2_error**);
  void (*context_remove_device)(rs2_context*, const char* file, rs2_error**);

  /// What is plugged in at this moment; to be deleted.
  rs2_device_list* (*query_devices)(const rs2_context*, rs2_error**);
  int (*get_device_count)(const rs2_device_list*, rs2_error**);
  /// Opens the i-th; to be deleted. May talk to the camera for a while.
  rs2_device* (*create_device)(const rs2_device_list*, int index, rs2_error**);
  int (*device_list_contains)(const rs2_device_list*, const rs2_device*, rs2_error**);
  void (*delete_device_list)(rs2_device_list*);
  void (*delete_device)(rs2_device*);
  /// get_device_info() fails for what supports_device_info() denies; the text is the device's.
  int (*supports_device_info)(const rs2_device*, int info, rs2_error**);
  const char* (*get_device_info)(const rs2_device*, int info, rs2_error**);
  /// Stopped at the end of a recording.
  int (*playback_device_get_current_status)(const rs2_device*, rs2_error**);

  /// A camera's parts, each with its own streams and options; list and sensors to be deleted.
  rs2_sensor_list* (*query_sensors)(const rs2_device*, rs2_error**);
  int (*get_sensors_count)(const rs2_sensor_list*, rs2_error**);
  rs2_sensor* (*create_sensor)(const rs2_sensor_list*, int index, rs2_error**);
  void (*delete_sensor_list)(rs2_sensor_list*);
  void (*delete_sensor)(rs2_sensor*);
  /// Metres per raw step; fails for sensors without depth.
  float (*get_depth_scale)(rs2_sensor*, rs2_error**);

  /// What a sensor can stream; to be deleted. The profiles in it belong to it.
  rs2_stream_profile_list* (*get_stream_profiles)(rs2_sensor*, rs2_error**);
  int (*get_stream_profiles_count)(const rs2_stream_profile_list*, rs2_error**);
  const rs2_stream_profile* (*get_stream_profile)(const rs2_stream_profile_list*, int index,
                                                  rs2_error**);
  void (*delete_stream_profiles_list)(rs2_stream_profile_list*);
  void (*get_stream_profile_data)(const rs2_stream_profile*, int* stream, int* format, int* index,
                                  int* unique_id, int* framerate, rs2_error**);
  /// Fails for motion.
  void (*get_video_stream_resolution)(const rs2_stream_profile*, int* width, int* height,
                                      rs2_error**);
  void (*get_video_stream_intrinsics)(const rs2_stream_profile*, Rs2Intrinsics*, rs2_error**);
  /// Takes points of `from` to points of `to`.
  void (*get_extrinsics)(const rs2_stream_profile* from, const rs2_stream_profile* to,
                         Rs2Extrinsics*, rs2_error**);

  /// Takes the sensor for ourselves, with these profiles; close() gives it back.
  void (*open_multiple)(rs2_sensor*, const rs2_stream_profile** profiles, int count, rs2_error**);
  void (*close)(const rs2_sensor*, rs2_error**);
  /// From now on frames go into the queue, on threads of the library, until stop().
  void (*start_queue)(const rs2_sensor*, rs2_frame_queue*, rs2_error**);
  void (*stop)(const rs2_sensor*, rs2_error**);

  /// A bounded queue, which drops the oldest; to be deleted.
  rs2_frame_queue* (*create_frame_queue)(int capacity, rs2_error**);
  void (*delete_frame_queue)(rs2_frame_queue*);
  /// 1 and a frame to be released, or 0 after the time-out.
  int (*try_wait_for_frame)(rs2_frame_queue*, unsigned timeout_ms, rs2_frame**, rs2_error**);
  void (*release_frame)(rs2_frame*);

  /// What follows belongs to the frame.
  const rs2_stream_profile* (*get_frame_stream_profile)(const rs2_frame*, rs2_error**);
  const void* (*get_frame_data)(const rs2_frame*, rs2_error**);
  int (*get_frame_data_size)(const rs2_frame*, rs2_error**);
  int (*get_frame_width)(const rs2_frame*, rs2_error**);
  int (*get_frame_height)(const rs2_frame*, rs2_error**);
  int (*get_frame_stride_in_bytes)(const rs2_frame*, rs2_error**);
  unsigned long long (*get_frame_number)(const rs2_frame*, rs2_error**);
  double (*get_frame_timestamp)(const rs2_frame*, rs2_error**);      ///< ms on the clock that
  int (*get_frame_timestamp_domain)(const rs2_frame*, rs2_error**);  ///< this names (ClockDomain)
  /// get_frame_metadata() fails for what supports_frame_metadata() denies.
  int (*supports_frame_metadata)(const rs2_frame*, int metadata, rs2_error**);
  long long (*get_frame_metadata)(const rs2_frame*, int metadata, rs2_error**);

  /// A sensor is its own rs2_options. The list is to be deleted.
  rs2_options_list* (*get_options_list)(const rs2_options*, rs2_error**);
  int (*get_options_list_size)(const rs2_options_list*, rs2_error**);
  int (*get_option_from_list)(const rs2_options_list*, int index, rs2_error**);
  void (*delete_options_list)(rs2_options_list*);
  int (*supports_option)(const rs2_options*, int option, rs2_error**);
  int (*is_option_read_only)(const rs2_options*, int option, rs2_error**);
  float (*get_option)(const rs2_options*, int option, rs2_error**);
  void (*set_option)(const rs2_options*, int option, float value, rs2_error**);
  void (*get_option_range)(const rs2_options*, int option, float* low, float* high, float* step,
                           float* standard, rs2_error**);
  const char* (*get_option_name)(const rs2_options*, int option, rs2_error**);
  /// Null where a value has no name.
  const char* (*get_option_value_description)(const rs2_options*, int option, float value,
                                              rs2_error**);
};

}  // namespace lenswire::realsense
