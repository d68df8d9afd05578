#include "source/replay/replay_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/collecting_sink_for_test.hpp"
#include "source/replay/replay_folder.hpp"
#include "source/temporary_folder_for_test.hpp"

namespace lenswire::source {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A clock that one more frame of every stream moves on by a frame time, so that none is late.
struct StepClock {
  base::ManualClock clock;
  ReplayOptions options(const std::filesystem::path& folder) const {
    ReplayOptions made;
    made.folder = folder;
    made.rate_hz = 1000;
    return made;
  }
  void step(CollectingSink& sink, std::size_t streams) {
    sink.on_frame = [this, &sink, streams] {
      if (sink.frames.size() % streams == 0) clock.advance(std::chrono::milliseconds(1));
    };
  }
};

std::string numbered(std::string_view prefix, std::uint32_t number, std::string_view suffix) {
  const auto digits = std::to_string(number);
  return std::string(prefix) + std::string(3 - std::min<std::size_t>(3, digits.size()), '0') +
         digits + std::string(suffix);
}

void write_depth(const TemporaryFolder& folder, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i)
    folder.write(numbered("depth_", i, ".png"), test_picture(PixelFormat::Z16, 16, 12, i));
}

void write_jpegs(const TemporaryFolder& folder, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i)
    folder.write(numbered("color_", i, ".jpg"), test_jpeg(32, 24, i));
}

void expect_failure(const Result<void>& result, ErrorCode code, const std::filesystem::path& path,
                    std::string_view why) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_THAT(result.error().message, AllOf(HasSubstr(path.string()), HasSubstr(std::string(why))));
}

}  // namespace

TEST(ReplaySource, FrameKIsFileKBitByBitAndTheLoopGoesOnCounting) {
  const TemporaryFolder folder;
  write_depth(folder, 3);
  write_jpegs(folder, 3);
  for (const std::size_t cache : {std::size_t{0}, std::size_t{1} << 20}) {
    StepClock time;
    auto options = time.options(folder.path());
    options.max_cached_bytes = cache;
    ReplaySource replay(options, time.clock);
    CollectingSink sink;
    time.step(sink, 2);
    const auto start = time.clock.now();
    ASSERT_TRUE(collect(replay, 16, sink));
    const auto depth = sink.of("depth");
    const auto color = sink.of("color");
    ASSERT_EQ(depth.size(), 8U);
    ASSERT_EQ(color.size(), 8U);
    for (std::uint32_t i = 0; i < 8; ++i) {
      EXPECT_EQ(depth[i]->sequence, i);
      EXPECT_EQ(depth[i]->data, test_picture(PixelFormat::Z16, 16, 12, i % 3).data) << i;
      EXPECT_EQ(color[i]->sequence, i);
      EXPECT_EQ(color[i]->data, test_jpeg(32, 24, i % 3)) << i;
      EXPECT_EQ(depth[i]->capture_time, start + std::chrono::milliseconds(i));
      EXPECT_EQ(color[i]->capture_time, depth[i]->capture_time);
    }
    const auto& streams = sink.descriptions.at(0).streams;
    EXPECT_EQ(streams.at(0)->format, PixelFormat::Z16);
    EXPECT_EQ(streams.at(0)->depth_unit_m, 0.001);
    EXPECT_EQ(streams.at(1)->format, PixelFormat::JPEG);
    EXPECT_EQ(streams.at(1)->width, 32U);
    EXPECT_TRUE(sink.troubles.empty());
  }
}

TEST(ReplaySource, ALongFolderIsDecodedWhileItPlays) {
  const TemporaryFolder folder;
  write_depth(folder, 30);  // many more than are loaded ahead
  StepClock time;
  auto options = time.options(folder.path());
  options.max_cached_bytes = 0;
  ReplaySource replay(options, time.clock);
  CollectingSink sink;
  time.step(sink, 1);
  ASSERT_TRUE(collect(replay, 70, sink));
  for (std::uint32_t i = 0; i < 70; ++i)
    EXPECT_EQ(sink.frames[i]->data, test_picture(PixelFormat::Z16, 16, 12, i % 30).data) << i;
}

TEST(ReplaySource, ADamagedPictureIsATroubleAndAGap) {
  const TemporaryFolder folder;
  write_depth(folder, 4);
  write_jpegs(folder, 4);
  const auto damaged = folder.write("depth_002.png", "\x89PNG\r\n\x1a\nand then nonsense");
  StepClock time;
  ReplaySource replay(time.options(folder.path()), time.clock);
  CollectingSink sink;
  sink.on_frame = [&] {
    if (sink.frames.back()->profile->stream == "color")
      time.clock.advance(std::chrono::milliseconds(1));
  };
  ASSERT_TRUE(collect(replay, 7, sink));
  std::vector<std::uint64_t> depth_numbers;
  for (const auto& frame : sink.of("depth")) depth_numbers.push_back(frame->sequence);
  EXPECT_EQ(depth_numbers, (std::vector<std::uint64_t>{0, 1, 3}));
  EXPECT_EQ(sink.of("color").size(), 4U);
  ASSERT_EQ(sink.troubles.size(), 1U);
  EXPECT_THAT(sink.troubles[0].message, HasSubstr(damaged.string()));
}

TEST(ReplaySource, APictureOfAnotherSizeOrFormatIsATrouble) {
  const TemporaryFolder folder;
  write_depth(folder, 3);
  folder.write("depth_001.png", test_picture(PixelFormat::Z16, 12, 16));
  folder.write("depth_002.png", test_picture(PixelFormat::Y8, 16, 12));
  StepClock time;
  ReplaySource replay(time.options(folder.path()), time.clock);
  CollectingSink sink;
  time.step(sink, 1);
  sink.on_trouble = [&] { time.clock.advance(std::chrono::milliseconds(1)); };
  sink.wanted = 100;
  sink.troubles_wanted = 2;
  ASSERT_TRUE(replay.run(sink, sink.stop.token()));
  EXPECT_THAT(sink.troubles[0].message,
              HasSubstr("depth_001.png is 12x16 z16, but the stream is 16x12 z16"));
  EXPECT_THAT(sink.troubles[1].message, HasSubstr("depth_002.png is 16x12 y8"));
}

TEST(ReplaySource, WithoutLoopItEndsAndBeginsAtItsStart) {
  const TemporaryFolder folder;
  write_depth(folder, 3);
  StepClock time;
  auto options = time.options(folder.path());
  options.loop = false;
  ReplaySource replay(options, time.clock);
  for (std::uint64_t play = 0; play < 2; ++play) {
    CollectingSink sink;
    time.step(sink, 1);
    const auto end = collect(replay, 100, sink);
    expect_failure(end, ErrorCode::Closed, folder.path(), "has played to its end");
    ASSERT_EQ(sink.frames.size(), 3U);
    for (std::uint32_t i = 0; i < 3; ++i) {
      EXPECT_EQ(sink.frames[i]->sequence, play * 3 + i);
      EXPECT_EQ(sink.frames[i]->data, test_picture(PixelFormat::Z16, 16, 12, i).data);
    }
  }
  CollectingSink half;
  time.step(half, 1);
  ASSERT_TRUE(collect(replay, 2, half));
  CollectingSink again;
  ASSERT_TRUE(collect(replay, 1, again));
  EXPECT_EQ(again.frames[0]->sequence, 9U) << "sequence modulo 3 stays the picture's number";
  EXPECT_EQ(again.frames[0]->data, test_picture(PixelFormat::Z16, 16, 12, 0).data);
}

TEST(ReplaySource, ColorMayBePngAndMayBeAlone) {
  const TemporaryFolder folder;
  folder.write("color_7.png", test_picture(PixelFormat::RGB8, 10, 10, 7));
  folder.write("color_12.png", test_picture(PixelFormat::RGB8, 10, 10, 12));
  StepClock time;
  ReplaySource replay(time.options(folder.path()), time.clock);
  CollectingSink sink;
  time.step(sink, 1);
  ASSERT_TRUE(collect(replay, 2, sink));
  EXPECT_EQ(sink.descriptions[0].streams.size(), 1U);
  EXPECT_EQ(sink.frames[0]->data, test_picture(PixelFormat::RGB8, 10, 10, 7).data);
  EXPECT_EQ(sink.frames[1]->data, test_picture(PixelFormat::RGB8, 10, 10, 12).data);
  EXPECT_EQ(sink.frames[1]->stride_bytes, 30U);
}

TEST(ReplaySource, TakesItsCalibrationFromTheFolder) {
  const TemporaryFolder folder;
  write_depth(folder, 1);
  folder.write("calibration.json",
               R"({"depth": {"unit_mm": 0.5, "intrinsics": {"width": 16, "height": 12, "fx": 10,
                   "fy": 10, "cx": 7.5, "cy": 5.5}}})");
  StepClock time;
  ReplaySource replay(time.options(folder.path()), time.clock);
  CollectingSink sink;
  ASSERT_TRUE(collect(replay, 1, sink));
  EXPECT_EQ(sink.frames[0]->profile->intrinsics->cx, 7.5);
  EXPECT_EQ(sink.frames[0]->profile->depth_unit_m, 0.0005);

  auto options = time.options(folder.path());
  options.unit_mm = 0.1;
  ReplaySource overridden(options, time.clock);
  CollectingSink other;
  ASSERT_TRUE(collect(overridden, 1, other));
  EXPECT_EQ(other.frames[0]->profile->depth_unit_m, 0.0001);
}

TEST(ReplaySource, RefusesACalibrationThatDoesNotFit) {
  const TemporaryFolder folder;
  write_depth(folder, 1);
  StepClock time;
  ReplaySource replay(time.options(folder.path()), time.clock);
  folder.write("calibration.json", R"({"depth": {"intrinsics": {"width": 640, "height": 480,
                                       "fx": 1, "fy": 1, "cx": 0, "cy": 0}}})");
  CollectingSink sink;
  expect_failure(collect(replay, 1, sink), ErrorCode::InvalidArgument, folder / "calibration.json",
                 "for 640x480, but its pictures are 16x12");
  folder.write("calibration.json", "{]");
  expect_failure(collect(replay, 1, sink), ErrorCode::InvalidArgument, folder / "calibration.json",
                 "not valid JSON");
  folder.write("calibration.json", std::string(100'000, ' '));
  expect_failure(collect(replay, 1, sink), ErrorCode::InvalidArgument, folder / "calibration.json",
                 "more than");
  EXPECT_TRUE(sink.frames.empty());
}

TEST(ReplaySource, SaysWhatIsWrongWithItsFolder) {
  const TemporaryFolder folder;
  StepClock time;
  CollectingSink sink;
  ReplaySource missing(time.options(folder / "none"), time.clock);
  expect_failure(collect(missing, 1, sink), ErrorCode::NotFound, folder / "none", "check the path");
  expect_failure(missing.probe(), ErrorCode::NotFound, folder / "none", "check the path");

  const auto file = folder.write("file.png", "x");
  ReplaySource is_file(time.options(file), time.clock);
  expect_failure(is_file.probe(), ErrorCode::InvalidArgument, file, "image: a single picture");

  ReplaySource empty(time.options(folder.path()), time.clock);
  EXPECT_TRUE(empty.probe());
  expect_failure(collect(empty, 1, sink), ErrorCode::InvalidArgument, folder.path(),
                 "files named depth_000.png");
  const auto damaged = folder.write("depth_000.png", "nonsense");
  expect_failure(collect(empty, 1, sink), ErrorCode::InvalidArgument, folder.path(),
                 "no usable picture: " + damaged.string());
  folder.write("depth_000.png", test_picture(PixelFormat::Y8, 8, 8));
  expect_failure(collect(empty, 1, sink), ErrorCode::InvalidArgument, folder.path(),
                 "not a 16-bit grey PNG");
}

TEST(ReplaySource, PlaysRealSensorFramesBitByBit) {
  const std::filesystem::path folder =
      std::filesystem::path(LENSWIRE_SOURCE_DIR) / "../shared/data/depth/d4xx-640x480-seq";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  StepClock time;
  ReplaySource replay(time.options(folder), time.clock);
  CollectingSink sink;
  time.step(sink, 2);
  ASSERT_TRUE(collect(replay, 80, sink));
  const auto depth = sink.of("depth");
  ASSERT_EQ(depth.size(), 40U);
  for (std::uint32_t i = 0; i < 40; ++i) {
    const auto truth = codec::read_png(folder / numbered("depth_", i, ".png"));
    ASSERT_TRUE(truth);
    EXPECT_EQ(depth[i]->data, truth->data) << i;
  }
  EXPECT_EQ(sink.of("color").size(), 40U);
  EXPECT_TRUE(sink.troubles.empty());
}

TEST(ReplayFolder, TakesOnlyNumberedNames) {
  using replay::number_in;
  EXPECT_EQ(number_in("depth_007.png", "depth_", ".png"), 7U);
  EXPECT_EQ(number_in("depth_123456789.png", "depth_", ".png"), 123456789U);
  for (const auto* name : {"depth_.png", "depth_1234567890.png", "depth_0x1.png", "depth_-1.png",
                           "depth_1.jpg", "xdepth_1.png", "depth_1.png~", ".png", ""})
    EXPECT_FALSE(number_in(name, "depth_", ".png")) << name;
}

TEST(ReplayFolder, OrdersByNumberAndPrefersTheJpeg) {
  const TemporaryFolder folder;
  for (const auto* name :
       {"depth_10.png", "depth_9.png", "color_9.png", "color_9.jpg", "notes.txt", "color_100.jpeg"})
    folder.write(name, "x");
  const auto entries = replay::scan_folder(folder.path());
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].depth, "depth_9.png");
  EXPECT_EQ((*entries)[0].color, "color_9.jpg");
  EXPECT_EQ((*entries)[1].depth, "depth_10.png");
  EXPECT_EQ((*entries)[1].color, "");
  EXPECT_EQ((*entries)[2].color, "color_100.jpeg");
}

}  // namespace lenswire::source
