#include "source/stream_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace lenswire::source {
namespace {

constexpr std::array<std::string_view, 3> kKnown = {"depth", "color", "accel"};

}  // namespace

TEST(StreamList, KeepsTheOrder) {
  EXPECT_THAT(unwrap(parse_stream_list("color", kKnown)), testing::ElementsAre("color"));
  EXPECT_THAT(unwrap(parse_stream_list("accel,depth", kKnown)),
              testing::ElementsAre("accel", "depth"));
}

TEST(StreamList, SaysWhatThereIs) {
  for (const char* text :
       {"", ",", "depth,", ",depth", "gyro", "depth,gyro", "depth,depth", "Depth", "depth color"}) {
    const auto refused = parse_stream_list(text, kKnown);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("depth, color, accel, each once"));
  }
}

}  // namespace lenswire::source
