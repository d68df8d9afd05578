#include "codec/json/skeleton_json.hpp"

#include <gtest/gtest.h>

#include <string>

#include <nlohmann/json.hpp>

#include "codec/codec.hpp"

namespace lenswire::codec {
namespace {

Skeleton one_person() {
  Skeleton skeleton;
  skeleton.space = SkeletonSpace::Depth;
  skeleton.width = 640;
  skeleton.height = 480;
  skeleton.persons.resize(1);
  auto& person = skeleton.persons[0];
  person.id = 4'000'000'000U;
  person.confidence = 0.8125F;
  for (std::size_t j = 0; j < kJointCount; ++j)
    person.joints[j] = {static_cast<float>(j) / 3, 0.1F, {}, 0.9F};
  person.joints[5].position = {0.1F, -0.25F, 2.0F / 3};
  return skeleton;
}

std::string text_of(const Skeleton& skeleton) {
  std::vector<std::byte> out;
  skeleton_to_json(skeleton, out);
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

Result<void> parsed(const std::string& text) {
  Skeleton out;
  return skeleton_from_json(std::as_bytes(std::span(text)), out);
}

}  // namespace

TEST(SkeletonJson, SaysWhatTheJointsAre) {
  const auto map = nlohmann::json::parse(text_of(one_person()));
  EXPECT_EQ(map["space"], "depth");
  EXPECT_EQ(map["width"], 640);
  const auto& person = map["persons"][0];
  EXPECT_EQ(person["id"], 4'000'000'000U);
  ASSERT_EQ(person["joints"].size(), 17U);
  EXPECT_EQ(person["joints"][5]["name"], "left_shoulder");
  EXPECT_FLOAT_EQ(person["joints"][5]["position_m"][1].get<float>(), -0.25F);
  EXPECT_TRUE(person["joints"][6]["position_m"].is_null());
  ASSERT_EQ(person["kinect25"].size(), 25U);
  EXPECT_EQ(person["kinect25"][4]["name"], "shoulder_left");
  EXPECT_EQ(person["kinect25"][4]["tracking"], "tracked");
  EXPECT_EQ(person["kinect25"][7]["tracking"], "not_tracked");
  EXPECT_TRUE(person["kinect25"][7]["position_m"].is_null());
}

TEST(SkeletonJson, ComesBackBitForBit) {
  const auto* entry = find_codec("json");
  ASSERT_NE(entry, nullptr);
  EXPECT_TRUE(entry->exact);
  std::vector<std::byte> bytes;
  encode_skeleton(one_person(), bytes);
  std::vector<std::byte> text;
  ASSERT_TRUE(entry->make_encoder({})->encode({PixelFormat::Skeleton, 640, 480, 0, bytes}, text));
  frame::Image back;
  back.format = PixelFormat::Skeleton;
  back.width = 640;
  back.height = 480;
  ASSERT_TRUE(entry->make_decoder()->decode(text, back));
  EXPECT_EQ(back.data, bytes);
  EXPECT_FALSE(entry->make_encoder({})->encode({PixelFormat::Skeleton, 640, 480, 0, text}, bytes));
  back.format = PixelFormat::RGB8;
  EXPECT_EQ(entry->make_decoder()->decode(text, back).error().code, ErrorCode::Unsupported);
}

TEST(SkeletonJson, RefusesWhatIsNone) {
  const auto good = text_of(one_person());
  ASSERT_TRUE(parsed(good));
  const auto with = [&good](const std::string& from, const std::string& to) {
    auto text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const auto& text :
       {std::string(), std::string("[]"), std::string("{"), good.substr(0, good.size() / 2),
        with("\"depth\"", "\"moon\""), with("\"depth\"", "3"), with("640", "-1"),
        with("640", "4294967296"), with("\"nose\"", "\"toes\""), with("0.9", "9"),
        with("0.9", "\"x\""), with("\"persons\":[", "\"persons\":[5,"),
        with("[0.1,-0.25,", "[0.1,"), with("4000000000", "1e9"), std::string(300'000, '[')})
    EXPECT_EQ(parsed(text).error().code, ErrorCode::InvalidArgument) << text.substr(0, 80);
}

}  // namespace lenswire::codec
