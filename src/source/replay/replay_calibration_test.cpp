#include "source/replay/replay_calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lenswire::source::replay {
namespace {

using testing::HasSubstr;

constexpr std::string_view kWhole = R"({
  "depth": {
    "unit_mm": 0.1,
    "intrinsics": {"width": 640, "height": 480, "fx": 385.5, "fy": 386.25, "cx": 320.1, "cy": 238.9,
                   "model": "inverse_brown_conrady", "distortion": [0.1, -0.2, 0.001, 0.002, 0.3]}
  },
  "color": {
    "intrinsics": {"width": 640, "height": 480, "fx": 615, "fy": 615, "cx": 320, "cy": 240},
    "reference_from_stream": {"rotation": [1, 0, 0, 0, 1, 0, 0, 0, 1], "translation_m": [0.015, 0, 0]}
  }
})";

std::string error_of(std::string_view text) {
  const auto parsed = parse_calibration(text);
  EXPECT_FALSE(parsed) << text;
  if (parsed) return {};
  EXPECT_EQ(parsed.error().code, ErrorCode::InvalidArgument);
  return parsed.error().message;
}

}  // namespace

TEST(ReplayCalibration, ReadsWhatTheManualDescribes) {
  const auto parsed = parse_calibration(kWhole);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->depth.unit_mm, 0.1);
  const Intrinsics depth{640,
                         480,
                         385.5,
                         386.25,
                         320.1,
                         238.9,
                         DistortionModel::InverseBrownConrady,
                         {0.1, -0.2, 0.001, 0.002, 0.3}};
  EXPECT_EQ(parsed->depth.intrinsics, depth);
  EXPECT_FALSE(parsed->depth.reference_from_stream);
  EXPECT_EQ(parsed->color.intrinsics->model, DistortionModel::None);
  EXPECT_EQ(parsed->color.reference_from_stream->translation_m[0], 0.015);
}

TEST(ReplayCalibration, EveryPartMayBeMissing) {
  EXPECT_TRUE(parse_calibration("{}"));
  EXPECT_TRUE(parse_calibration(R"({"depth": {}})"));
}

TEST(ReplayCalibration, NamesTheKeyThatIsWrong) {
  EXPECT_THAT(error_of("{"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(error_of(R"({"dephts": {}})"), HasSubstr("'dephts'"));
  EXPECT_THAT(error_of(R"({"depth": 3})"), HasSubstr("'depth': expected an object"));
  EXPECT_THAT(error_of(R"({"depth": {"unit_mm": 0}})"), HasSubstr("'depth.unit_mm'"));
  EXPECT_THAT(error_of(R"({"color": {"unit_mm": 1}})"), HasSubstr("'color.unit_mm'"));
  EXPECT_THAT(error_of(R"({"color": {"intrinsics": {"width": 640}}})"),
              HasSubstr("'color.intrinsics.height': expected a number"));
  EXPECT_THAT(error_of(R"({"depth": {"intrinsics": {"width": 1, "height": 1, "fx": 1, "fy": 1,
                   "cx": 0, "cy": 0, "model": "fisheye"}}})"),
              HasSubstr("'depth.intrinsics.model'"));
  EXPECT_THAT(error_of(R"({"depth": {"intrinsics": {"width": 1, "height": 1, "fx": 1, "fy": 1,
                   "cx": 0, "cy": 0, "distortion": [1,2,3,4,5,6,7,8,9]}}})"),
              HasSubstr("'depth.intrinsics.distortion'"));
  EXPECT_THAT(error_of(R"({"color": {"reference_from_stream": {"rotation": [1, 0],
                           "translation_m": [0, 0, 0]}}})"),
              HasSubstr("'color.reference_from_stream.rotation'"));
  EXPECT_THAT(error_of(R"({"color": {"reference_from_stream": {"rotation": [1,0,0,0,1,0,0,0,1],
                           "translation_m": [0, 1e9, 0]}}})"),
              HasSubstr("translation_m"));
}

TEST(ReplayCalibration, HoldsItsLimits) {
  std::string large(kMaxCalibrationBytes - 2, ' ');
  EXPECT_TRUE(parse_calibration("{}" + large));
  EXPECT_THAT(error_of("{} " + large), HasSubstr("more than 65536 bytes"));
  EXPECT_THAT(error_of(std::string(33, '[')), HasSubstr("deeper than 32"));
  EXPECT_THAT(error_of(std::string(32, '[') + std::string(32, ']')), HasSubstr("an object"));
  EXPECT_THAT(error_of(R"({"depth": {"unit_mm": 1e999}})"), HasSubstr(""));
}

}  // namespace lenswire::source::replay
