#include "source/v4l2/v4l2_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <cerrno>

#include "source/source_runner.hpp"
#include "source/v4l2/background_run.hpp"
#include "source/v4l2/fake_v4l2.hpp"

namespace lenswire::source::v4l2 {
namespace {

using testing::HasSubstr;

std::vector<std::byte> picture(std::size_t size, int value) {
  return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

constexpr std::size_t kYuyvBytes = std::size_t{640} * 480 * 2;

class V4l2SourceTest : public testing::Test {
 protected:
  V4l2SourceTest() : camera(system.add_camera("/dev/video0")) {}
  ~V4l2SourceTest() override { EXPECT_EQ(camera.opened(), 0) << "a descriptor leaked"; }

  static Options options(const std::string& uri) {
    auto parsed = Options::parse(*base::SourceUri::parse(uri));
    EXPECT_TRUE(parsed) << parsed.error().message;
    return *parsed;
  }
  V4l2Source& source(const std::string& uri = "v4l2:/dev/video0") {
    source_ = std::make_unique<V4l2Source>(options(uri), system, base::system_clock());
    return *source_;
  }
  // The n-th of a stream of good frames.
  static FakeStep good(std::uint32_t n) {
    return {.bytes = picture(kYuyvBytes, static_cast<int>(n & 0xFF)), .sequence = n};
  }
  void unplug_after_script() { camera.add({.error = ENODEV}); }

  // Runs until the script's end, where the camera is gone.
  void run_script(V4l2Source& what) {
    unplug_after_script();
    EXPECT_EQ(failing_run(what).code, ErrorCode::Disconnected);
  }
  Error failing_run(V4l2Source& what) {
    const base::StopSource stop;
    const auto result = what.run(sink, stop.token());
    EXPECT_FALSE(result);
    EXPECT_EQ(camera.mapped(), 0);
    EXPECT_FALSE(camera.streaming());
    return result ? Error{} : result.error();
  }

  FakeSystem system;
  FakeCamera& camera;
  RecordingSink sink;

 private:
  std::unique_ptr<V4l2Source> source_;
};

TEST_F(V4l2SourceTest, OptionsAreChecked) {
  const auto refused = [](const std::string& uri) {
    const auto parsed = Options::parse(*base::SourceUri::parse(uri));
    EXPECT_FALSE(parsed) << uri;
    return parsed ? Error{} : parsed.error();
  };
  const auto parsed = options("v4l2:usb-0000:00:14.0-1?size=1280x720&fps=15&format=grey&index=2");
  EXPECT_EQ(parsed.place, "usb-0000:00:14.0-1");
  EXPECT_EQ(parsed.wish.size, (Size{1280, 720}));
  EXPECT_EQ(parsed.wish.rate_hz, 15);
  EXPECT_EQ(parsed.wish.format, PixelFormat::Y8);
  EXPECT_EQ(parsed.index, 2U);

  EXPECT_THAT(refused("v4l2:").message, HasSubstr("name a node"));
  EXPECT_THAT(refused("v4l2:/dev/video0?format=h264").message,
              HasSubstr("expected one of yuyv, uyvy"));
  EXPECT_THAT(refused("v4l2:/dev/video0?format=xyz32f").message,
              HasSubstr("expected one of yuyv, uyvy"));
  EXPECT_THAT(refused("v4l2:/dev/video0?size=0x0").message, HasSubstr("WIDTHxHEIGHT"));
  EXPECT_THAT(refused("v4l2:/dev/video0?fps=0").message, HasSubstr("fps=0"));
  EXPECT_THAT(refused("v4l2:/dev/video0?speed=1").message, HasSubstr("size, fps, format"));
  const auto made = make_v4l2_source(*base::SourceUri::parse("v4l2:/dev/none"),
                                     SourceContext{base::system_clock()});
  ASSERT_TRUE(made) << "making a source touches no device";
  EXPECT_EQ((*made)->probe().error().code, ErrorCode::NotFound);
}

TEST_F(V4l2SourceTest, DescribesItselfAndDeliversFrames) {
  camera.controls = {integer_control(V4L2_CID_CONTRAST, "Contrast", 0, 95, 32)};
  const auto before = base::system_clock().now();
  auto step = good(0);
  step.stamp_ns = to_ns(before) / 1000 * 1000;
  camera.add(step);
  camera.add(good(1));
  run_script(source());

  ASSERT_EQ(sink.openings.size(), 1U);
  const auto& description = sink.openings[0];
  EXPECT_EQ(description.model, "Fake Camera");
  EXPECT_EQ(description.bus, "usb-fake-1");
  EXPECT_EQ(description.serial, "SN1");
  ASSERT_EQ(description.streams.size(), 1U);
  EXPECT_EQ(description.streams[0]->stream, "color");
  EXPECT_EQ(description.streams[0]->rate_hz, 30);
  ASSERT_EQ(description.controls.size(), 1U);
  EXPECT_EQ(std::get<std::int64_t>(description.controls[0].value), 32);

  ASSERT_EQ(sink.frames.size(), 2U);
  const auto& frame = *sink.frames[0];
  EXPECT_EQ(frame.profile, description.streams[0]);
  EXPECT_EQ(frame.stride_bytes, 1280U);
  EXPECT_EQ(frame.data.size(), kYuyvBytes);
  EXPECT_EQ(sink.frames[1]->data, picture(kYuyvBytes, 1));
  const auto stamp = monotonic_from_ns(step.stamp_ns);
  EXPECT_EQ(frame.capture_time - frame.capture_uncertainty, stamp - Nanoseconds(33'333'333));
  EXPECT_GE(frame.arrival_time, before);
}

TEST_F(V4l2SourceTest, TheDriverHasAllBuffersBackBeforeTheFrameIsSeen) {
  int seen = 0;
  sink.on_frame = [&] {
    ++seen;
    EXPECT_EQ(camera.queued(), 4U);
  };
  for (std::uint32_t i = 0; i < 10; ++i) camera.add(good(i));
  run_script(source());
  EXPECT_EQ(seen, 10);
}

TEST_F(V4l2SourceTest, BadBuffersAreCountedAndGoBack) {
  camera.add(good(0));
  auto damaged = good(1);
  damaged.flags |= V4L2_BUF_FLAG_ERROR;
  camera.add(damaged);
  camera.add({.bytes = {}, .sequence = 2});
  camera.add({.bytes = picture(kYuyvBytes - 1, 0), .sequence = 3});
  // More than there are buffers: the fourth of each kind would find none left.
  for (std::uint32_t i = 4; i < 12; ++i) camera.add({.bytes = {}, .sequence = i});
  camera.add(good(12));
  run_script(source());

  ASSERT_EQ(sink.frames.size(), 2U);
  EXPECT_EQ(sink.frames[1]->sequence, sink.frames[0]->sequence + 12) << "the gap shows";
  ASSERT_EQ(sink.troubles.size(), 11U);
  EXPECT_THAT(sink.troubles[0].message, HasSubstr("damaged"));
  EXPECT_THAT(sink.troubles[1].message, HasSubstr("empty frame"));
  EXPECT_EQ(sink.troubles[2].message, "/dev/video0 gave a short frame: 614399 of 614400 bytes");
}

TEST_F(V4l2SourceTest, PaddedRowsArePacked) {
  camera.stride_padding = 32;
  auto step = good(0);
  step.bytes.assign((1280 + 32) * 480 - 32, std::byte{0xEE});  // the last row needs no padding
  for (std::size_t row = 0; row < 480; ++row)
    std::fill_n(step.bytes.begin() + static_cast<std::ptrdiff_t>(row * 1312), 1280,
                static_cast<std::byte>(row & 0x7F));
  camera.add(step);
  run_script(source());
  ASSERT_EQ(sink.frames.size(), 1U);
  const auto& data = sink.frames[0]->data;
  ASSERT_EQ(data.size(), kYuyvBytes);
  for (std::size_t row = 0; row < 480; ++row) {
    ASSERT_EQ(data[row * 1280], static_cast<std::byte>(row & 0x7F));
    ASSERT_EQ(data[row * 1280 + 1279], static_cast<std::byte>(row & 0x7F));
  }
}

TEST_F(V4l2SourceTest, MultiPlanarNodesWork) {
  camera.caps = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
  camera.formats = {{V4L2_PIX_FMT_NV12, {discrete_size(64, 48, {30})}}};
  camera.plane_offset = 16;
  camera.add({.bytes = picture(64 * 72, 9), .sequence = 0});
  run_script(source());
  ASSERT_EQ(sink.frames.size(), 1U);
  EXPECT_EQ(sink.frames[0]->format(), PixelFormat::NV12);
  EXPECT_EQ(sink.frames[0]->data, picture(64 * 72, 9));
}

TEST_F(V4l2SourceTest, ChromaInMemoryOfItsOwnIsPutBehindTheLuma) {
  camera.caps = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_STREAMING;
  camera.formats = {{V4L2_PIX_FMT_NV12M, {discrete_size(64, 49, {30})}}};
  camera.stride_padding = 6;
  camera.plane_offset = 16;
  const auto rows = [](std::size_t count, int value) {
    std::vector<std::byte> out(count * 70 - 6, std::byte{0xEE});  // no padding after the last row
    for (std::size_t row = 0; row < count; ++row)
      std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(row * 70), 64,
                  static_cast<std::byte>(value));
    return out;
  };
  camera.add({.bytes = rows(49, 7), .chroma = rows(25, 9), .sequence = 0});
  auto short_chroma = rows(25, 9);
  short_chroma.pop_back();
  camera.add({.bytes = rows(49, 7), .chroma = short_chroma, .sequence = 1});
  run_script(source("v4l2:/dev/video0?format=nv12"));
  ASSERT_EQ(sink.frames.size(), 1U);
  EXPECT_EQ(sink.frames[0]->format(), PixelFormat::NV12);
  auto expected = picture(std::size_t{64} * (49 + 25), 9);
  std::fill_n(expected.begin(), 64 * 49, std::byte{7});
  EXPECT_EQ(sink.frames[0]->data, expected);
  ASSERT_EQ(sink.troubles.size(), 1U);
  EXPECT_THAT(sink.troubles[0].message, HasSubstr("gave a short frame: 5167 of 5168 bytes"));
}

TEST_F(V4l2SourceTest, DepthAndInfraredHaveStreamsOfTheirOwn) {
  camera.formats = {{V4L2_PIX_FMT_Z16, {discrete_size(64, 48, {30})}},
                    {V4L2_PIX_FMT_GREY, {discrete_size(64, 48, {30})}}};
  auto& grey = source("v4l2:/dev/video0?format=y8");
  run_script(grey);
  auto& depth = source("v4l2:/dev/video0?format=z16&depth_unit=0.0001");
  run_script(depth);
  ASSERT_EQ(sink.openings.size(), 2U);
  EXPECT_EQ(sink.openings[0].streams[0]->stream, "infrared");
  EXPECT_EQ(sink.openings[1].streams[0]->stream, "depth");
  EXPECT_EQ(sink.openings[1].streams[0]->depth_unit_m, 0.0001);
}

TEST_F(V4l2SourceTest, TellsTheSizesThatItsFormatHas) {
  camera.formats = {
      {V4L2_PIX_FMT_YUYV, {discrete_size(640, 480, {30}), discrete_size(320, 240, {30})}},
      {V4L2_PIX_FMT_MJPEG, {discrete_size(1280, 720, {30}), discrete_size(640, 480, {30})}},
      {V4L2_PIX_FMT_H264, {discrete_size(1920, 1080, {30})}}};
  const PictureSize vga{640, 480};
  const PictureSize quarter{320, 240};
  const PictureSize hd{1280, 720};
  EXPECT_EQ(source("v4l2:/dev/video0?format=mjpeg").sizes(), (std::vector{hd, vga}));
  EXPECT_EQ(source().sizes(), (std::vector{vga, quarter, hd})) << "of all that can be read";
  camera.formats = {{V4L2_PIX_FMT_YUYV, {{16, 1920, 16, 16, 1080, 8, {}}}}};
  EXPECT_TRUE(source().sizes().empty()) << "any on its grid";
  EXPECT_TRUE(source("v4l2:/dev/video7").sizes().empty());
}

TEST_F(V4l2SourceTest, MjpegPassesThroughWithoutItsPadding) {
  const auto make = [](std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
  };
  camera.formats = {{V4L2_PIX_FMT_MJPEG, {discrete_size(16, 8, {30})}}};
  const auto jpeg = make({0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 8,    0, 16, 1, 1, 0x11, 0,
                          0xFF, 0xDA, 0,    8,    1, 1,  0, 0, 0x3F, 0, 1,  2, 3, 0xFF, 0xD9});
  auto padded = jpeg;
  padded.resize(jpeg.size() + 20);
  camera.add({.bytes = padded, .sequence = 0});
  camera.add({.bytes = {jpeg.begin(), jpeg.end() - 2}, .sequence = 1});
  camera.add({.bytes = picture(64, 0), .sequence = 2});
  camera.add({.bytes = jpeg, .sequence = 3});
  run_script(source());
  ASSERT_EQ(sink.frames.size(), 2U);
  EXPECT_EQ(sink.frames[0]->data, jpeg);
  EXPECT_EQ(sink.frames[0]->stride_bytes, 0U);
  EXPECT_EQ(sink.frames[1]->sequence, 3U);
  ASSERT_EQ(sink.troubles.size(), 2U);
  EXPECT_THAT(sink.troubles[0].message, HasSubstr("no whole 16x8 JPEG"));
}

TEST_F(V4l2SourceTest, PassingIoErrorsCostFramesOnly) {
  camera.add(good(0));
  for (int i = 0; i < 5; ++i) camera.add({.error = EIO});
  camera.add(good(6));
  run_script(source());
  EXPECT_EQ(sink.frames.size(), 2U);
  EXPECT_EQ(sink.troubles.size(), 5U);
}

TEST_F(V4l2SourceTest, LastingIoErrorsEndTheRun) {
  for (int i = 0; i < 50; ++i) camera.add({.error = EIO});
  const auto error = failing_run(source());
  EXPECT_EQ(error.code, ErrorCode::Timeout);
  EXPECT_THAT(error.message, HasSubstr("/dev/video0 stopped streaming"));
}

TEST_F(V4l2SourceTest, AFatalStreamErrorEndsTheRunAtOnce) {
  camera.add({.error = EIO, .poll_error = true});
  EXPECT_EQ(failing_run(source()).code, ErrorCode::Timeout);
  EXPECT_TRUE(sink.troubles.empty());
}

TEST_F(V4l2SourceTest, RefusalsNameCauseAndCure) {
  camera.failures = {{VIDIOC_STREAMON, ENOSPC}};
  auto error = failing_run(source());
  EXPECT_EQ(error.code, ErrorCode::Busy);
  EXPECT_THAT(error.message, HasSubstr("not enough USB bandwidth for /dev/video0"));
  EXPECT_THAT(error.message, HasSubstr("format=mjpeg"));
  EXPECT_TRUE(sink.openings.empty());

  system.holder_name = "cheese (pid 7)";
  for (const auto request : {VIDIOC_S_FMT, VIDIOC_REQBUFS, VIDIOC_STREAMON}) {
    camera.failures = {{request, EBUSY}};
    error = failing_run(source());
    EXPECT_EQ(error.code, ErrorCode::Busy);
    EXPECT_THAT(error.message, HasSubstr("in use by cheese (pid 7)"));
  }
  for (const auto request : {VIDIOC_QUERYBUF, VIDIOC_QBUF}) {
    camera.failures = {{request, ENOMEM}};
    EXPECT_EQ(failing_run(source()).code, ErrorCode::Busy);
  }
  camera.failures.clear();
  EXPECT_THAT(failing_run(source("v4l2:/dev/video0?size=641x480")).message,
              HasSubstr("it offers 640x480, 320x240"));
  camera.buffers = 1;
  EXPECT_THAT(failing_run(source()).message, HasSubstr("gave 1 buffers"));
}

TEST_F(V4l2SourceTest, ABufferThatCanNotGoBackEndsTheRun) {
  camera.add(good(0));
  sink.on_frame = [] {};
  auto& running = source();
  const base::StopSource stop;
  // The failure begins once the stream runs: the sink's opened() is the moment.
  class FailingSink final : public SourceSink {
   public:
    FailingSink(FakeCamera& camera, RecordingSink& next) : camera_(camera), next_(next) {}
    void opened(const SourceDescription& d) override {
      camera_.failures = {{VIDIOC_QBUF, EIO}};
      next_.opened(d);
    }
    void frame(FramePtr f) override { next_.frame(std::move(f)); }
    void controls_changed(std::vector<Control>) override {}
    void trouble(Error) override {}

   private:
    FakeCamera& camera_;
    RecordingSink& next_;
  } failing(camera, sink);
  const auto result = running.run(failing, stop.token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Timeout);
  EXPECT_EQ(sink.frames.size(), 1U) << "the copy is good all the same";
  EXPECT_EQ(camera.mapped(), 0);
}

TEST_F(V4l2SourceTest, UnplugIsSeenAtOnceWhereTheDriverWakesUs) {
  BackgroundRun run(source(), sink);
  camera.add(good(0));
  ASSERT_TRUE(sink.wait_for([&] { return sink.frames.size() == 1; }));
  camera.unplug();
  const auto result = run.wait();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Disconnected);
  EXPECT_THAT(result.error().message, HasSubstr("/dev/video0 was unplugged"));
}

TEST_F(V4l2SourceTest, UnplugIsSeenWithoutAnyWakeUp) {
  camera.wakes_when_unplugged = false;
  BackgroundRun run(source(), sink);
  camera.add(good(0));
  ASSERT_TRUE(sink.wait_for([&] { return sink.frames.size() == 1; }));
  camera.unplug();
  const auto result = run.wait();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Disconnected);
}

TEST_F(V4l2SourceTest, AStalledCameraStopsAtOnce) {
  BackgroundRun run(source(), sink);
  ASSERT_TRUE(sink.wait_for([&] { return !sink.openings.empty(); }));
  EXPECT_TRUE(run.finish());
  EXPECT_TRUE(sink.frames.empty());
  EXPECT_EQ(camera.mapped(), 0);
}

TEST_F(V4l2SourceTest, ComesBackUnderAnotherNumberWithRisingSequence) {
  camera.bus = "usb-0000:00:14.0-1";
  auto& by_position = source("v4l2:usb-0000:00:14.0-1");
  EXPECT_TRUE(by_position.probe());
  for (std::uint32_t i = 0; i < 3; ++i) camera.add(good(i));
  run_script(by_position);
  camera.unplug();
  EXPECT_EQ(by_position.probe().error().code, ErrorCode::NotFound);
  EXPECT_EQ(failing_run(by_position).code, ErrorCode::NotFound);
  camera.plug("/dev/video3");
  EXPECT_TRUE(by_position.probe());
  camera.add(good(0));
  run_script(by_position);
  ASSERT_EQ(sink.frames.size(), 4U);
  EXPECT_EQ(sink.frames[3]->sequence, 3U);
  EXPECT_EQ(sink.frames[3]->profile, sink.frames[0]->profile) << "nothing changed";
}

TEST_F(V4l2SourceTest, ANodeIsTheCameraThatWasThereFirst) {
  camera.serial = "";
  for (std::uint32_t i = 0; i < 2; ++i) camera.add(good(i));
  run_script(source());
  camera.unplug();
  auto& stranger = system.add_camera("/dev/video0");
  stranger.card = "Other Camera";
  stranger.bus = "usb-fake-2";
  // Made anew, as after a change of profile: it still knows.
  auto& same = source();
  EXPECT_THAT(failing_run(same).message, HasSubstr("now Other Camera at usb-fake-2 has that name"));
  EXPECT_EQ(same.probe().error().code, ErrorCode::NotFound);
  camera.plug("/dev/video4");
  EXPECT_TRUE(same.probe());
  camera.add(good(0));
  run_script(same);
  EXPECT_EQ(sink.frames.size(), 3U);
}

// Waits for states of a runner.
class StateListener final : public RunnerListener {
 public:
  void source_opened(const SourceDescription&) override {
    change([] {});
  }
  void source_frame(FramePtr) override {
    change([&] { ++frames_; });
  }
  void source_controls_changed(const std::vector<Control>&) override {}
  void source_state_changed(const SourceStatus& status) override {
    change([&] { status_ = status; });
  }
  bool wait_for(const std::function<bool(const SourceStatus&, int frames)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60),
                             [&] { return condition(status_, frames_); });
  }

 private:
  void change(const std::function<void()>& what) {
    const std::lock_guard lock(mutex_);
    what();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  SourceStatus status_;
  int frames_ = 0;
};

TEST_F(V4l2SourceTest, ADriverThatNeverReturnsIsLeftBehind) {
  RunnerSettings settings;
  settings.stall_minimum = std::chrono::milliseconds(200);
  settings.restart_stalled_after = std::chrono::milliseconds(100);
  settings.abandon_after = std::chrono::milliseconds(100);
  settings.backoff_first = std::chrono::milliseconds(10);
  settings.probe_interval = std::chrono::milliseconds(20);
  StateListener listener;
  {
    SourceRunner runner(
        "cam",
        [this]() -> Result<std::unique_ptr<Source>> {
          return std::make_unique<V4l2Source>(options("v4l2:/dev/video0"), system,
                                              base::system_clock());
        },
        listener, settings, base::system_clock());
    runner.start();
    runner.set_demand(true);
    camera.add(good(0));
    ASSERT_TRUE(listener.wait_for([](const auto&, int frames) { return frames == 1; }));
    camera.hang(VIDIOC_DQBUF);
    camera.add(good(1));
    ASSERT_TRUE(listener.wait_for([](const auto& now, int) { return now.abandoned >= 1; }));
    EXPECT_TRUE(camera.hanging());
    EXPECT_TRUE(runner.abandoned());
    // Plugged in anew, the camera works beside the call that still hangs.
    camera.unplug();
    camera.plug("/dev/video1");
    ASSERT_TRUE(listener.wait_for([this](const auto&, int frames) {
      if (camera.streaming()) camera.add(good(5));
      return frames >= 2;
    }));
    camera.release();
    while (runner.abandoned()) std::this_thread::yield();
  }
  EXPECT_EQ(camera.mapped(), 0);
}

TEST_F(V4l2SourceTest, ChangedControlsAreTold) {
  camera.controls = {integer_control(V4L2_CID_BRIGHTNESS, "Brightness", 0, 9, 1),
                     integer_control(V4L2_CID_CONTRAST, "Contrast", 0, 95, 32)};
  auto& running = source();
  BackgroundRun run(running, sink);
  ASSERT_TRUE(sink.wait_for([&] { return !sink.openings.empty(); }));
  const auto answer = running.set_controls({{"contrast", std::int64_t{77}}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(camera.opens(), 1) << "the descriptor of the run serves the controls too";
  camera.add_event(V4L2_EVENT_CTRL, V4L2_CID_CONTRAST);
  ASSERT_TRUE(sink.wait_for([&] { return !sink.changes.empty(); }));
  ASSERT_EQ(sink.changes[0].size(), 1U);
  EXPECT_EQ(sink.changes[0][0].name, "contrast");
  EXPECT_EQ(std::get<std::int64_t>(sink.changes[0][0].value), 77);
  EXPECT_TRUE(run.finish());
}

TEST_F(V4l2SourceTest, ControlsWorkWhileNobodyWatches) {
  camera.controls = {integer_control(V4L2_CID_CONTRAST, "Contrast", 0, 95, 32)};
  auto& idle = source();
  ASSERT_TRUE(idle.set_controls({{"contrast", std::int64_t{5}}}));
  const auto controls = idle.controls();
  ASSERT_TRUE(controls);
  EXPECT_EQ(std::get<std::int64_t>(controls->at(0).value), 5);
  EXPECT_EQ(camera.opened(), 0);
}

TEST_F(V4l2SourceTest, ASourceThatChangesItsFormatIsNegotiatedAgain) {
  BackgroundRun run(source(), sink);
  ASSERT_TRUE(sink.wait_for([&] { return sink.openings.size() == 1; }));
  camera.add_event(V4L2_EVENT_SOURCE_CHANGE, 0);
  ASSERT_TRUE(sink.wait_for([&] { return sink.openings.size() == 2; }));
  camera.add(good(0));
  EXPECT_TRUE(sink.wait_for([&] { return sink.frames.size() == 1; }));
  EXPECT_TRUE(run.finish());
}

TEST_F(V4l2SourceTest, AThousandUnplugsLeakNothing) {
  camera.formats = {{V4L2_PIX_FMT_YUYV, {discrete_size(64, 48, {30})}}};
  auto& churned = source("v4l2:usb-fake-1");
  for (int i = 0; i < 1000; ++i) {
    camera.add({.error = ENODEV});
    ASSERT_EQ(failing_run(churned).code, ErrorCode::Disconnected);
    camera.unplug();
    camera.plug("/dev/video" + std::to_string(i % 7));
  }
  EXPECT_EQ(camera.opened(), 0);
  EXPECT_EQ(camera.mapped(), 0);
}

TEST(FindSources, ListsCamerasWithWhatTheyOffer) {
  FakeSystem system;
  system.add_camera("/dev/video0");
  const auto found = find_sources(system);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].uri, "v4l2:/dev/video0");
  EXPECT_EQ(found[0].description, "Fake Camera at usb-fake-1: yuyv up to 640x480");
  system.open_error = EACCES;
  EXPECT_THAT(find_sources(system)[0].description, HasSubstr("no permission"));
  EXPECT_EQ(find_sources(system)[0].known_by, KnownBy::Nothing);
}

TEST(FindSources, TellsWhatStaysTheSameOfACamera) {
  FakeSystem system;
  auto& camera = system.add_camera("/dev/video0");
  camera.node_index = 2;
  EXPECT_EQ(find_sources(system)[0].known_by, KnownBy::Device);
  EXPECT_EQ(find_sources(system)[0].device, "v4l2 Fake Camera SN1, node 2");
  EXPECT_EQ(find_sources(system)[0].place, "usb-fake-1");
  camera.serial.clear();
  EXPECT_EQ(find_sources(system)[0].device, "v4l2 Fake Camera, node 2");
}

}  // namespace
}  // namespace lenswire::source::v4l2
