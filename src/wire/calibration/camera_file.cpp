#include "wire/calibration/camera_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include <nlohmann/json.hpp>

#include "wire/calibration/calibration_map.hpp"
#include "wire/calibration/yaml_values.hpp"
#include "wire/depth_limit.hpp"

namespace lenswire::wire {
namespace {

auto wrong(const std::string& what) {
  return fail(ErrorCode::InvalidArgument, "calibration file: " + what);
}

// Finds values by any of their names; remembers the first that is wrong.
class Values {
 public:
  explicit Values(const YamlValues& values) : values_(values) {}

  [[nodiscard]] const std::vector<std::string>* find(
      std::initializer_list<std::string_view> names) const {
    for (const auto name : names)
      if (const auto found = values_.find(name); found != values_.end()) return &found->second;
    return nullptr;
  }
  std::string text(std::string_view name) const {
    const auto* found = find({name});
    return found && found->size() == 1 ? found->front() : std::string();
  }
  std::optional<std::vector<double>> numbers(std::initializer_list<std::string_view> names) {
    const auto* found = find(names);
    if (!found) return std::nullopt;
    std::vector<double> out;
    for (const auto& text : *found) {
      std::string_view digits = text;
      if (digits.starts_with('+')) digits.remove_prefix(1);
      double value = 0;
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (error != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value)) {
        complain(fmt::format("{}: '{}' is no number", *names.begin(), text.substr(0, 40)));
        return std::nullopt;
      }
      out.push_back(value);
    }
    return out;
  }
  template <std::size_t N>
  std::optional<std::array<double, N>> exactly(std::initializer_list<std::string_view> names) {
    const auto found = numbers(names);
    if (!found) return std::nullopt;
    std::array<double, N> out{};
    if (found->size() != N) {
      complain(fmt::format("{}: expected {} numbers, found {}", *names.begin(), N, found->size()));
      return std::nullopt;
    }
    std::copy(found->begin(), found->end(), out.begin());
    return out;
  }
  void complain(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  const YamlValues& values_;
  std::string error_;
};

void read_size(Values& values, Intrinsics& camera) {
  auto size = values.exactly<2>({"image_size", "imageSize", "image_size.data"});
  if (const auto width = values.exactly<1>({"image_width", "width"}))
    if (const auto height = values.exactly<1>({"image_height", "height"}))
      size = std::array{(*width)[0], (*height)[0]};
  if (!size)
    return values.complain(
        "image_width and image_height are missing; add the size of the pictures "
        "that the calibration was made from");
  for (const double side : *size)
    if (!(side >= 1 && side <= 65535 && side == std::floor(side)))
      return values.complain(fmt::format("{} is no width or height", side));
  camera.width = static_cast<std::uint32_t>((*size)[0]);
  camera.height = static_cast<std::uint32_t>((*size)[1]);
}

void read_lens(Values& values, Intrinsics& camera) {
  const auto model = values.text("distortion_model");
  const auto flag = values.numbers({"fisheye_model"});
  const bool fisheye = model == "equidistant" || model == "fisheye" ||
                       (flag && flag->size() == 1 && flag->front() != 0);
  constexpr std::array<std::string_view, 6> kKnown = {
      "", "plumb_bob", "none", "fisheye", "equidistant", "rational_polynomial"};
  if (std::find(kKnown.begin(), kKnown.end(), model) == kKnown.end())
    return values.complain(
        fmt::format("distortion_model '{}'; there is plumb_bob, "
                    "rational_polynomial and equidistant",
                    model.substr(0, 40)));
  const auto coefficients =
      values
          .numbers({"distortion_coefficients.data", "Distortion_Coefficients.data",
                    "distCoeffs.data", "D.data", "distortion_coefficients", "D"})
          .value_or(std::vector<double>());
  const auto last = std::find_if(coefficients.rbegin(), coefficients.rend(),
                                 [](double value) { return value != 0; });
  const auto used = static_cast<std::size_t>(coefficients.rend() - last);
  const std::size_t most = fisheye ? 4 : 8;
  if (used > most)
    return values.complain(fmt::format("{} lens coefficients; this model has {}", used, most));
  if (used == 0 && !fisheye) return;
  camera.model = fisheye ? DistortionModel::KannalaBrandt4 : DistortionModel::BrownConrady;
  std::copy_n(coefficients.begin(), used, camera.distortion.begin());
}

Result<StreamCalibration> from_values(const YamlValues& yaml) {
  Values values(yaml);
  StreamCalibration out;
  if (const auto matrix =
          values.exactly<9>({"camera_matrix.data", "Camera_Matrix.data", "cameraMatrix.data",
                             "K.data", "M.data", "camera_matrix", "K"})) {
    Intrinsics camera;
    const auto& m = *matrix;
    if (m[1] != 0 || m[3] != 0 || m[6] != 0 || m[7] != 0 || m[8] != 1)
      values.complain("camera_matrix must be fx 0 cx, 0 fy cy, 0 0 1");
    camera.fx = m[0];
    camera.cx = m[2];
    camera.fy = m[4];
    camera.cy = m[5];
    read_size(values, camera);
    read_lens(values, camera);
    out.intrinsics = camera;
  }
  const auto rotation = values.exactly<9>({"reference_from_stream_rotation.data"});
  const auto translation = values.exactly<3>({"reference_from_stream_translation_m.data"});
  if (rotation || translation) {
    if (!rotation || !translation)
      values.complain("reference_from_stream needs both its rotation and its translation_m");
    else
      out.reference_from_stream = Extrinsics{*rotation, *translation};
  }
  if (const auto unit = values.exactly<1>({"depth_unit_m"})) out.depth_unit_m = (*unit)[0];
  if (!values.error().empty()) return wrong(values.error());
  if (!out.intrinsics && !out.reference_from_stream && !out.depth_unit_m)
    return wrong(
        "no camera_matrix in it; give a file that OpenCV, ROS or `lenswire calibration "
        "export` wrote");
  if (auto ok = check_calibration(out); !ok) return fail(std::move(ok).error());
  return out;
}

struct Lens {
  std::string_view ros_model;
  std::size_t coefficients;
};

Result<Lens> lens_of(const StreamProfile& profile) {
  if (!profile.intrinsics)
    return wrong(fmt::format("stream '{}' has no calibration to export", profile.stream));
  const auto& camera = *profile.intrinsics;
  const auto& d = camera.distortion;
  const bool straight = std::all_of(d.begin(), d.end(), [](double value) { return value == 0; });
  switch (camera.model) {
    case DistortionModel::InverseBrownConrady:
      if (!straight)
        return fail(
            ErrorCode::Unsupported,
            fmt::format("stream '{}' has a lens model (inverse_brown_conrady) that OpenCV and "
                        "ROS do not have; use --format json",
                        profile.stream));
      [[fallthrough]];
    case DistortionModel::None:
      return Lens{"plumb_bob", 5};
    case DistortionModel::BrownConrady:
      if (d[5] != 0 || d[6] != 0 || d[7] != 0) return Lens{"rational_polynomial", 8};
      return Lens{"plumb_bob", 5};
    case DistortionModel::KannalaBrandt4:
      return Lens{"equidistant", 4};
  }
  return Lens{"plumb_bob", 5};
}

// Shortest texts that give the same doubles again, with a point so that every reader sees a real.
std::string real(double value) {
  auto text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string list(std::span<const double> numbers) {
  std::string out = "[ ";
  for (std::size_t i = 0; i < numbers.size(); ++i)
    out += (i > 0 ? (i % 4 == 0 ? ",\n       " : ", ") : "") + real(numbers[i]);
  return out + " ]";
}

enum class Dialect { OpenCv, Ros };

std::string matrix(Dialect dialect, std::string_view name, std::size_t rows, std::size_t columns,
                   std::span<const double> numbers) {
  if (dialect == Dialect::OpenCv)
    return fmt::format("{}: !!opencv-matrix\n   rows: {}\n   cols: {}\n   dt: d\n   data: {}\n",
                       name, rows, columns, list(numbers));
  return fmt::format("{}:\n  rows: {}\n  cols: {}\n  data: {}\n", name, rows, columns,
                     list(numbers));
}

std::string pose_and_unit(Dialect dialect, const StreamProfile& profile) {
  std::string out;
  if (const auto& pose = profile.reference_from_stream) {
    out += matrix(dialect, "reference_from_stream_rotation", 3, 3, pose->rotation);
    out += matrix(dialect, "reference_from_stream_translation_m", 3, 1, pose->translation_m);
  }
  if (profile.kind == StreamKind::Depth && profile.depth_unit_m > 0)
    out += fmt::format("depth_unit_m: {}\n", real(profile.depth_unit_m));
  return out;
}

std::string camera_and_lens(Dialect dialect, const Intrinsics& camera, std::size_t coefficients) {
  const std::array<double, 9> k{camera.fx, 0, camera.cx, 0, camera.fy, camera.cy, 0, 0, 1};
  return matrix(dialect, "camera_matrix", 3, 3, k) +
         matrix(dialect, "distortion_coefficients", 1, coefficients,
                std::span(camera.distortion).first(coefficients));
}

}  // namespace

Result<StreamCalibration> parse_camera_file(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    if (text.size() > kMaxCalibrationBytes) return wrong("more than 64 KiB");
    const auto map = parse_json_object(text);
    if (!map) return wrong(map.error().message);
    return calibration_from_map(*map);
  }
  const auto values = parse_yaml_values(text);
  if (!values) return wrong(values.error().message);
  return from_values(*values);
}

Result<std::string> to_opencv_yaml(const StreamProfile& profile) {
  const auto lens = lens_of(profile);
  if (!lens) return fail(lens.error());
  const auto& camera = *profile.intrinsics;
  return fmt::format("%YAML:1.0\n---\nimage_width: {}\nimage_height: {}\nfisheye_model: {}\n",
                     camera.width, camera.height, lens->ros_model == "equidistant" ? 1 : 0) +
         camera_and_lens(Dialect::OpenCv, camera, lens->coefficients) +
         pose_and_unit(Dialect::OpenCv, profile);
}

Result<std::string> to_ros_yaml(const StreamProfile& profile, std::string_view name) {
  const auto lens = lens_of(profile);
  if (!lens) return fail(lens.error());
  const auto& camera = *profile.intrinsics;
  const std::array<double, 9> straight{1, 0, 0, 0, 1, 0, 0, 0, 1};
  const std::array<double, 12> projection{camera.fx, 0, camera.cx, 0, 0, camera.fy,
                                          camera.cy, 0, 0,         0, 1, 0};
  return fmt::format("image_width: {}\nimage_height: {}\ncamera_name: {}\n", camera.width,
                     camera.height, name) +
         camera_and_lens(Dialect::Ros, camera, lens->coefficients) +
         fmt::format("distortion_model: {}\n", lens->ros_model) +
         matrix(Dialect::Ros, "rectification_matrix", 3, 3, straight) +
         matrix(Dialect::Ros, "projection_matrix", 3, 4, projection) +
         pose_and_unit(Dialect::Ros, profile);
}

}  // namespace lenswire::wire
