// posenet.hpp - PoseNet with MobileNet V1, run by OpenCV.
#pragma once

#include <memory>
#include <string>

#include "filter/pose_estimator.hpp"

namespace lenswire::modules::pose {

/// Where the model lies: beside this module.
[[nodiscard]] std::string model_file();

/// Errors: NotFound (no such file); Unsupported (OpenCV does not take it).
Result<std::unique_ptr<filter::PoseEstimator>> make_posenet(const std::string& file);

Result<std::unique_ptr<filter::PoseModule>> make_module();

}  // namespace lenswire::modules::pose
