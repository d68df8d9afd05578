// Drivers in a process of their own: the real lenswire-driver, with a module that misbehaves, and
// with those of OpenNI2 and libfreenect where they were built.
#include "source/driver/driver_source.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "base/module.hpp"
#include "base/stop_token.hpp"
#include "source/collecting_sink_for_test.hpp"
#include "source/scripted_source_for_test.hpp"
#include "source/temporary_folder_for_test.hpp"

namespace lenswire::source {
namespace {

using testing::HasSubstr;

Result<std::unique_ptr<Source>> make(const std::string& uri) {
  ::setenv("LENSWIRE_MODULE_PATH", LENSWIRE_MODULES, 1);
  return make_driver_source(*base::SourceUri::parse(uri), SourceContext{base::system_clock()});
}

std::unique_ptr<Source> made(const std::string& uri) { return unwrap(make(uri)); }

bool has_module(const char* name) {
  return ::access(fmt::format("{}/lenswire-{}.so", LENSWIRE_MODULES, name).c_str(), R_OK) == 0;
}

std::uint16_t value_at(const Frame& frame, std::size_t pixel) {
  std::uint16_t value = 0;
  std::memcpy(&value, frame.data.data() + pixel * 2, 2);
  return value;
}

TEST(Driver, DeliversWhatItsSourceDelivers) {
  const auto source = made("misbehaving:damage");
  CollectingSink sink;
  const auto result = collect(*source, 30, sink);
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(sink.descriptions.size(), 1U);
  EXPECT_EQ(sink.descriptions[0].model, "misbehaving");
  ASSERT_EQ(sink.frames.size(), 30U);
  for (const auto& frame : sink.frames) {
    EXPECT_EQ(frame->profile, sink.descriptions[0].streams[0]);
    ASSERT_EQ(frame->data.size(), 16U * 8 * 2);
    for (std::size_t i = 0; i < 16 * 8; ++i) ASSERT_EQ(value_at(*frame, i), frame->sequence);
    EXPECT_EQ(frame->conditions.gain, 7U);
    EXPECT_GE(frame->arrival_time, frame->capture_time);
  }
  ASSERT_EQ(sink.troubles.size(), 1U);
  EXPECT_EQ(sink.troubles[0].message, "a torn frame");
}

TEST(Driver, ACrashEndsTheRunWithItsReasonAndTheNextRunWorks) {
  const auto source = made("misbehaving:crash");
  for (int run = 0; run < 2; ++run) {
    CollectingSink sink;
    const auto result = collect(*source, 100, sink);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Busy);
    EXPECT_THAT(result.error().message, HasSubstr("SIGABRT"));
    EXPECT_EQ(sink.frames.size(), 3U) << "what came before the crash counts";
  }
}

TEST(Driver, TheRunnerStartsACrashedDriverAgain) {
  RecordingListener listener;
  RunnerSettings settings;
  settings.backoff_first = std::chrono::milliseconds(1);
  settings.backoff_max = std::chrono::milliseconds(5);
  SourceRunner runner(
      "test", [] { return make("misbehaving:crash"); }, listener, settings, base::system_clock());
  runner.start();
  runner.set_demand(true);
  EXPECT_TRUE(listener.waiter.wait([&] { return runner.status().frames >= 9; }));
  EXPECT_GE(runner.status().failures, 2U);
  EXPECT_EQ(runner.status().abandoned, 0U);
}

TEST(Driver, MayCrashOrHangWhenItIsToldToStop) {
  for (const char* uri : {"misbehaving:crash-at-end", "misbehaving:hang"}) {
    const auto source = made(uri);
    CollectingSink sink;
    const auto result = collect(*source, 2, sink);
    EXPECT_TRUE(result) << uri << ": " << result.error().message;
  }
}

TEST(Driver, OneThatHangsDoesNotOutliveAServerThatIsKilled) {
  if (std::getenv("LENSWIRE_TEST_IS_SERVER") != nullptr) {
    EXPECT_FALSE(make("misbehaving:hang-when-made"));
    return;
  }
  const TemporaryFolder folder;
  const auto file = folder.path() / "pid";
  ::setenv("MISBEHAVING_PID_FILE", file.c_str(), 1);
  ::setenv("LENSWIRE_TEST_IS_SERVER", "1", 1);
  std::string filter = "--gtest_filter=Driver.OneThatHangsDoesNotOutliveAServerThatIsKilled";
  std::string program = "/proc/self/exe";
  char* arguments[] = {program.data(), filter.data(), nullptr};
  pid_t server = 0;
  ASSERT_EQ(::posix_spawn(&server, program.c_str(), nullptr, nullptr, arguments, environ), 0);
  ::unsetenv("LENSWIRE_TEST_IS_SERVER");
  pid_t driver = 0;
  Waiter waiter;
  EXPECT_TRUE(waiter.wait([&] {
    std::ifstream in(file);
    return (in >> driver) && in.get() == '\n';
  }));
  ::kill(server, SIGKILL);
  ASSERT_EQ(::waitpid(server, nullptr, 0), server);
  // Gone, or dead and not yet reaped by whoever inherits it.
  EXPECT_TRUE(waiter.wait([&] {
    std::ifstream in(fmt::format("/proc/{}/stat", driver));
    std::string number, name, state;
    return !(in >> number >> name >> state) || state == "Z" || state == "X";
  }));
  if (testing::Test::HasFailure() && driver > 0) ::kill(driver, SIGKILL);
}

TEST(Driver, ControlsAreSetInARunAndWithoutOne) {
  const auto source = made("misbehaving:play");
  const auto idle = source->controls();
  ASSERT_TRUE(idle) << idle.error().message;
  EXPECT_EQ(idle->at(0).name, "level");

  RecordingListener listener;
  RunnerSettings settings;
  SourceRunner runner(
      "test", [] { return make("misbehaving:play"); }, listener, settings, base::system_clock());
  runner.start();
  runner.set_demand(true);
  ASSERT_TRUE(listener.waiter.wait([&] { return runner.status().frames > 0; }));
  const auto set = runner.set_controls({{"level", std::int64_t{8}}});
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->at(0).value, ControlValue(std::int64_t{8}));
  EXPECT_EQ(runner.controls()->at(0).value, ControlValue(std::int64_t{8}));
  const auto refused = runner.set_controls({{"level", std::int64_t{10}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
}

TEST(Driver, ErrorsOfTheOtherProcessAreItsOwn) {
  const auto bad = make("misbehaving:");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::InvalidArgument);
  EXPECT_THAT(bad.error().message, HasSubstr("say how"));
  CollectingSink sink;
  EXPECT_EQ(collect(*made("misbehaving:absent"), 1, sink).error().code, ErrorCode::NotFound);
  const auto missing = make("nosuchmodule:");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("lenswire-nosuchmodule.so"));
  const auto found = find_driver_sources("misbehaving");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].uri, "misbehaving:play");
  EXPECT_TRUE(find_driver_sources("nosuchmodule").empty());
}

// OpenNI2's own Dummy device: depth of 320x240 and colour, and a crash when a stream is closed.
TEST(OpenNi2, TheDummyStreamsDepthAgainAndAgainThoughItCrashes) {
  if (!has_module("openni2")) GTEST_SKIP() << "the module openni2 was not built";
  const auto source = made("openni2:Dummy");
  for (int run = 0; run < 2; ++run) {
    CollectingSink sink;
    const auto result = collect(*source, 10, sink);
    ASSERT_TRUE(result) << result.error().message;
    const auto& profile = *sink.descriptions.at(0).streams.at(0);
    EXPECT_EQ(profile.stream, "depth");
    EXPECT_EQ(profile.width, 320U);
    EXPECT_EQ(profile.height, 240U);
    EXPECT_DOUBLE_EQ(profile.depth_unit_m, 0.001);
    const auto depth = sink.of("depth");
    ASSERT_GE(depth.size(), 2U);
    for (std::size_t i = 1; i < depth.size(); ++i)
      EXPECT_GT(depth[i]->sequence, depth[i - 1]->sequence);
    EXPECT_EQ(depth[0]->data.size(), 320U * 240 * 2);
  }
  EXPECT_TRUE(source->controls());
}

TEST(OpenNi2, NamesWhatItCanNotDo) {
  if (!has_module("openni2")) GTEST_SKIP() << "the module openni2 was not built";
  CollectingSink sink;
  const auto size = collect(*made("openni2:Dummy?size=100x100"), 1, sink);
  ASSERT_FALSE(size);
  EXPECT_THAT(size.error().message, HasSubstr("320x240"));
  const auto stream = collect(*made("openni2:Dummy?streams=infrared"), 1, sink);
  ASSERT_FALSE(stream);
  EXPECT_THAT(stream.error().message, HasSubstr("no stream infrared"));
  const auto absent = collect(*made("openni2:1d27/0601@9/9"), 1, sink);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::NotFound);
  EXPECT_THAT(make("openni2:?speed=1").error().message, HasSubstr("registration"));
}

// A recording as fakenect reads it: depth of 11 bits, RGB, acceleration.
class Fakenect : public testing::Test {
 protected:
  static constexpr int kFrames = 12;

  void SetUp() override {
    if (!has_module("freenect")) GTEST_SKIP() << "the module freenect was not built";
    if (::access(FAKENECT_FOLDER "/libfreenect.so.0.5", R_OK) != 0)
      GTEST_SKIP() << "no fakenect in " << FAKENECT_FOLDER;
    std::ofstream index(folder / "INDEX.txt");
    for (int i = 0; i < kFrames; ++i) {
      const double seconds = 1000 + i / 30.0;
      // One frame is missing after the fourth.
      const unsigned ticks = static_cast<unsigned>(i + (i > 3 ? 1 : 0)) * 2'000'000U;
      const auto depth = fmt::format("d-{:.6f}-{}.pgm", seconds, ticks);
      std::string pixels(640 * 480 * 2, '\0');
      for (std::size_t p = 0; p < 640 * 480; ++p) {
        const auto raw =
            static_cast<std::uint16_t>(p % 640 == 0 ? 2047 : 400 + i + static_cast<int>(p % 400));
        std::memcpy(pixels.data() + p * 2, &raw, 2);
      }
      folder.write(depth, "P5 640 480 65535\n" + pixels);
      const auto color = fmt::format("r-{:.6f}-{}.ppm", seconds + 0.001, ticks);
      folder.write(color, "P6 640 480 255\n" + std::string(640 * 480 * 3, static_cast<char>(i)));
      index << depth << '\n' << color << '\n';
    }
    index.close();
    ::setenv("FAKENECT_PATH", folder.path().c_str(), 1);
    ::setenv("LD_LIBRARY_PATH", FAKENECT_FOLDER, 1);
    // It looks for line ends in pictures without a 0 at their end.
    if (const char* options = std::getenv("ASAN_OPTIONS")) {
      asan_options_ = options;
      ::setenv("ASAN_OPTIONS", (*asan_options_ + ":strict_string_checks=0").c_str(), 1);
    }
  }
  void TearDown() override {
    if (asan_options_) ::setenv("ASAN_OPTIONS", asan_options_->c_str(), 1);
    ::unsetenv("LD_LIBRARY_PATH");
    ::unsetenv("FAKENECT_PATH");
  }

  // The curve of the library's wiki, written down independently.
  static std::uint16_t millimetres(int raw) {
    return raw == 2047
               ? 0
               : static_cast<std::uint16_t>(1000.0 / (3.3309495161 - 0.0030711016 * raw) + 0.5);
  }

  TemporaryFolder folder;
  std::optional<std::string> asan_options_;
};

TEST_F(Fakenect, PlaysDepthAndColorPixelByPixel) {
  const auto source = made("freenect:");
  CollectingSink sink;
  const auto result = collect(*source, 8, sink);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(sink.descriptions.at(0).model, "Kinect for Xbox 360");
  const auto depth = sink.of("depth");
  ASSERT_GE(depth.size(), 2U);
  for (const auto& frame : depth) {
    // Which one it is: a slow reader loses some.
    int i = 0;
    while (i < kFrames && value_at(*frame, 399) != millimetres(799 + i)) ++i;
    ASSERT_LT(i, kFrames);
    const auto number = static_cast<std::uint64_t>(i + (i > 3 ? 1 : 0));
    EXPECT_EQ(frame->sequence, number) << "the gap shows";
    EXPECT_EQ(frame->device_time_ns, static_cast<std::int64_t>(number) * 1'000'000'000 / 30);
    for (std::size_t p = 0; p < 640 * 480; ++p) {
      const int raw = p % 640 == 0 ? 2047 : 400 + i + static_cast<int>(p % 400);
      ASSERT_EQ(value_at(*frame, p), millimetres(raw)) << i << ' ' << p;
    }
  }
  const auto color = sink.of("color");
  ASSERT_FALSE(color.empty());
  for (const auto& frame : color) {
    ASSERT_EQ(frame->data.size(), 640U * 480 * 3);
    EXPECT_LT(std::to_integer<int>(frame->data[0]), kFrames);
    EXPECT_EQ(frame->data[12345], frame->data[0]);
  }
}

TEST_F(Fakenect, HasMotorLedAndAccelerometer) {
  const auto source = made("freenect:?streams=depth,accel");
  const auto controls = source->controls();
  ASSERT_TRUE(controls) << controls.error().message;
  std::vector<std::string> names;
  for (const auto& control : *controls) names.push_back(control.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"tilt_angle", "tilt_status", "led"}));
  const auto led = source->set_controls({{"led", std::string("red")}});
  ASSERT_TRUE(led) << led.error().message;
  EXPECT_EQ(led->at(0).value, ControlValue(std::int64_t{2}));
  EXPECT_FALSE(source->set_controls({{"tilt_angle", std::int64_t{90}}}));

  CollectingSink sink;
  bool has_accel = false;
  sink.on_frame = [&] {
    has_accel = has_accel || sink.frames.back()->profile->kind == StreamKind::Motion;
    if (has_accel) sink.stop.request_stop();
  };
  ASSERT_TRUE(collect(*source, SIZE_MAX, sink));
  EXPECT_EQ(sink.of("accel").at(0)->data.size(), 12U);
}

TEST_F(Fakenect, TheEndOfTheRecordingLooksLikeAnUnpluggedCamera) {
  CollectingSink sink;
  const auto result = collect(*made("freenect:?streams=depth"), 1000, sink);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Disconnected);
  EXPECT_FALSE(sink.frames.empty());
}

}  // namespace
}  // namespace lenswire::source
