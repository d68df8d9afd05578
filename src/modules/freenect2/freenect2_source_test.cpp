// The source against a libfreenect2 of our own.
#include "modules/freenect2/freenect2_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/stop_token.hpp"
#include "source/collecting_sink_for_test.hpp"

namespace lenswire::freenect2 {
namespace {

using source::collect;
using source::CollectingSink;
using testing::HasSubstr;

Freenect2Source make(const std::string& uri) {
  auto options = Options::parse(*base::SourceUri::parse(uri));
  EXPECT_TRUE(options) << options.error().message;
  return {std::move(*options), base::system_clock()};
}

std::uint16_t value_at(const Frame& frame, std::size_t pixel) {
  std::uint16_t value = 0;
  std::memcpy(&value, frame.data.data() + pixel * 2, 2);
  return value;
}

TEST(Freenect2, TurnsFloatsIntoMillimetresPixelByPixel) {
  ::setenv("FAKE_FREENECT2", "first second", 1);
  auto source = make("freenect2:second?streams=depth,infrared");
  CollectingSink sink;
  // Until the damaged frame was told of and others came after it.
  sink.on_frame = [&] {
    if (!sink.troubles.empty() && sink.of("depth").size() > 3 && sink.of("infrared").size() > 3)
      sink.stop.request_stop();
  };
  const auto result = collect(source, SIZE_MAX, sink);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(sink.descriptions.at(0).serial, "second");
  const auto depth = sink.of("depth");
  ASSERT_FALSE(depth.empty());
  // The camera's own number is in every pixel, rounded to whole millimetres.
  const auto number_of = [](const Frame& frame) { return value_at(frame, 100) - 1; };
  for (const auto& frame : depth) {
    EXPECT_EQ(value_at(*frame, 0), kNoDepth) << "not a number";
    EXPECT_EQ(value_at(*frame, 1), kNoDepth) << "negative";
    EXPECT_EQ(value_at(*frame, 2), kNoDepth) << "infinite";
    EXPECT_EQ(value_at(*frame, 3), 65535);
    for (std::size_t i = 4; i < 512 * 424; ++i)
      ASSERT_EQ(value_at(*frame, i),
                std::lround(static_cast<float>(i) / 100 + static_cast<float>(number_of(*frame))))
          << i;
    EXPECT_EQ(frame->sequence - depth[0]->sequence,
              static_cast<std::uint64_t>(number_of(*frame) - number_of(*depth[0])))
        << "what was lost or damaged is a gap";
    EXPECT_EQ(frame->domain, TimestampDomain::Device);
  }
  const auto& profile = *depth[0]->profile;
  EXPECT_EQ(profile.depth_unit_m, 0.001);
  ASSERT_TRUE(profile.intrinsics);
  EXPECT_EQ(profile.intrinsics->fx, 365.5);
  EXPECT_EQ(profile.intrinsics->distortion,
            (std::array<double, 8>{0.0625, -0.25, 0.5, 0.75, 0.125}));
  EXPECT_EQ(sink.of("infrared").at(0)->profile->format, PixelFormat::Y16);
  EXPECT_THAT(sink.troubles.at(0).message, HasSubstr("status 1"));
}

TEST(Freenect2, GivesRedFirstWhateverTheLibraryGives) {
  ::setenv("FAKE_FREENECT2", "one", 1);
  auto source = make("freenect2:?streams=color");
  CollectingSink sink;
  ASSERT_TRUE(collect(source, 3, sink));
  for (const auto& frame : sink.frames) {
    ASSERT_EQ(frame->data.size(), 1920U * 1080 * 3);
    EXPECT_EQ(frame->data[3000], std::byte{30});
    EXPECT_EQ(frame->data[3001], std::byte{20});
    EXPECT_EQ(frame->data[3002], std::byte{10});
    EXPECT_EQ(frame->conditions.exposure, std::chrono::microseconds(16500));
  }
  EXPECT_EQ(sink.frames[0]->profile->intrinsics->cx, 959.5);
}

TEST(Freenect2, NamesWhatThereIs) {
  CollectingSink sink;
  ::setenv("FAKE_FREENECT2", "", 1);
  auto any = make("freenect2:");
  EXPECT_EQ(collect(any, 1, sink).error().code, ErrorCode::NotFound);
  ::setenv("FAKE_FREENECT2", "busy other", 1);
  EXPECT_EQ(collect(any, 1, sink).error().code, ErrorCode::Busy);
  auto wrong = make("freenect2:third");
  EXPECT_THAT(collect(wrong, 1, sink).error().message, HasSubstr("busy, other"));
  EXPECT_EQ(list_kinects().size(), 2U);
  EXPECT_THAT(Options::parse(*base::SourceUri::parse("freenect2:?streams=accel")).error().message,
              HasSubstr("infrared"));
  EXPECT_FALSE(Options::parse(*base::SourceUri::parse("freenect2:?mirror=1")));
}

}  // namespace
}  // namespace lenswire::freenect2
