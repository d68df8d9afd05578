// What needs no camera; the rest is in tests/integration/openni2_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modules/openni2/openni2_source.hpp"

namespace lenswire::openni2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(OpenNi2Options, AreChecked) {
  const auto parse = [](const char* text) { return Options::parse(*base::SourceUri::parse(text)); };
  const auto refused = [&](const char* text) {
    const auto options = parse(text);
    EXPECT_FALSE(options) << text;
    return options ? std::string() : options.error().message;
  };
  const auto usual = parse("openni2:");
  ASSERT_TRUE(usual) << usual.error().message;
  EXPECT_TRUE(usual->uri.empty());
  EXPECT_TRUE(usual->streams.empty());
  EXPECT_FALSE(usual->mirror);

  const auto full = parse(
      "openni2:1d27/0601@1/5?streams=depth,infrared&size=320x240&fps=60&mirror=0&registration=1");
  ASSERT_TRUE(full) << full.error().message;
  EXPECT_EQ(full->uri, "1d27/0601@1/5");
  EXPECT_THAT(full->streams, ElementsAre("depth", "infrared"));
  EXPECT_EQ(full->size, (PictureSize{320, 240}));
  EXPECT_EQ(full->rate_hz, 60);
  EXPECT_EQ(full->mirror, false);
  EXPECT_EQ(full->registration, true);

  EXPECT_THAT(refused("openni2:?streams=rgb"), HasSubstr("infrared"));
  EXPECT_THAT(refused("openni2:?streams=depth,depth"), HasSubstr("once"));
  EXPECT_THAT(refused("openni2:?streams="), HasSubstr("expected"));
  EXPECT_THAT(refused("openni2:?mirror=maybe"), HasSubstr("mirror"));
  EXPECT_THAT(refused("openni2:?fps=0"), HasSubstr("fps=0"));
  EXPECT_THAT(refused("openni2:?speed=1"), HasSubstr("registration"));
}

}  // namespace
}  // namespace lenswire::openni2
