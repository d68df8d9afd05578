// camera_file.hpp - calibrations as OpenCV, ROS and lenswire write them into files.
#pragma once

#include <string>
#include <string_view>

#include <lenswire/result.hpp>
#include <lenswire/stream_calibration.hpp>

namespace lenswire::wire {

/// Reads a calibration, whichever it is: lenswire's JSON, the YAML of cv::FileStorage
/// (`camera_matrix`, `distortion_coefficients`, `image_width`, `image_height`, as OpenCV's
/// calibration sample writes them; also `cameraMatrix`, `distCoeffs`, `image_size`,
/// `fisheye_model`) or the YAML of ROS camera_info (`distortion_model` plumb_bob,
/// rational_polynomial, equidistant). Our own YAML adds `reference_from_stream_rotation`,
/// `reference_from_stream_translation_m` and `depth_unit_m`. Coefficients that are all 0 make a
/// lens without distortion.
///
/// Errors: InvalidArgument with what is wrong and the remedy; those of check_calibration(). Safe on
/// hostile input: at most 64 KiB. Threading: reentrant.
Result<StreamCalibration> parse_camera_file(std::string_view text);

/// As cv::FileStorage reads it.
/// Errors: InvalidArgument for a profile without intrinsics; Unsupported for a lens that OpenCV has
/// no model for (inverse_brown_conrady with coefficients).
Result<std::string> to_opencv_yaml(const StreamProfile& profile);

/// As ROS' camera_info_manager reads it; `name` becomes camera_name.
/// Errors: as to_opencv_yaml().
Result<std::string> to_ros_yaml(const StreamProfile& profile, std::string_view name);

}  // namespace lenswire::wire
