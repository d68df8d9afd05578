#include "source/source_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "source/scripted_source_for_test.hpp"

namespace lenswire::source {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(SourceState, HasAStableName) {
  EXPECT_EQ(to_string(SourceState::Idle), "idle");
  EXPECT_EQ(to_string(SourceState::Stalled), "stalled");
  EXPECT_EQ(to_string(SourceState::Stopping), "stopping");
}

TEST(SourceRunner, RunsOnlyWhileFramesAreWanted) {
  ScriptedRunner test(one_frame_then_wait());
  ASSERT_TRUE(test.wait([&] {
    return test.runner().status().state == SourceState::Idle && test.script->probes > 0;
  }));
  EXPECT_EQ(test.script->runs, 0);
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  ASSERT_TRUE(test.wait([&] { return test.listener.last_state == SourceState::Streaming; }));
  EXPECT_EQ(test.listener.opened, 1);
  EXPECT_EQ(test.listener.frames, 1);
  test.runner().set_demand(false);
  ASSERT_TRUE(test.reaches(SourceState::Idle));
  const auto status = test.runner().status();
  EXPECT_EQ(status.opens, 1U);
  EXPECT_EQ(status.frames, 1U);
  EXPECT_EQ(status.failures, 0U);
  EXPECT_EQ(status.reason, "");
}

TEST(SourceRunner, DemandThatComesBackWithinTheLingerKeepsTheRun) {
  base::ManualClock clock;
  ScriptedRunner test(one_frame_then_wait(), clock);
  test.settings.linger = 5s;
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  test.runner().set_demand(false);
  clock.advance(1s);
  test.runner().set_demand(true);
  clock.advance(1s);
  test.runner().set_demand(false);
  EXPECT_EQ(test.script->runs, 1);
  clock.advance(5s);
  test.runner().set_demand(false);  // wakes the runner: this clock does not
  ASSERT_TRUE(test.reaches(SourceState::Idle));
  EXPECT_EQ(test.script->runs, 1);
}

TEST(SourceRunner, LooksForTheDeviceOnceASecondWhileNobodyWatches) {
  base::ManualClock clock;
  ScriptedRunner test(one_frame_then_wait(), clock);
  std::atomic<bool> there{false};
  test.script->probe = [&there]() -> Result<void> {
    if (there) return {};
    return fail(ErrorCode::NotFound, "no such device");
  };
  test.settings.probe_interval = 1s;
  ASSERT_TRUE(test.reaches(SourceState::Absent));
  EXPECT_EQ(test.runner().status().reason, "no such device");
  const int probes = test.script->probes;
  there = true;
  clock.advance(999ms);
  for (int i = 0; i < 3; ++i) test.runner().set_demand(false);
  EXPECT_EQ(test.script->probes, probes);
  clock.advance(1ms);
  test.runner().set_demand(false);
  ASSERT_TRUE(test.reaches(SourceState::Idle));
  EXPECT_EQ(test.runner().status().reason, "");
}

TEST(SourceRunner, AProbeThatMayNotReadIsAFailureAndNotAnAbsence) {
  ScriptedRunner test(one_frame_then_wait());
  test.script->probe = []() -> Result<void> {
    return fail(ErrorCode::PermissionDenied, "add yourself to group video");
  };
  ASSERT_TRUE(test.reaches(SourceState::Failed));
  EXPECT_EQ(test.runner().status().reason, "add yourself to group video");
}

TEST(SourceRunner, WaitsLongerAfterEachFailure) {
  ScriptedRunner test(failing_with(ErrorCode::Busy, "in use"));
  test.settings.backoff_first = 2ms;
  test.settings.backoff_max = 8ms;
  std::vector<std::chrono::steady_clock::time_point> starts;
  std::atomic<int> count{0};
  test.script->run = [&](SourceSink&, const base::StopToken&) -> Result<void> {
    if (count < 6) starts.push_back(std::chrono::steady_clock::now());
    ++count;
    return fail(ErrorCode::Busy, "in use by another program");
  };
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return count >= 6; }));
  ASSERT_TRUE(test.reaches(SourceState::Failed));
  EXPECT_EQ(test.runner().status().reason, "in use by another program");
  EXPECT_GE(test.runner().status().failures, 5U);
  const std::array limits = {2ms, 4ms, 8ms, 8ms, 8ms};
  for (std::size_t i = 0; i < limits.size(); ++i) EXPECT_GE(starts[i + 1] - starts[i], limits[i]);
}

TEST(SourceRunner, OpensADeviceThatWasGoneAsSoonAsItIsThere) {
  ScriptedRunner test(one_frame_then_wait());
  test.settings.backoff_first = 1h;  // the back-off alone would never end
  test.settings.backoff_max = 1h;
  std::atomic<bool> there{true};
  std::atomic<bool> unplug{false};
  test.script->probe = [&]() -> Result<void> {
    if (there) return {};
    return fail(ErrorCode::NotFound, "/dev/video7 is not there; plug the camera in");
  };
  test.script->run = [&](SourceSink& sink, const base::StopToken& stop) -> Result<void> {
    const auto profile = test_profile("color", 30);
    sink.opened(describe({profile}));
    for (std::uint64_t i = 0; !stop.wait_for(1ms); ++i) {
      if (unplug) return fail(ErrorCode::Disconnected, "the camera was unplugged");
      sink.frame(test_frame(profile, i));
    }
    return {};
  };
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  there = false;
  unplug = true;
  ASSERT_TRUE(test.wait([&] {
    return test.runner().status().reason == "/dev/video7 is not there; plug the camera in";
  }));
  EXPECT_EQ(test.runner().status().state, SourceState::Absent);
  unplug = false;
  there = true;
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  EXPECT_EQ(test.runner().status().opens, 2U);
  EXPECT_EQ(test.runner().status().reason, "");
}

TEST(SourceRunner, MakesTheSourceAnewAfterFiveFailures) {
  ScriptedRunner test(failing_with(ErrorCode::Busy, "in use"));
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.script->made >= 3; }));
  test.runner().stop();
  // Runs are counted before makes, so the last source may have begun.
  EXPECT_GE(test.script->runs, 10);
  EXPECT_LE(test.script->runs, 5 * test.script->made);
}

TEST(SourceRunner, AFinitePlayRestsUntilItIsWantedAgain) {
  ScriptedRunner test(one_frame_then_wait());
  test.script->run = [](SourceSink& sink, const base::StopToken&) -> Result<void> {
    const auto profile = test_profile("color", 30);
    sink.opened(describe({profile}));
    sink.frame(test_frame(profile, 0));
    return fail(ErrorCode::Closed, "the recording has played to its end");
  };
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait(
      [&] { return test.runner().status().reason == "the recording has played to its end"; }));
  EXPECT_EQ(test.runner().status().state, SourceState::Idle);
  EXPECT_EQ(test.runner().status().failures, 0U);
  test.runner().set_demand(true);  // the same demand goes on
  const int probes = test.script->probes;
  test.runner().set_demand(false);
  ASSERT_TRUE(test.wait([&] { return test.script->probes > probes + 2; }));
  EXPECT_EQ(test.script->runs, 1);
  EXPECT_EQ(test.runner().status().reason, "the recording has played to its end");
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.script->runs == 2; }));
}

TEST(SourceRunner, CountsLostFramesAndTroubles) {
  ScriptedRunner test(one_frame_then_wait());
  test.script->run = [](SourceSink& sink, const base::StopToken& stop) -> Result<void> {
    const auto color = test_profile("color", 30);
    const auto depth = test_profile("depth", 30);
    sink.opened(describe({color, depth}));
    for (const std::uint64_t sequence : {7U, 8U, 11U}) sink.frame(test_frame(color, sequence));
    for (const std::uint64_t sequence : {3U, 4U, 6U}) sink.frame(test_frame(depth, sequence));
    sink.trouble({ErrorCode::InvalidArgument, "depth_005.png is damaged"});
    while (!stop.wait_for(1h)) {
    }
    return {};
  };
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().troubles == 1; }));
  const auto status = test.runner().status();
  EXPECT_EQ(status.frames, 6U);
  EXPECT_EQ(status.source_gaps, 3U);
  EXPECT_EQ(status.last_trouble, "depth_005.png is damaged");
  EXPECT_EQ(status.state, SourceState::Streaming);
}

TEST(SourceRunner, TellsWhyASourceCannotBeMadeAndTriesAgain) {
  RecordingListener listener;
  auto script = std::make_shared<Script>();
  script->run = one_frame_then_wait();
  std::atomic<bool> possible{false};
  RunnerSettings settings;
  settings.probe_interval = 1ms;
  SourceRunner runner(
      "test",
      [&]() -> Result<std::unique_ptr<Source>> {
        if (!possible) return fail(ErrorCode::Unsupported, "librealsense2.so is not installed");
        return std::make_unique<ScriptedSource>(script);
      },
      listener, settings, base::system_clock());
  runner.start();
  EXPECT_EQ(runner.status().state, SourceState::Failed);
  EXPECT_EQ(runner.status().reason, "librealsense2.so is not installed");
  const auto controls = runner.controls();
  ASSERT_FALSE(controls);
  EXPECT_EQ(controls.error().code, ErrorCode::Disconnected);
  EXPECT_THAT(controls.error().message, HasSubstr("librealsense2.so is not installed"));
  runner.set_demand(true);
  possible = true;
  ASSERT_TRUE(listener.waiter.wait([&] { return runner.status().frames >= 1; }));
}

TEST(SourceRunner, PassesControlsOnWithoutARun) {
  ScriptedRunner test(one_frame_then_wait());
  ASSERT_TRUE(test.runner().controls());
  const auto set = test.runner().set_controls({{"gain", std::int64_t{3}}});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::NotFound);
  EXPECT_EQ(set.error().message, "no control 'gain': this source has none");
}

TEST(SourceRunner, TheListenerMayAskAndEndItsDemand) {
  ScriptedRunner test(one_frame_then_wait());
  test.listener.on_frame = [&] {
    EXPECT_EQ(test.runner().status().frames, 1U);
    test.runner().set_demand(false);
  };
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.listener.frames == 1; }));
  ASSERT_TRUE(test.reaches(SourceState::Idle));
}

TEST(SourceRunner, StopsWithoutEverHavingStarted) {
  RecordingListener listener;
  SourceRunner runner(
      "test", []() -> Result<std::unique_ptr<Source>> { return nullptr; }, listener, {},
      base::system_clock());
  runner.stop();
  EXPECT_EQ(runner.status().state, SourceState::Idle);
}

namespace {

SourceRunner::Make maker_of(const std::shared_ptr<Script>& script) {
  return [script]() -> Result<std::unique_ptr<Source>> {
    return std::make_unique<ScriptedSource>(script);
  };
}

}  // namespace

TEST(SourceRunnerReconfigure, ARunningSourceGivesWayToTheNewOne) {
  ScriptedRunner test(one_frame_then_wait());
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  const auto other = std::make_shared<Script>();
  other->run = one_frame_then_wait();
  ASSERT_TRUE(test.runner().reconfigure(maker_of(other), kPatience));
  EXPECT_EQ(test.listener.opened, 2) << "the listener knows by then";
  EXPECT_EQ(other->runs, 1);
  EXPECT_EQ(test.script->alive, 0);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  EXPECT_EQ(test.runner().status().failures, 0U);
}

TEST(SourceRunnerReconfigure, ASourceThatFailsGivesWayToTheOldOne) {
  ScriptedRunner test(one_frame_then_wait());
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  const auto other = std::make_shared<Script>();
  other->run = failing_with(ErrorCode::InvalidArgument, "no such size");
  const auto result = test.runner().reconfigure(maker_of(other), kPatience);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("no such size"));
  EXPECT_EQ(test.script->runs, 2);
  EXPECT_EQ(test.script->made, 1) << "the old object, with its state";
  ASSERT_TRUE(test.wait([&] { return other->alive == 0; }));
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
}

TEST(SourceRunnerReconfigure, OneThatDoesNotOpenInTimeGivesWayToo) {
  ScriptedRunner test(one_frame_then_wait());
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  const auto other = std::make_shared<Script>();
  other->run = [](SourceSink&, const base::StopToken& stop) -> Result<void> {
    while (!stop.wait_for(std::chrono::hours(1))) {
    }
    return {};
  };
  const auto result = test.runner().reconfigure(maker_of(other), 50ms);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Timeout);
  ASSERT_TRUE(test.wait([&] { return test.script->runs == 2; }));
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
}

TEST(SourceRunnerReconfigure, ASourceThatHangsIsNotRunTwice) {
  for (const auto patience : {Nanoseconds(kPatience), Nanoseconds(1ms)}) {
    const auto latch = std::make_shared<Latch>();
    ScriptedRunner test(one_frame_then_wait());
    test.settings.abandon_after = 20ms;
    test.script->run = [latch, script = test.script.get()](SourceSink& sink,
                                                           const base::StopToken& stop) {
      const bool first = script->runs == 1;
      if (!first) return one_frame_then_wait()(sink, stop);
      const auto profile = test_profile("color", 30);
      sink.opened(describe({profile}));
      sink.frame(test_frame(profile, 0));
      latch->wait();
      return Result<void>{};
    };
    test.runner().set_demand(true);
    ASSERT_TRUE(test.reaches(SourceState::Streaming));
    const auto other = std::make_shared<Script>();
    other->run = failing_with(ErrorCode::InvalidArgument, "no such size");
    ASSERT_FALSE(test.runner().reconfigure(maker_of(other), patience));
    ASSERT_TRUE(test.wait([&] { return test.script->runs == 2; }));
    EXPECT_EQ(test.script->made, 2) << "the first is still inside run()";
    ASSERT_TRUE(test.reaches(SourceState::Streaming));
    latch->open();
    ASSERT_TRUE(test.wait([&] { return !test.runner().abandoned(); }));
  }
}

TEST(SourceRunnerReconfigure, OptionsThatTheKindRefusesTouchNothing) {
  ScriptedRunner test(one_frame_then_wait());
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  const auto result = test.runner().reconfigure(
      []() -> Result<std::unique_ptr<Source>> {
        return fail(ErrorCode::InvalidArgument, "unknown option 'size'");
      },
      kPatience);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(test.script->runs, 1);
  EXPECT_EQ(test.runner().status().state, SourceState::Streaming);
}

TEST(SourceRunnerReconfigure, WhereNobodyWatchesItWaitsForTheNextRun) {
  ScriptedRunner test(one_frame_then_wait());
  ASSERT_TRUE(test.wait([&] {
    return test.runner().status().state == SourceState::Idle && test.script->probes > 0;
  }));
  const auto other = std::make_shared<Script>();
  other->run = one_frame_then_wait();
  ASSERT_TRUE(test.runner().reconfigure(maker_of(other), kPatience));
  EXPECT_EQ(other->runs, 0);
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  EXPECT_EQ(other->runs, 1);
  EXPECT_EQ(test.script->runs, 0);
}

TEST(SourceRunnerReconfigure, AStoppedRunnerSaysSo) {
  ScriptedRunner test(one_frame_then_wait());
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  test.runner().stop();
  const auto result = test.runner().reconfigure(maker_of(test.script), kPatience);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Closed);
}

}  // namespace lenswire::source
