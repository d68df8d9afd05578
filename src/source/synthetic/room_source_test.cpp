#include "source/synthetic/room_source.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "codec/codec.hpp"
#include "source/collecting_sink_for_test.hpp"

namespace lenswire::source::synthetic {
namespace {

RoomOptions small() {
  RoomOptions options;
  options.width = 96;
  options.height = 64;
  options.rate_hz = 1000;
  return options;
}

std::vector<std::uint16_t> depth_of(const Frame& frame) {
  std::vector<std::uint16_t> depth(frame.data.size() / 2);
  std::memcpy(depth.data(), frame.data.data(), frame.data.size());
  return depth;
}

std::vector<std::uint16_t> rendered(const RoomMoment& moment) {
  RoomRenderer renderer(96, 64, 1);
  std::vector<std::uint16_t> depth(96 * 64);
  renderer.render_depth(moment, depth);
  return depth;
}

const Control& named(const std::vector<Control>& controls, std::string_view name) {
  for (const auto& control : controls)
    if (control.name == name) return control;
  throw std::out_of_range(std::string(name));
}

}  // namespace

TEST(RoomSource, DescribesTwoCalibratedStreams) {
  RoomSource room(small(), base::system_clock());
  CollectingSink sink;
  ASSERT_TRUE(collect(room, 2, sink));
  ASSERT_EQ(sink.descriptions.size(), 1U);
  const auto& streams = sink.descriptions[0].streams;
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0]->stream, "depth");
  EXPECT_EQ(streams[0]->depth_unit_m, 0.001);
  EXPECT_EQ(streams[0]->intrinsics->fx, 96 * 3 / 5.0);
  EXPECT_EQ(streams[1]->stream, "color");
  EXPECT_EQ(streams[1]->depth_unit_m, 0);
  EXPECT_EQ(streams[1]->reference_from_stream->translation_m[0], 0.025);
  EXPECT_NE(calibration_version(*streams[0]), calibration_version(*streams[1]));
}

TEST(RoomSource, FrameNumberNIsPictureNumberN) {
  base::ManualClock clock;
  RoomSource room(small(), clock);
  CollectingSink sink;
  sink.on_frame = [&] {
    if (sink.frames.size() % 2 == 0) clock.advance(std::chrono::milliseconds(1));
  };
  const auto start = clock.now();
  ASSERT_TRUE(collect(room, 20, sink));
  const auto depth = sink.of("depth");
  const auto color = sink.of("color");
  ASSERT_EQ(depth.size(), 10U);
  ASSERT_EQ(color.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(depth[i]->sequence, i);
    EXPECT_EQ(color[i]->sequence, i);
    EXPECT_EQ(depth[i]->capture_time, start + std::chrono::milliseconds(i));
    EXPECT_EQ(depth[i]->capture_time, color[i]->capture_time);
    EXPECT_EQ(depth_of(*depth[i]), rendered({i, room_time_us(i, 1000), {}})) << i;
  }
  // The count goes on when the source is opened again.
  CollectingSink again;
  ASSERT_TRUE(collect(room, 1, again));
  EXPECT_EQ(again.frames[0]->sequence, 10U);
  EXPECT_EQ(depth_of(*again.frames[0]), rendered({10, room_time_us(10, 1000), {}}));
}

TEST(RoomSource, ALateFrameIsLeftOutAndTheSceneGoesOn) {
  base::ManualClock clock;
  RoomSource room(small(), clock);
  CollectingSink sink;
  sink.on_frame = [&] {
    if (sink.frames.size() == 2) clock.advance(std::chrono::milliseconds(5));
  };
  ASSERT_TRUE(collect(room, 4, sink));
  EXPECT_EQ(sink.frames[2]->sequence, 5U);
  EXPECT_EQ(depth_of(*sink.frames[2]), rendered({5, room_time_us(5, 1000), {}}));
}

TEST(RoomSource, ControlsActOnTheNextFrame) {
  base::ManualClock clock;
  RoomSource room(small(), clock);
  ASSERT_TRUE(room.set_controls({{"noise", 0.0}, {"holes", false}, {"speed", 2.0}}));
  CollectingSink sink;
  sink.on_frame = [&] {
    clock.advance(std::chrono::microseconds(500));
    if (sink.frames.size() == 4) {
      ASSERT_TRUE(room.set_controls({{"moving", false}}));
    }
    if (sink.frames.size() == 8) {
      ASSERT_TRUE(room.set_controls({{"pattern", std::string("labels")}}));
    }
  };
  ASSERT_TRUE(collect(room, 10, sink));
  const auto depth = sink.of("depth");
  const auto color = sink.of("color");
  const RoomLook clean{0, false, RoomPattern::Textured};
  EXPECT_EQ(depth_of(*depth[1]), rendered({1, 2000, clean})) << "twice as fast";
  EXPECT_EQ(depth_of(*depth[2]), depth_of(*depth[3])) << "nothing moves";
  EXPECT_EQ(color[2]->data, color[3]->data);
  EXPECT_NE(color[3]->data, color[4]->data) << "another pattern";
  EXPECT_EQ(depth_of(*depth[3]), depth_of(*depth[4]));
}

TEST(RoomSource, OthersHearOfAChange) {
  RoomSource room(small(), base::system_clock());
  CollectingSink sink;
  sink.on_frame = [&] {
    if (sink.frames.size() == 1) {
      ASSERT_TRUE(room.set_controls({{"moving", false}}));
    }
  };
  ASSERT_TRUE(collect(room, 4, sink));
  ASSERT_EQ(sink.changed.size(), 2U);
  EXPECT_EQ(named(sink.changed, "moving").value, ControlValue(false));
  EXPECT_TRUE(named(sink.changed, "speed").inactive) << "nothing that could be faster";
  const auto controls = room.controls();
  ASSERT_TRUE(controls);
  EXPECT_TRUE(named(*controls, "speed").inactive);
  EXPECT_GE(std::get<std::int64_t>(named(*controls, "frames_made").value), 2);
}

TEST(RoomSource, ReadOnlyAndUnknownControlsAreRefused) {
  RoomSource room(small(), base::system_clock());
  EXPECT_EQ(room.set_controls({{"frames_made", std::int64_t{0}}}).error().code,
            ErrorCode::PermissionDenied);
  EXPECT_EQ(room.set_controls({{"exposure", std::int64_t{0}}}).error().code, ErrorCode::NotFound);
  EXPECT_EQ(room.set_controls({{"noise", 5.0}}).error().code, ErrorCode::InvalidArgument);
}

TEST(RoomSource, MayHaveOneStreamOnly) {
  auto options = small();
  options.has_color = false;
  RoomSource depth_only(options, base::system_clock());
  CollectingSink sink;
  ASSERT_TRUE(collect(depth_only, 3, sink));
  EXPECT_EQ(sink.of("depth").size(), 3U);
  EXPECT_EQ(sink.descriptions[0].streams.size(), 1U);
}

TEST(RoomSource, MjpegIsTheSamePictureCompressed) {
  auto options = small();
  options.has_depth = false;
  options.color_format = PixelFormat::MJPEG;
  RoomSource room(options, base::system_clock());
  CollectingSink sink;
  ASSERT_TRUE(collect(room, 1, sink));
  EXPECT_EQ(sink.descriptions.at(0).streams.at(0)->format, PixelFormat::MJPEG);
  frame::Image decoded;
  decoded.format = PixelFormat::JPEG;
  decoded.width = 96;
  decoded.height = 64;
  ASSERT_TRUE(codec::find_codec(CodecId::Jpeg)
                  ->make_decoder()
                  ->decode(sink.frames.at(0)->bytes(), decoded));
  std::vector<std::byte> painted(96 * 64 * 3);
  RoomRenderer(96, 64, 1).render_color({0, 0, {}}, PixelFormat::RGB8, painted);
  double sum = 0;
  for (std::size_t i = 0; i < painted.size(); ++i)
    sum += std::abs(static_cast<int>(painted[i]) - static_cast<int>(decoded.data.at(i)));
  EXPECT_LT(sum / static_cast<double>(painted.size()), 12) << "grey levels, on average";
}

}  // namespace lenswire::source::synthetic
