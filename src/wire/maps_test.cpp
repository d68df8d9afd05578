#include "wire/maps.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "wire/depth_limit.hpp"

namespace lenswire::wire {
namespace {

StreamProfile full_profile() {
  StreamProfile profile;
  profile.stream = "depth";
  profile.kind = StreamKind::Depth;
  profile.format = PixelFormat::Z16;
  profile.width = 640;
  profile.height = 480;
  profile.rate_hz = 29.97;
  profile.depth_unit_m = 0.001;
  profile.intrinsics = Intrinsics{
      640, 480, 600.125, 600.25, 319.5, 239.5, DistortionModel::BrownConrady, {0.1, -0.2}};
  profile.reference_from_stream = Extrinsics{{1, 0, 0, 0, 0, -1, 0, 1, 0}, {0.015, 1e-17, 0}};
  return profile;
}

bool nesting_ok(std::vector<std::uint8_t> bytes) {
  return cbor_nesting_ok(std::as_bytes(std::span(bytes)), 32);
}

}  // namespace

TEST(Maps, ProfileSurvivesCborAndJsonBitForBit) {
  const auto profile = full_profile();
  const auto map = to_map(profile, 4);
  const auto from_cbor = profile_from_map(nlohmann::json::from_cbor(nlohmann::json::to_cbor(map)));
  ASSERT_TRUE(from_cbor) << from_cbor.error().message;
  EXPECT_EQ(from_cbor->profile, profile);
  EXPECT_EQ(from_cbor->version, 4U);
  const auto from_json = profile_from_map(nlohmann::json::parse(map.dump()));
  ASSERT_TRUE(from_json);
  EXPECT_EQ(from_json->profile, profile);
}

TEST(Maps, ProfileNamesTheKeyThatIsWrong) {
  auto map = to_map(full_profile(), 1);
  map["width"] = -3;
  auto result = profile_from_map(map);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("'width'"), std::string::npos);
  map = to_map(full_profile(), 1);
  map["intrinsics"]["distortion"] = {1, 2};
  result = profile_from_map(map);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("'distortion'"), std::string::npos);
  EXPECT_FALSE(profile_from_map(nlohmann::json(3)));
}

TEST(Maps, ControlsSurvive) {
  Control control;
  control.name = "power_line_frequency";
  control.label = "Power Line Frequency";
  control.type = ControlType::Menu;
  control.value = std::int64_t{1};
  control.default_value = std::int64_t{0};
  control.maximum = 2;
  control.step = 1;
  control.menu = {{0, "Disabled"}, {1, "50 Hz"}};
  control.inactive = true;
  const auto back = controls_from_map(to_map(std::vector<Control>{control}));
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 1U);
  EXPECT_EQ(back->front().menu.at(1).name, "50 Hz");
  EXPECT_EQ(back->front().value, control.value);
  EXPECT_TRUE(back->front().inactive);
}

TEST(Maps, SettingsKeepTheirTypesAndHaveALimit) {
  const auto settings =
      settings_from_map({{"gain", 1.5}, {"on", true}, {"exposure", 300}, {"mode", "x"}});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->size(), 4U);
  auto map = nlohmann::json::object();
  for (int i = 0; i < 64; ++i) map[std::to_string(i)] = i;
  EXPECT_TRUE(settings_from_map(map));
  map["one_more"] = 1;
  EXPECT_FALSE(settings_from_map(map));
  EXPECT_FALSE(settings_from_map({{"gain", {1, 2}}}));
  EXPECT_FALSE(settings_from_map({{"gain", 18446744073709551615U}}));
}

TEST(CborNesting, CountsLevels) {
  std::vector<std::uint8_t> deep(31, 0x81);
  deep.push_back(0x01);
  EXPECT_TRUE(nesting_ok(deep));
  deep.insert(deep.begin(), 0x81);
  EXPECT_FALSE(nesting_ok(deep));
  EXPECT_FALSE(nesting_ok(std::vector<std::uint8_t>(60000, 0x81)));
}

TEST(CborNesting, RefusesLiesAndIndefiniteLengths) {
  EXPECT_FALSE(nesting_ok({}));
  EXPECT_FALSE(nesting_ok({0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
  EXPECT_FALSE(nesting_ok({0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x41}));
  EXPECT_FALSE(nesting_ok({0x9f, 0x01, 0xff}));
  EXPECT_FALSE(nesting_ok({0x01, 0x02})) << "two items";
  EXPECT_FALSE(nesting_ok({0xa1, 0x01})) << "half a pair";
  EXPECT_TRUE(nesting_ok({0xa1, 0x61, 0x61, 0x01}));
}

TEST(Json, RefusesDepthAndNonObjects) {
  EXPECT_TRUE(parse_json_object(R"({"a": {"b": "]]]]"}})"));
  EXPECT_FALSE(parse_json_object("[1]"));
  EXPECT_FALSE(parse_json_object("{"));
  EXPECT_FALSE(parse_json_object(std::string(100000, '[')));
}

}  // namespace lenswire::wire
