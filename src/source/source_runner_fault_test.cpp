// source_runner_fault_test.cpp - sources that stall, hang, throw and flap.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <thread>

#include "source/scripted_source_for_test.hpp"
#include "source/source_runner.hpp"

namespace lenswire::source {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::ptrdiff_t entries_in(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder),
                       std::filesystem::directory_iterator());
}

/// Two streams whose frames come when the test says so.
struct Hose {
  StreamProfilePtr color = test_profile("color", 30);
  StreamProfilePtr depth = test_profile("depth", 30);
  std::atomic<std::uint64_t> color_wanted{1};
  std::atomic<std::uint64_t> depth_wanted{1};

  Script::Run run() {
    return [this](SourceSink& sink, const base::StopToken& stop) -> Result<void> {
      sink.opened(describe({color, depth}));
      std::uint64_t colors = 0;
      std::uint64_t depths = 0;
      do {
        while (colors < color_wanted) sink.frame(test_frame(color, colors++));
        while (depths < depth_wanted) sink.frame(test_frame(depth, depths++));
      } while (!stop.wait_for(1ms));
      return {};
    };
  }
};

}  // namespace

TEST(SourceRunnerFault, AStallIsNamedAndEndsWithTheNextFrame) {
  base::ManualClock clock;
  Hose hose;
  ScriptedRunner test(hose.run(), clock);
  test.settings.stall_minimum = 2s;
  test.settings.restart_stalled_after = 1h;
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().frames == 2; }));
  clock.advance(1999ms);
  test.runner().set_demand(true);
  EXPECT_EQ(test.runner().status().state, SourceState::Streaming);
  clock.advance(1ms);
  const auto stalled_at = clock.now();
  test.runner().set_demand(true);  // wakes the runner: this clock does not
  ASSERT_TRUE(test.reaches(SourceState::Stalled));
  EXPECT_EQ(test.runner().status().reason, "stream 'color' gave no frame for 2 s");
  EXPECT_EQ(test.runner().status().since, stalled_at);
  ASSERT_TRUE(test.wait([&] { return test.listener.last_state == SourceState::Stalled; }));
  hose.color_wanted = 2;
  ASSERT_TRUE(test.wait([&] { return test.runner().status().frames == 3; }));
  EXPECT_EQ(test.runner().status().state, SourceState::Stalled) << "depth still says nothing";
  hose.depth_wanted = 2;
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  EXPECT_EQ(test.runner().status().failures, 0U);
}

TEST(SourceRunnerFault, ASilentRunIsBegunAgain) {
  base::ManualClock clock;
  Hose hose;
  ScriptedRunner test(hose.run(), clock);
  test.settings.stall_minimum = 2s;
  test.settings.backoff_first = test.settings.backoff_max = 1ns;
  test.settings.restart_stalled_after = 5s;
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().frames == 2; }));
  clock.advance(7s);
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().failures == 1; }));
  clock.advance(1s);  // past the back-off
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().frames == 4; }));
  EXPECT_EQ(test.runner().status().opens, 2U);
  EXPECT_EQ(test.runner().status().abandoned, 0U);
}

TEST(SourceRunnerFault, OneStreamThatStillFlowsPreventsTheRestart) {
  base::ManualClock clock;
  Hose hose;
  ScriptedRunner test(hose.run(), clock);
  test.settings.stall_minimum = 2s;
  test.settings.restart_stalled_after = 5s;
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().frames == 2; }));
  for (std::uint64_t i = 2; i < 12; ++i) {
    clock.advance(1s);
    hose.color_wanted = i;
    ASSERT_TRUE(test.wait([&] { return test.runner().status().frames == i + 1; }));
    test.runner().set_demand(true);
  }
  ASSERT_TRUE(test.reaches(SourceState::Stalled));
  EXPECT_THAT(test.runner().status().reason, HasSubstr("'depth'"));
  EXPECT_EQ(test.script->runs, 1);
}

TEST(SourceRunnerFault, AnOpenThatTakesTooLongIsAStall) {
  base::ManualClock clock;
  ScriptedRunner test(one_frame_then_wait(), clock);
  test.script->run = [](SourceSink&, const base::StopToken& stop) -> Result<void> {
    while (!stop.wait_for(1h)) {
    }
    return {};
  };
  test.settings.open_timeout = 15s;
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.script->runs == 1; }));
  clock.advance(15s);
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().failures == 1; }));
  EXPECT_EQ(test.runner().status().reason, "opening takes longer than 15 s");
  EXPECT_EQ(test.runner().status().opens, 0U);
}

TEST(SourceRunnerFault, AnEndNobodyAskedForIsAFailure) {
  ScriptedRunner test([](SourceSink&, const base::StopToken&) -> Result<void> { return {}; });
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().failures >= 3; }));
  EXPECT_EQ(test.runner().status().reason, "the source ended without being asked to");
}

TEST(SourceRunnerFault, AnExceptionIsAFailure) {
  ScriptedRunner test([](SourceSink&, const base::StopToken&) -> Result<void> {
    throw std::runtime_error("the driver threw");
  });
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().failures >= 2; }));
  EXPECT_THAT(test.runner().status().reason, HasSubstr("the driver threw"));
}

TEST(SourceRunnerFault, StopDoesNotWaitForARunThatNeverReturns) {
  const auto latch = std::make_shared<Latch>();
  std::shared_ptr<Script> script;
  int frames_at_stop = 0;
  {
    ScriptedRunner test(one_frame_then_wait());
    test.settings.abandon_after = 20ms;
    script = test.script;
    script->run = [latch](SourceSink& sink, const base::StopToken&) -> Result<void> {
      const auto profile = test_profile("color", 30);
      sink.opened(describe({profile}));
      sink.frame(test_frame(profile, 0));
      latch->wait();
      sink.frame(test_frame(profile, 1));  // into the void: the listener is gone
      sink.trouble({ErrorCode::Busy, "too late"});
      return {};
    };
    test.runner().set_demand(true);
    ASSERT_TRUE(test.reaches(SourceState::Streaming));
    test.runner().stop();
    EXPECT_TRUE(test.runner().abandoned());
    EXPECT_EQ(test.runner().status().abandoned, 1U);
    frames_at_stop = test.listener.frames;
  }
  EXPECT_EQ(frames_at_stop, 1);
  EXPECT_EQ(script->alive, 1) << "the stuck run keeps its source";
  latch->open();
  Waiter waiter;
  EXPECT_TRUE(waiter.wait([&] { return script->alive == 0; }));
}

TEST(SourceRunnerFault, AStuckRunIsAbandonedAndANewSourceStreams) {
  const auto latch = std::make_shared<Latch>();
  base::ManualClock clock;
  ScriptedRunner test(one_frame_then_wait(), clock);
  test.script->run = [latch, script = test.script.get()](SourceSink& sink,
                                                         const base::StopToken& stop) {
    if (script->runs > 1) return one_frame_then_wait()(sink, stop);
    latch->wait();  // inside the opening of the device
    sink.opened(describe({}));
    return Result<void>{};
  };
  test.settings.open_timeout = 15s;
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.script->runs == 1; }));
  clock.advance(15s);
  test.runner().set_demand(true);  // wakes the runner: this clock does not
  ASSERT_TRUE(test.reaches(SourceState::Stalled));
  clock.advance(kPatience);  // that is abandon_after
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return test.runner().status().abandoned == 1; }));
  clock.advance(1s);  // past the back-off
  test.runner().set_demand(true);
  ASSERT_TRUE(test.reaches(SourceState::Streaming));
  EXPECT_TRUE(test.runner().abandoned());
  EXPECT_EQ(test.script->made, 2);
  latch->open();
  ASSERT_TRUE(test.wait([&] { return !test.runner().abandoned(); }));
  ASSERT_TRUE(test.wait([&] { return test.script->alive == 1; }));
  EXPECT_EQ(test.listener.opened, 1) << "nobody hears an abandoned run";
}

TEST(SourceRunnerFault, StopsTryingWhenTooManyRunsAreStuck) {
  const auto latch = std::make_shared<Latch>();
  ScriptedRunner test([latch](SourceSink&, const base::StopToken&) -> Result<void> {
    latch->wait();
    return {};
  });
  test.settings.open_timeout = 1ms;
  test.settings.abandon_after = 1ms;
  test.settings.max_abandoned = 2;
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait(
      [&] { return test.runner().status().reason.find("never returned") != std::string::npos; }));
  EXPECT_EQ(test.runner().status().state, SourceState::Failed);
  EXPECT_EQ(test.runner().status().abandoned, 2U);
  ASSERT_TRUE(test.wait([&] { return test.script->runs == 2; }));
  latch->open();
  ASSERT_TRUE(test.wait([&] { return test.script->runs > 2; }));
  test.runner().stop();
  EXPECT_TRUE(test.wait([&] { return !test.runner().abandoned(); }));
}

TEST(SourceRunnerFault, StopDoesNotWaitForAProbeThatNeverReturns) {
  const auto latch = std::make_shared<Latch>();
  ScriptedRunner test(one_frame_then_wait());
  test.settings.abandon_after = 20ms;
  test.script->probe = [latch]() -> Result<void> {
    latch->wait();
    return {};
  };
  const auto script = test.script;
  ASSERT_TRUE(test.wait(
      [&] { return test.runner().status().state == SourceState::Idle && script->probes == 1; }));
  test.runner().stop();
  EXPECT_TRUE(test.runner().abandoned());
  latch->open();
  EXPECT_TRUE(test.wait([&] { return !test.runner().abandoned(); }));
}

TEST(SourceRunnerFault, FlappingAThousandTimesLeaksNothing) {
  ScriptedRunner test(one_frame_then_wait());
  test.settings.backoff_first = test.settings.backoff_max = 1us;
  test.settings.probe_interval = 10us;
  std::atomic<int> flaps{0};
  test.script->run = [&flaps](SourceSink& sink, const base::StopToken&) -> Result<void> {
    const auto profile = test_profile("color", 30);
    sink.opened(describe({profile}));
    sink.frame(test_frame(profile, 0));
    ++flaps;
    return fail(ErrorCode::Disconnected, "unplugged");
  };
  test.runner().set_demand(true);
  ASSERT_TRUE(test.wait([&] { return flaps >= 10; }));
  // A run in the making holds a descriptor and a thread, and a joined thread stays listed for a
  // moment; a leak would be a thousand.
  constexpr int kInPassing = 8;
  const auto descriptors = entries_in("/proc/self/fd");
  const auto threads = entries_in("/proc/self/task");
  for (int i = 110; i <= 1010; i += 100) ASSERT_TRUE(test.wait([&] { return flaps >= i; }));
  EXPECT_TRUE(test.wait([&] {
    return entries_in("/proc/self/fd") <= descriptors + kInPassing &&
           entries_in("/proc/self/task") <= threads + kInPassing;
  }));
  test.runner().stop();
  const auto status = test.runner().status();
  EXPECT_EQ(status.frames, status.opens);
  EXPECT_GE(status.failures, 1009U);
  EXPECT_LE(test.script->alive, 1) << "none: it was just to be made anew";
}

TEST(SourceRunnerFault, TakesCallsFromManyThreads) {
  ScriptedRunner test(one_frame_then_wait());
  auto& runner = test.runner();
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&runner, t] {
      for (int i = 0; i < 200; ++i) {
        runner.set_demand((i + t) % 3 != 0);
        (void)runner.status();
        (void)runner.controls();
        (void)runner.set_controls({});
      }
    });
  for (auto& caller : callers) caller.join();
  std::thread other([&runner] { runner.stop(); });
  runner.stop();
  other.join();
  const int changes = test.listener.changes;
  runner.set_demand(true);
  EXPECT_EQ(test.listener.changes, changes);
  EXPECT_FALSE(runner.abandoned());
}

}  // namespace lenswire::source
