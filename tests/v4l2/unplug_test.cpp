// Unplugging and plugging in again, by unbinding the driver.
#include <gmock/gmock.h>

#include <algorithm>

#include "vivid_machine.hpp"

namespace lenswire::source::v4l2 {
namespace {

bool is_absence(ErrorCode code) {
  return code == ErrorCode::Disconnected || code == ErrorCode::NotFound;
}

// Unplugs while the source runs; how long it took to notice, in ms.
double unplug_and_wait(BackgroundRun& run, const std::function<void()>& unplug) {
  const auto started = std::chrono::steady_clock::now();
  unplug();
  const auto result = run.wait();
  const auto took = ms_since(started);
  EXPECT_TRUE(!result && is_absence(result.error().code))
      << (result ? "it ended well" : result.error().message);
  return took;
}

TEST_F(VividTest, UnplugEndsTheRunAndPlugBringsFramesBack) {
  const auto source = make(kFirstPosition);
  RecordingSink sink;
  double slowest_notice = 0;
  double slowest_return = 0;
  const auto descriptors = open_descriptors();
  for (int round = 0; round < 20; ++round) {
    {
      BackgroundRun run(*source, sink);
      wait_for_frames(sink, sink.frames.size() + 2);
      slowest_notice = std::max(slowest_notice, unplug_and_wait(run, [] { unplug(); }));
    }
    EXPECT_EQ(source->probe().error().code, ErrorCode::NotFound);
    RecordingSink nothing;
    EXPECT_EQ(failing_run(*source, nothing).code, ErrorCode::NotFound);

    plug();
    const auto plugged = std::chrono::steady_clock::now();
    ASSERT_TRUE(source->probe());
    const auto before = sink.frames.size();
    {
      BackgroundRun run(*source, sink);
      wait_for_frames(sink, before + 1);
      slowest_return = std::max(slowest_return, ms_since(plugged));
      ASSERT_TRUE(run.finish());
    }
    EXPECT_GT(sink.frames[before]->sequence, sink.frames[before - 1]->sequence);
    EXPECT_EQ(open_descriptors(), descriptors);
    sink.frames.erase(sink.frames.begin(), sink.frames.end() - 1);
  }
  EXPECT_LT(slowest_notice, 2000);
  EXPECT_LT(slowest_return, 2000);
  std::printf("20 unplugs: noticed after at most %.1f ms; first frame at most %.1f ms after plug\n",
              slowest_notice, slowest_return);
}

TEST_F(VividTest, ASlowCameraIsMissedJustAsSoon) {
  // 1 frame a second: the unplug falls between two frames.
  const auto source = make(std::string(kFirstCamera) + "?fps=1");
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 1);
  const auto took = unplug_and_wait(run, [] { unplug(); });
  EXPECT_LT(took, 2000);
  std::printf("unplug between frames noticed after %.1f ms\n", took);
}

TEST_F(VividTest, ACameraIsFoundUnderAnotherNumber) {
  // Whoever keeps a removed node open keeps its number, so the cameras come back as others.
  {
    const auto first_time = make(kFirstCamera);
    RecordingSink sink;
    BackgroundRun run(*first_time, sink);
    wait_for_frames(sink, 1);
    EXPECT_TRUE(run.finish());
  }
  const auto keeper = node("/dev/video0");
  unplug();
  plug();
  const auto cameras = NodeTable(kernel()).cameras();
  const auto first = std::find_if(cameras.begin(), cameras.end(), [](const CameraNode& camera) {
    return camera.capability.bus == "platform:vivid-000";
  });
  ASSERT_NE(first, cameras.end());
  ASSERT_NE(first->path, "/dev/video0");
  EXPECT_FALSE(keeper.alive());
  // By position, and by the node at which it was first.
  for (const auto* uri : {kFirstPosition, kFirstCamera}) {
    const auto source = make(uri);
    EXPECT_TRUE(source->probe());
    RecordingSink sink;
    BackgroundRun run(*source, sink);
    wait_for_frames(sink, 2);
    EXPECT_TRUE(run.finish());
    EXPECT_EQ(sink.openings.at(0).bus, "platform:vivid-000") << uri;
  }
  std::printf("platform:vivid-000 came back as %s\n", first->path.c_str());
}

TEST_F(VividTest, ControlCallsOfAGoneCameraSayDisconnected) {
  const auto held = node("/dev/video0");
  unplug();
  EXPECT_EQ(read_controls(held).error().code, ErrorCode::Disconnected);
  EXPECT_EQ(make(kFirstCamera)->controls().error().code, ErrorCode::NotFound);
}

TEST_F(VividTest, ADeviceThatDiesUnderItsNodeIsDisconnected) {
  // vivid's button for a device that is gone while its node stays.
  const auto source = make("v4l2:/dev/video0?size=320x180&fps=50");
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 2);
  const auto other = node("/dev/video0");
  const auto took = unplug_and_wait(run, [&] {
    // The answer may fail: the device is gone before it can be read back.
    [[maybe_unused]] const auto answer = apply_controls(other, {{"disconnect", std::int64_t{1}}});
  });
  EXPECT_LT(took, 2000);
  std::printf("dead device under its node noticed after %.1f ms\n", took);
  RecordingSink nothing;
  const auto error = failing_run(*source, nothing);
  EXPECT_TRUE(is_absence(error.code)) << error.message;
}

}  // namespace
}  // namespace lenswire::source::v4l2
