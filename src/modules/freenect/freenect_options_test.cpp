// What needs no camera.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/freenect/freenect_source.hpp"

namespace lenswire::freenect {
namespace {

using testing::HasSubstr;

TEST(FreenectOptions, AreChecked) {
  const auto parse = [](const char* text) { return Options::parse(*base::SourceUri::parse(text)); };
  const auto refused = [&](const char* text) {
    const auto options = parse(text);
    EXPECT_FALSE(options) << text;
    return options ? std::string() : options.error().message;
  };
  const auto usual = parse("freenect:");
  ASSERT_TRUE(usual) << usual.error().message;
  EXPECT_TRUE(usual->depth && usual->color);
  EXPECT_FALSE(usual->infrared || usual->accel || usual->registration || usual->mirror);
  const auto full = parse("freenect:A001?streams=infrared,accel&mirror=1");
  ASSERT_TRUE(full) << full.error().message;
  EXPECT_EQ(full->serial, "A001");
  EXPECT_FALSE(full->depth || full->color);
  EXPECT_TRUE(full->infrared && full->accel && full->mirror);
  EXPECT_THAT(refused("freenect:?streams=color,infrared"), HasSubstr("not both"));
  EXPECT_THAT(refused("freenect:?streams=depth,depth"), HasSubstr("once"));
  EXPECT_THAT(refused("freenect:?streams=gyro"), HasSubstr("accel"));
  EXPECT_THAT(refused("freenect:?registration=2"), HasSubstr("registration"));
  EXPECT_THAT(refused("freenect:?size=1x1"), HasSubstr("mirror"));
}

TEST(FreenectValues, RawDepthBecomesMillimetres) {
  EXPECT_EQ(millimetres_of_raw(2047), kNoDepth);
  EXPECT_EQ(millimetres_of_raw(4000), kNoDepth);
  EXPECT_EQ(millimetres_of_raw(1084), kNoDepth) << "the curve's pole";
  EXPECT_EQ(millimetres_of_raw(0), 300);
  EXPECT_EQ(millimetres_of_raw(800), 1144);
  EXPECT_EQ(millimetres_of_raw(1000), 3848);
}

TEST(FreenectValues, TheCamerasCounterMayWrap) {
  EXPECT_EQ(ticks_since(100, 250), 150U);
  EXPECT_EQ(ticks_since(0xFFFFFFF0, 0x10), 0x20U);
}

}  // namespace
}  // namespace lenswire::freenect
