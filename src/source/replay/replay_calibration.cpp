#include "source/replay/replay_calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>

namespace lenswire::source::replay {
namespace {

using nlohmann::json;

constexpr int kMaxNesting = 32;

bool nests_too_deep(std::string_view text) noexcept {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxNesting) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

/// Reads members of one object; remembers the first thing that is wrong.
class Reader {
 public:
  Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) wrong("", "an object");
  }

  /// Anything else in the object is a mistake.
  void only(std::initializer_list<std::string_view> known) {
    if (!object_.is_object()) return;
    for (const auto& member : object_.items())
      if (std::find(known.begin(), known.end(), member.key()) == known.end())
        wrong(member.key().substr(0, 40), "nothing: the key is unknown");
  }

  [[nodiscard]] const json* child(const char* key) const {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  double number(const char* key, double low, double high) {
    const auto* value = child(key);
    if (value && value->is_number()) {
      const auto number = value->get<double>();
      if (number >= low && number <= high) return number;
    }
    wrong(key, fmt::format("a number from {} to {}", low, high));
    return low;
  }

  template <std::size_t N>
  void numbers(const char* key, std::array<double, N>& out, std::size_t least, double limit) {
    const auto* list = child(key);
    bool good = list && list->is_array() && list->size() >= least && list->size() <= N;
    for (std::size_t i = 0; good && i < list->size(); ++i) {
      good = (*list)[i].is_number() && std::abs((*list)[i].get<double>()) <= limit;
      if (good) out[i] = (*list)[i].get<double>();
    }
    if (!good) wrong(key, fmt::format("a list of {} numbers within +-{}", N, limit));
  }

  void wrong(std::string_view key, std::string_view expected) {
    if (error_.empty())
      error_ = fmt::format("'{}{}{}': expected {}", where_,
                           where_.empty() || key.empty() ? "" : ".", key, expected);
  }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  const json& object_;
  std::string where_;
  std::string error_;
};

Result<Intrinsics> intrinsics_of(const json& object, const std::string& where) {
  Reader reader(object, where);
  reader.only({"width", "height", "fx", "fy", "cx", "cy", "model", "distortion"});
  Intrinsics camera;
  camera.width = static_cast<std::uint32_t>(reader.number("width", 1, 65535));
  camera.height = static_cast<std::uint32_t>(reader.number("height", 1, 65535));
  camera.fx = reader.number("fx", 1e-3, 1e6);
  camera.fy = reader.number("fy", 1e-3, 1e6);
  camera.cx = reader.number("cx", -1e6, 1e6);
  camera.cy = reader.number("cy", -1e6, 1e6);
  if (const auto* model = reader.child("model")) {
    constexpr std::array kModels = {DistortionModel::None, DistortionModel::BrownConrady,
                                    DistortionModel::InverseBrownConrady,
                                    DistortionModel::KannalaBrandt4};
    const auto* found = std::find_if(kModels.begin(), kModels.end(), [&](DistortionModel known) {
      return model->is_string() && model->get_ref<const std::string&>() == to_string(known);
    });
    if (found == kModels.end())
      reader.wrong("model", "none, brown_conrady, inverse_brown_conrady or kannala_brandt4");
    else
      camera.model = *found;
  }
  if (reader.child("distortion")) reader.numbers("distortion", camera.distortion, 0, 1e6);
  if (!reader.error().empty()) return fail(ErrorCode::InvalidArgument, reader.error());
  return camera;
}

Result<Extrinsics> extrinsics_of(const json& object, const std::string& where) {
  Reader reader(object, where);
  reader.only({"rotation", "translation_m"});
  Extrinsics pose;
  reader.numbers("rotation", pose.rotation, 9, 1.001);
  reader.numbers("translation_m", pose.translation_m, 3, 100);
  if (!reader.error().empty()) return fail(ErrorCode::InvalidArgument, reader.error());
  return pose;
}

Result<StreamCalibration> stream_of(const json& object, const std::string& where, bool is_depth) {
  Reader reader(object, where);
  StreamCalibration out;
  if (is_depth) {
    reader.only({"unit_mm", "intrinsics", "reference_from_stream"});
    if (reader.child("unit_mm")) out.unit_mm = reader.number("unit_mm", 1e-6, 1e3);
  } else {
    reader.only({"intrinsics", "reference_from_stream"});
  }
  if (!reader.error().empty()) return fail(ErrorCode::InvalidArgument, reader.error());
  if (const auto* camera = reader.child("intrinsics")) {
    auto parsed = intrinsics_of(*camera, where + ".intrinsics");
    if (!parsed) return fail(std::move(parsed.error()));
    out.intrinsics = *parsed;
  }
  if (const auto* pose = reader.child("reference_from_stream")) {
    auto parsed = extrinsics_of(*pose, where + ".reference_from_stream");
    if (!parsed) return fail(std::move(parsed.error()));
    out.reference_from_stream = *parsed;
  }
  return out;
}

}  // namespace

Result<Calibration> parse_calibration(std::string_view text) {
  if (text.size() > kMaxCalibrationBytes)
    return fail(ErrorCode::InvalidArgument,
                fmt::format("it has more than {} bytes", kMaxCalibrationBytes));
  if (nests_too_deep(text))
    return fail(ErrorCode::InvalidArgument,
                fmt::format("it nests deeper than {} levels", kMaxNesting));
  const auto document = json::parse(text, nullptr, false);
  if (document.is_discarded()) return fail(ErrorCode::InvalidArgument, "it is not valid JSON");
  Reader reader(document, "");
  reader.only({"depth", "color"});
  if (!reader.error().empty()) return fail(ErrorCode::InvalidArgument, reader.error());
  Calibration out;
  if (const auto* depth = reader.child("depth")) {
    auto parsed = stream_of(*depth, "depth", true);
    if (!parsed) return fail(std::move(parsed.error()));
    out.depth = *parsed;
  }
  if (const auto* color = reader.child("color")) {
    auto parsed = stream_of(*color, "color", false);
    if (!parsed) return fail(std::move(parsed.error()));
    out.color = *parsed;
  }
  return out;
}

}  // namespace lenswire::source::replay
