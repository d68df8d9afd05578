#include "wire/calibration/camera_file.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "wire/calibration/calibration_map.hpp"
#include "wire/calibration/yaml_values.hpp"

namespace lenswire::wire {
namespace {

StreamProfile depth_profile() {
  StreamProfile profile;
  profile.stream = "depth";
  profile.kind = StreamKind::Depth;
  profile.width = 640;
  profile.height = 480;
  profile.depth_unit_m = 0.00025;
  profile.intrinsics = Intrinsics{640,
                                  480,
                                  600.125,
                                  1.0 / 3 + 600,
                                  319.5,
                                  240,
                                  DistortionModel::BrownConrady,
                                  {0.1, -0.25, 0.001, -1e-17, 0.3}};
  profile.reference_from_stream = Extrinsics{{0, -1, 0, 1, 0, 0, 0, 0, 1}, {0.025, 0, -0.001}};
  return profile;
}

// As OpenCV 4.6 and its calibration sample write it.
constexpr const char* kOpenCv = R"(%YAML:1.0
---
calibration_time: "Sat Nov 21 12:00:00 2026"
image_width: 640
image_height: 480
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 6.0012500000000000e+02, 0., 3.1950000000000000e+02, 0.,
       601., 240., 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ 1.0e-01, -2.5e-01, 0., 0., 3.0e-01 ]
avg_reprojection_error: 2.1e-01
)";

constexpr const char* kRos = R"(image_width: 640
image_height: 480
camera_name: narrow_stereo
camera_matrix:
  rows: 3
  cols: 3
  data: [600.125, 0.000000, 319.5, 0.000000, 601, 240, 0, 0, 1]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [0.1, -0.25, 0, 0, 0.3]
)";

// As Python's yaml.dump() writes lists.
constexpr const char* kPython = R"(camera_matrix:
  cols: 3
  data:
  - 600.125
  - 0
  - 319.5
  - 0
  - 601.0   # fy
  - 240
  - 0
  - 0
  - 1
  rows: 3
distortion_coefficients: {cols: 5, data: [0.1, -0.25, 0, 0, 0.3], rows: 1}
distortion_model: 'plumb_bob'
image_height: 480
image_width: 640
)";

}  // namespace

TEST(CameraFile, ReadsWhatOthersWrite) {
  for (const auto* text : {kOpenCv, kRos, kPython}) {
    const auto read = parse_camera_file(text);
    ASSERT_TRUE(read) << read.error().message;
    const Intrinsics expected{
        640, 480, 600.125, 601, 319.5, 240, DistortionModel::BrownConrady, {0.1, -0.25, 0, 0, 0.3}};
    EXPECT_EQ(read->intrinsics, expected);
    EXPECT_FALSE(read->reference_from_stream);
    EXPECT_FALSE(read->depth_unit_m);
  }
}

TEST(CameraFile, WhatIsExportedComesBackExactly) {
  auto profile = depth_profile();
  for (const auto model :
       {DistortionModel::BrownConrady, DistortionModel::KannalaBrandt4, DistortionModel::None}) {
    auto& camera = *profile.intrinsics;
    camera.model = model;
    if (model == DistortionModel::KannalaBrandt4) camera.distortion = {0.1, 0.2, 0.3, 0.4};
    if (model == DistortionModel::None) camera.distortion = {};
    for (const auto& text : {to_opencv_yaml(profile), to_ros_yaml(profile, "cam")}) {
      ASSERT_TRUE(text);
      const auto read = parse_camera_file(*text);
      ASSERT_TRUE(read) << read.error().message << *text;
      EXPECT_EQ(*read, calibration_of(profile)) << *text;
    }
    const auto json = parse_camera_file(to_map(calibration_of(profile)).dump());
    ASSERT_TRUE(json);
    EXPECT_EQ(*json, calibration_of(profile));
  }
  auto rational = depth_profile();
  rational.intrinsics->distortion = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto text = to_ros_yaml(rational, "cam");
  EXPECT_NE(text->find("rational_polynomial"), std::string::npos);
  EXPECT_EQ(parse_camera_file(*text)->intrinsics, rational.intrinsics);
}

TEST(CameraFile, ALensThatOthersDoNotHaveIsRefused) {
  auto profile = depth_profile();
  profile.intrinsics->model = DistortionModel::InverseBrownConrady;
  EXPECT_EQ(to_opencv_yaml(profile).error().code, ErrorCode::Unsupported);
  EXPECT_NE(to_ros_yaml(profile, "x").error().message.find("--format json"), std::string::npos);
  profile.intrinsics->distortion = {};
  EXPECT_TRUE(to_opencv_yaml(profile));
  profile.intrinsics.reset();
  EXPECT_FALSE(to_opencv_yaml(profile));
}

TEST(CameraFile, SaysWhatIsWrongAndWhatToDo) {
  const std::string ros = kRos;
  const auto with = [&](const std::string& from, const std::string& to) {
    auto text = ros;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const auto& [text, named] : {
           std::pair{std::string(""), "camera_matrix"},
           {std::string("{}"), "says nothing"},
           {std::string("{\"intrinsics\": 5}"), "intrinsics"},
           {std::string("hello"), "line 1"},
           {with("image_width: 640\n", ""), "image_width"},
           {with("image_width: 640", "image_width: 640.5"), "640.5"},
           {with("600.125", "none"), "'none' is no number"},
           {with("600.125", "nan"), "no number"},
           {with("600.125", "-600"), "fx"},
           {with("600.125", "0.6"), "pixels"},
           {with("601, 240", "60, 240"), "do not belong to one camera"},
           {with("319.5", "31950"), "centre"},
           {with("[600.125, 0.000000,", "[600.125, 2,"), "camera_matrix must be"},
           {with(", 0, 0, 1]", ", 0, 0]"), "expected 9 numbers, found 8"},
           {with("plumb_bob", "wide"), "plumb_bob"},
           {with("0.3]", "0.3, 1, 1, 1, 1]"), "9 lens coefficients"},
           {with("0.1, -0.25", "1e9, -0.25"), "too large"},
           {with("camera_name", "image_width"), "comes twice"},
           {ros + "depth_unit_m: 1\n", "0.001 is a millimetre"},
           {ros + "reference_from_stream_rotation:\n  data: [1, 0, 0, 0, 1, 0, 0, 0, -1]\n" +
                "reference_from_stream_translation_m:\n  data: [0, 0, 0]\n",
            "rotation"},
           {ros + "reference_from_stream_translation_m:\n  data: [0, 0, 0]\n", "both"},
           {ros + "reference_from_stream_rotation:\n  data: [1, 0, 0, 0, 1, 0, 0, 0, 1]\n" +
                "reference_from_stream_translation_m:\n  data: [25, 500, 0]\n",
            "millimetres"},
       }) {
    const auto read = parse_camera_file(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::InvalidArgument);
    EXPECT_NE(read.error().message.find(named), std::string::npos) << read.error().message << "\n"
                                                                   << text;
  }
}

TEST(YamlValues, BrokenAndOversizedTextsAreRefused) {
  for (const std::string& text :
       {std::string("a: [1, 2"), std::string("a: {b: 1"), std::string("a: 'x"),
        std::string("\ta: 1"), std::string("a: &x 1"), std::string("a: |\n  x"), std::string("- 1"),
        std::string("a"), std::string(": 1"), std::string("a: [1 2"), std::string("a: [1] x"),
        std::string("a: {b}"), std::string(1 << 17, 'a'), std::string("a\0: 1", 5),
        "a: " + std::string(50, '['),
        [] {
          std::string deep;
          for (std::size_t i = 0; i < 20; ++i) deep += std::string(i, ' ') + "k:\n";
          return deep;
        }(),
        [] {
          std::string many = "a: [0";
          for (int i = 0; i < 5000; ++i) many += ",0";
          return many + "]";
        }(),
        [] {
          std::string many;
          for (int i = 0; i < 600; ++i) many += "k" + std::to_string(i) + ": 1\n";
          return many;
        }()})
    EXPECT_FALSE(parse_yaml_values(text)) << text.substr(0, 60);
}

TEST(YamlValues, ReadsQuotesCommentsAndNesting) {
  const auto values = parse_yaml_values(
      "# a file\n--- # begin\n\"a b\": 'c # d'\ne: # later\n  f: g # h\n  i:\n    j: [ 1,\n   2, # "
      "two\n 3 ]\nk: {l: \"m\", n: [4, [5, 6]]}\nempty: []\r\nlast: x\n...\nnot this\n");
  ASSERT_TRUE(values) << values.error().message;
  using List = std::vector<std::string>;
  EXPECT_EQ(values->at("a b"), List{"c # d"});
  EXPECT_EQ(values->at("e.f"), List{"g"});
  EXPECT_EQ(values->at("e.i.j"), (List{"1", "2", "3"}));
  EXPECT_EQ(values->at("k.l"), List{"m"});
  EXPECT_EQ(values->at("k.n"), (List{"4", "5", "6"}));
  EXPECT_EQ(values->at("empty"), List{});
  EXPECT_EQ(values->at("last"), List{"x"});
  EXPECT_EQ(values->size(), 7U);
}

}  // namespace lenswire::wire
