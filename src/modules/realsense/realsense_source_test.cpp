// The source against a librealsense2 of our own (fake_realsense2_for_test.cpp).
#include "modules/realsense/realsense_source.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/stop_token.hpp"
#include "source/collecting_sink_for_test.hpp"
#include "source/picture_file.hpp"
#include "source/scripted_source_for_test.hpp"
#include "source/source_runner.hpp"
#include "source/temporary_folder_for_test.hpp"

namespace lenswire::realsense {
namespace {

using source::collect;
using source::CollectingSink;
using source::SourceState;
using testing::HasSubstr;

constexpr std::size_t kPixels = std::size_t{640} * 480;

class RealsenseTest : public testing::Test {
 protected:
  RealsenseTest() {
    ::setenv("FAKE_REALSENSE_DIR", folder.path().c_str(), 1);
    auto loaded = Library::load({FAKE_REALSENSE2});
    EXPECT_TRUE(loaded) << loaded.error().message;
    library = std::make_unique<Library>(std::move(*loaded));
    cameras = std::make_unique<Cameras>(*library);
    plug(serial);
  }
  ~RealsenseTest() override {
    source_.reset();
    cameras.reset();
    EXPECT_EQ(live_objects(), 0) << "something that the library gave was not given back";
  }

  static int live_objects() {
    void* handle = ::dlopen(FAKE_REALSENSE2, RTLD_NOW);
    return reinterpret_cast<int (*)()>(::dlsym(handle, "fake_rs2_live_objects"))();
  }
  void write(const char* name, const std::string& text) const {
    // Renamed into place: the library may read it at any moment.
    const auto whole = folder.path() / "new";
    std::ofstream(whole, std::ios::binary) << text;
    std::filesystem::rename(whole, folder.path() / name);
  }
  void plug(const std::string& serials) const { write("cameras", serials); }
  void unplug() const { write("cameras", ""); }
  void remove(const char* name) const { std::filesystem::remove(folder.path() / name); }

  Result<std::unique_ptr<RealsenseSource>> make(const std::string& uri) {
    auto options = Options::parse(*base::SourceUri::parse(uri));
    if (!options) return fail(options.error());
    return std::make_unique<RealsenseSource>(std::move(*options), *library, *cameras,
                                             base::system_clock());
  }
  RealsenseSource& source(const std::string& uri = "realsense:") {
    auto made = make(uri);
    EXPECT_TRUE(made) << made.error().message;
    source_ = std::move(*made);
    return *source_;
  }

  source::TemporaryFolder folder;
  // Options stay as they were set while a camera is plugged in, so each test has its own.
  const std::string serial = testing::UnitTest::GetInstance()->current_test_info()->name();
  std::unique_ptr<Library> library;
  std::unique_ptr<Cameras> cameras;
  CollectingSink sink;

 private:
  std::unique_ptr<RealsenseSource> source_;
};

std::uint16_t depth_at(const Frame& frame, std::size_t pixel) {
  std::uint16_t value = 0;
  std::memcpy(&value, frame.data.data() + pixel * 2, 2);
  return value;
}

TEST_F(RealsenseTest, DeliversEveryPixelOfEveryStream) {
  sink.on_frame = [&] {
    for (const auto& profile : sink.descriptions[0].streams)
      if (sink.of(profile->stream).size() < 2) return;
    sink.stop.request_stop();
  };
  const auto result = collect(
      source("realsense:?streams=depth,color,infrared1,infrared2,accel,gyro"), SIZE_MAX, sink);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(sink.descriptions.size(), 1U);
  EXPECT_EQ(sink.descriptions[0].model, "Intel RealSense D435I");
  EXPECT_EQ(sink.descriptions[0].serial, serial);
  ASSERT_EQ(sink.descriptions[0].streams.size(), 6U);
  EXPECT_TRUE(sink.troubles.empty());

  const auto depth = sink.of("depth");
  ASSERT_FALSE(depth.empty());
  // The first pixel is the camera's own number; the first frames may be lost before we look.
  const auto number_of = [](const Frame& frame) { return depth_at(frame, 0); };
  for (const auto& frame : depth) {
    ASSERT_EQ(frame->data.size(), kPixels * 2);
    const auto number = number_of(*frame);
    EXPECT_EQ(frame->sequence - depth[0]->sequence,
              static_cast<std::uint64_t>(number - number_of(*depth[0])));
    for (std::size_t i = 0; i < kPixels; ++i)
      ASSERT_EQ(depth_at(*frame, i), static_cast<std::uint16_t>(i * 7 + number)) << i;
  }
  const auto infrared = sink.of("infrared2");
  ASSERT_FALSE(infrared.empty());
  const auto first = std::to_integer<std::size_t>(infrared[0]->data[0]);
  for (std::size_t row = 0; row < 480; ++row)
    for (std::size_t x = 0; x < 640; ++x)
      ASSERT_EQ(infrared[0]->data[row * 640 + x],
                static_cast<std::byte>((row * 672 + x + first) & 0xFF))
          << "the rows' padding goes";
  EXPECT_EQ(sink.of("color").at(0)->data.size(), kPixels * 3);
  EXPECT_FALSE(sink.of("infrared1").empty());
  EXPECT_FALSE(sink.of("accel").empty());
  const auto gyro = sink.of("gyro");
  ASSERT_FALSE(gyro.empty());
  float xyz[3] = {};
  ASSERT_EQ(gyro[0]->data.size(), sizeof xyz);
  std::memcpy(xyz, gyro[0]->data.data(), sizeof xyz);
  EXPECT_EQ(xyz[1], -9.81F);
  EXPECT_EQ(xyz[2], std::floor(xyz[2])) << "the camera's own number";
  EXPECT_EQ(gyro[0]->profile->kind, StreamKind::Motion);
  EXPECT_EQ(gyro[0]->profile->rate_hz, 200);
}

TEST_F(RealsenseTest, PlaysRealFramesBitByBit) {
  const auto recording = std::filesystem::path(LENSWIRE_SOURCE_DIR) / ".." / "shared" / "data" /
                         "depth" / "d4xx-640x480-seq";
  if (!std::filesystem::exists(recording)) GTEST_SKIP() << "no recording at " << recording;
  std::string pictures;
  constexpr std::size_t count = 3;
  for (std::size_t i = 0; i < count; ++i) {
    const auto picture = source::load_picture(recording / fmt::format("depth_{:03}.png", i));
    ASSERT_TRUE(picture) << picture.error().message;
    ASSERT_EQ(picture->data.size(), kPixels * 2);
    pictures.append(reinterpret_cast<const char*>(picture->data.data()), picture->data.size());
  }
  write("depth.z16", pictures);
  ASSERT_TRUE(collect(source("realsense:?streams=depth"), 4, sink));
  const auto picture_of = [&](const Frame& frame) {
    for (std::size_t i = 0; i < count; ++i)
      if (std::memcmp(frame.data.data(), pictures.data() + i * kPixels * 2, kPixels * 2) == 0)
        return i;
    return count;
  };
  const auto begin = picture_of(*sink.frames[0]);
  ASSERT_LT(begin, count);
  for (const auto& frame : sink.frames)
    ASSERT_EQ(picture_of(*frame), (begin + frame->sequence) % count);
}

TEST_F(RealsenseTest, TellsCalibrationAndUnit) {
  ASSERT_TRUE(collect(source(), 2, sink));
  const auto& depth = *sink.descriptions.at(0).streams.at(0);
  EXPECT_FLOAT_EQ(static_cast<float>(depth.depth_unit_m), 0.001F);
  ASSERT_TRUE(depth.intrinsics);
  EXPECT_EQ(depth.intrinsics->fx, 385.5);
  EXPECT_EQ(depth.intrinsics->model, DistortionModel::None);
  EXPECT_EQ(depth.reference_from_stream, Extrinsics{});
  const auto& color = *sink.descriptions[0].streams.at(1);
  EXPECT_EQ(color.format, PixelFormat::RGB8);
  EXPECT_EQ(color.intrinsics->model, DistortionModel::InverseBrownConrady);
  ASSERT_TRUE(color.reference_from_stream);
  EXPECT_EQ(color.reference_from_stream->rotation,
            (std::array<double, 9>{0, -1, 0, 1, 0, 0, 0, 0, 1}));
  EXPECT_EQ(color.reference_from_stream->translation_m[1], 0.25);
}

TEST_F(RealsenseTest, StampsTheMiddleOfTheExposure) {
  for (const char* clock : {"2", "0"}) {
    write("clock", clock);
    CollectingSink one;
    ASSERT_TRUE(collect(source("realsense:?streams=depth"), 5, one));
    for (const auto& frame : one.frames) {
      EXPECT_EQ(frame->domain, TimestampDomain::Device);
      // The camera says: 6 ms before the readout.
      EXPECT_LE(frame->capture_time, frame->arrival_time - std::chrono::milliseconds(6));
      EXPECT_GE(frame->capture_time, frame->arrival_time - std::chrono::seconds(60));
      EXPECT_GT(frame->capture_uncertainty, Nanoseconds::zero());
      EXPECT_TRUE(frame->device_time_ns);
      EXPECT_EQ(frame->conditions,
                (CaptureConditions{std::chrono::microseconds(8500), 16, 150, true}));
    }
  }
  write("clock", "1");
  CollectingSink last;
  ASSERT_TRUE(collect(source("realsense:?streams=depth"), 1, last));
  EXPECT_EQ(last.frames[0]->domain, TimestampDomain::HostMonotonic) << "stamped at its arrival";
}

TEST_F(RealsenseTest, OptionsAreControls) {
  auto& camera = source();
  const auto controls = camera.controls();
  ASSERT_TRUE(controls) << controls.error().message;
  const auto named = [&](std::string_view name) -> const Control& {
    for (const auto& control : *controls)
      if (control.name == name) return control;
    ADD_FAILURE() << name;
    static const Control none;
    return none;
  };
  EXPECT_EQ(named("depth_exposure").type, ControlType::Integer);
  EXPECT_EQ(named("color_exposure").maximum, 10000);
  EXPECT_EQ(named("depth_enable_auto_exposure").type, ControlType::Boolean);
  EXPECT_EQ(named("depth_visual_preset").menu.size(), 3U);
  EXPECT_TRUE(named("depth_asic_temperature").read_only);
  EXPECT_EQ(named("depth_depth_units").type, ControlType::Real);

  const auto set = camera.set_controls(
      {{"depth_exposure", std::int64_t{1234}}, {"color_contrast", std::int64_t{7}}});
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->at(0).value, ControlValue(std::int64_t{1234}));
  EXPECT_EQ(set->at(1).value, ControlValue(std::int64_t{7}));
  EXPECT_EQ(camera.set_controls({{"depth_zoom", std::int64_t{1}}}).error().code,
            ErrorCode::NotFound);
  EXPECT_EQ(camera.set_controls({{"depth_exposure", std::int64_t{0}}}).error().code,
            ErrorCode::InvalidArgument);
  EXPECT_EQ(camera.set_controls({{"depth_asic_temperature", 1.0}}).error().code,
            ErrorCode::PermissionDenied);
}

TEST_F(RealsenseTest, SettingsInARunAreToldWithNewUnitAndPresetsEffects) {
  auto& camera = source("realsense:?streams=depth");
  bool was_set = false;
  sink.on_frame = [&] {
    if (!was_set) {
      EXPECT_TRUE(camera.set_controls(
          {{"depth_depth_units", 0.0001}, {"depth_visual_preset", std::string("High Accuracy")}}));
      was_set = true;
    }
    if (sink.descriptions.size() > 1) sink.stop.request_stop();
  };
  ASSERT_TRUE(collect(camera, SIZE_MAX, sink));
  ASSERT_EQ(sink.descriptions.size(), 2U);
  EXPECT_FLOAT_EQ(static_cast<float>(sink.descriptions[1].streams[0]->depth_unit_m), 0.0001F);
  EXPECT_EQ(sink.frames.back()->profile, sink.descriptions[1].streams[0]);
  for (const auto& control : sink.descriptions[1].controls)
    if (control.name == "depth_laser_power") {
      EXPECT_EQ(control.value, ControlValue(std::int64_t{360}));
    }
}

TEST_F(RealsenseTest, APresetIsSetAtOpening) {
  ASSERT_TRUE(collect(source("realsense:?streams=depth&preset=High%20Accuracy"), 1, sink));
  for (const auto& control : sink.descriptions[0].controls)
    if (control.name == "depth_visual_preset") {
      EXPECT_EQ(control.value, ControlValue(std::int64_t{2}));
    }
  const auto wrong = collect(source("realsense:?preset=Best"), 1, sink);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("High Accuracy"));
}

TEST_F(RealsenseTest, NamesWhatThereIsInsteadOfWhatThereIsNot) {
  plug("111 222");
  const auto absent = source("realsense:333").probe();
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::NotFound);
  EXPECT_THAT(absent.error().message, HasSubstr("111 (Intel RealSense D435I), 222"));
  EXPECT_EQ(collect(source("realsense:333"), 1, sink).error().code, ErrorCode::NotFound);
  ASSERT_TRUE(collect(source("realsense:222"), 1, sink));
  EXPECT_EQ(sink.descriptions[0].serial, "222");
  const auto size = collect(source("realsense:?size=100x100"), 1, sink);
  ASSERT_FALSE(size);
  EXPECT_THAT(size.error().message, HasSubstr("z16 1280x720 at 30 Hz"));
  EXPECT_THAT(source().sizes(),
              testing::UnorderedElementsAre(PictureSize{1280, 720}, PictureSize{640, 480}));
}

TEST_F(RealsenseTest, ARefusalKeepsItsReason) {
  write("fail_open", "2 no bandwidth");
  const auto refused = collect(source(), 1, sink);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Busy);
  EXPECT_THAT(refused.error().message, HasSubstr("no bandwidth (rs2_open_multiple)"));
}

TEST_F(RealsenseTest, PlaysARecordingToItsEndOrForEver) {
  write("room.bag", "#ROSBAG V2.0\n");
  const auto uri = "realsense:file=" + (folder.path() / "room.bag").string();
  const auto ended = collect(source(uri + "?streams=depth&loop=0"), 100, sink);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::Closed);
  EXPECT_EQ(sink.frames.size(), 5U);

  CollectingSink looped;
  ASSERT_TRUE(collect(source(uri + "?streams=depth"), 12, looped));
  for (std::size_t i = 0; i < looped.frames.size(); ++i)
    EXPECT_EQ(looped.frames[i]->sequence, i) << "numbers go on";
  EXPECT_EQ(source("realsense:file=/nonexistent.bag").probe().error().code, ErrorCode::NotFound);
  write("room.bag", "something else");
  EXPECT_THAT(collect(source(uri), 1, looped).error().message, HasSubstr("not a bag"));
}

// The real runner around the source.
class RealsenseRunnerTest : public RealsenseTest {
 protected:
  void start(const std::string& uri) {
    source::RunnerSettings settings;
    settings.backoff_first = std::chrono::milliseconds(5);
    settings.backoff_max = std::chrono::milliseconds(20);
    settings.probe_interval = std::chrono::milliseconds(5);
    settings.stall_minimum = std::chrono::seconds(1);
    settings.stall_frame_times = 1;
    settings.restart_stalled_after = std::chrono::milliseconds(1);
    settings.abandon_after = std::chrono::milliseconds(500);
    runner = std::make_unique<source::SourceRunner>(
        "test",
        [this, uri]() -> Result<std::unique_ptr<Source>> {
          auto made = make(uri);
          if (!made) return fail(made.error());
          return std::unique_ptr<Source>(std::move(*made));
        },
        listener, settings, base::system_clock());
    runner->start();
    runner->set_demand(true);
  }
  [[nodiscard]] bool reaches(SourceState state) {
    return listener.waiter.wait([&] { return runner->status().state == state; });
  }
  ~RealsenseRunnerTest() override {
    remove("stuck");
    remove("stalled");
    if (runner) runner->stop();
    runner.reset();
    // What was abandoned ends by itself.
    EXPECT_TRUE(listener.waiter.wait([] { return live_objects() <= 1; }));
  }

  source::RecordingListener listener;
  std::unique_ptr<source::SourceRunner> runner;
};

TEST_F(RealsenseRunnerTest, ComesBackAfterItWasUnplugged) {
  start("realsense:" + serial);
  ASSERT_TRUE(reaches(SourceState::Streaming));
  unplug();
  ASSERT_TRUE(reaches(SourceState::Absent));
  EXPECT_FALSE(runner->status().reason.empty());
  plug(serial);
  ASSERT_TRUE(reaches(SourceState::Streaming));
}

TEST_F(RealsenseRunnerTest, ACallThatHangsIsAbandonedAndTheCameraComesBack) {
  start("realsense:" + serial);
  ASSERT_TRUE(reaches(SourceState::Streaming));
  write("stuck", "");
  write("stalled", "");
  ASSERT_TRUE(listener.waiter.wait([&] { return runner->status().abandoned > 0; }));
  remove("stuck");
  remove("stalled");
  const auto before = runner->status().frames;
  EXPECT_TRUE(listener.waiter.wait([&] { return runner->status().frames > before + 5; }));
}

TEST(RealsenseLibrary, SaysWhatIsMissing) {
  const auto absent = Library::load({"librealsense2.so.0.0"});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::NotFound);
  EXPECT_THAT(absent.error().message, HasSubstr("v4l2:"));
  const auto other = Library::load({"libm.so.6"});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("rs2_get_error_message"));
}

TEST(RealsenseLibrary, TakesEvery2_50OrNewer) {
  const source::TemporaryFolder folder;
  ::setenv("FAKE_REALSENSE_DIR", folder.path().c_str(), 1);
  const auto with_version = [&](const char* version) {
    std::ofstream(folder.path() / "api_version") << version;
    return Library::load({FAKE_REALSENSE2});
  };
  EXPECT_EQ(with_version("23801").error().code, ErrorCode::VersionMismatch);
  EXPECT_EQ(with_version("30000").error().code, ErrorCode::VersionMismatch);
  for (const char* version : {"25000", "25407", "25702"}) {
    const auto library = with_version(version);
    ASSERT_TRUE(library) << version;
    Cameras cameras(*library);
    const auto list = cameras.list();
    EXPECT_TRUE(list) << "the session gets the library's own version: " << list.error().message;
  }
}

}  // namespace
}  // namespace lenswire::realsense
