// vivid's fault controls, on a stream that runs.
#include <gmock/gmock.h>

#include "vivid_machine.hpp"

namespace lenswire::source::v4l2 {
namespace {

using testing::HasSubstr;

constexpr const char* kFast = "v4l2:/dev/video0?size=320x180&fps=50";

std::uint64_t gaps(const std::vector<FramePtr>& frames) {
  std::uint64_t lost = 0;
  for (std::size_t i = 1; i < frames.size(); ++i)
    lost += frames[i]->sequence - frames[i - 1]->sequence - 1;
  return lost;
}

TEST_F(VividTest, ADamagedBufferCostsOneFrame) {
  const auto source = make(kFast);
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 3);
  for (int i = 0; i < 10; ++i) {
    set({{"inject_v4l2_buf_flag_error", std::int64_t{1}}});
    const auto wanted = static_cast<std::size_t>(i) + 1;
    ASSERT_TRUE(sink.wait_for([&] { return sink.troubles.size() >= wanted; }));
  }
  wait_for_frames(sink, sink.frame_count() + 8);
  ASSERT_TRUE(run.finish());
  EXPECT_EQ(sink.troubles.size(), 10U);
  EXPECT_THAT(sink.troubles[0].message, HasSubstr("damaged"));
  EXPECT_GE(gaps(sink.frames), 10U);
}

TEST_F(VividTest, DroppedBuffersAreGaps) {
  set({{"percentage_of_dropped_buffers", std::int64_t{50}}});
  const auto source = make(kFast);
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 40);
  ASSERT_TRUE(run.finish());
  const auto lost = gaps(sink.frames);
  EXPECT_GE(lost, 10U);
  std::printf("%zu frames, %llu lost by the driver\n", sink.frames.size(),
              static_cast<unsigned long long>(lost));
}

TEST_F(VividTest, TheSequenceRisesThroughTheWrap) {
  set({{"wrap_sequence_number", true}});  // begins 128 before 2^32
  const auto source = make(kFast);
  RecordingSink sink;
  BackgroundRun run(*source, sink);
  ASSERT_TRUE(
      sink.wait_for([&] { return !sink.frames.empty() && sink.frames.back()->sequence > 160; }));
  ASSERT_TRUE(run.finish());
  EXPECT_LT(sink.frames.back()->sequence, 1000U);
  for (std::size_t i = 1; i < sink.frames.size(); ++i)
    ASSERT_GT(sink.frames[i]->sequence, sink.frames[i - 1]->sequence);
}

TEST_F(VividTest, WrappedStampsAreNotBelieved) {
  for (const std::int64_t bits : {1, 2}) {  // 64 Bit, 32 Bit
    set({{"wrap_timestamp", bits}});
    const auto source = make(kFast);
    RecordingSink sink;
    BackgroundRun run(*source, sink);
    wait_for_frames(sink, 5);
    ASSERT_TRUE(run.finish());
    for (const auto& frame : sink.frames) {
      EXPECT_LE(frame->capture_time, frame->arrival_time);
      EXPECT_LT(frame->arrival_time - frame->capture_time, std::chrono::seconds(1));
    }
  }
}

TEST_F(VividTest, AFatalErrorEndsTheRunAndTheNextOneWorks) {
  const auto source = make(kFast);
  RecordingSink sink;
  {
    BackgroundRun run(*source, sink);
    wait_for_frames(sink, 2);
    const auto started = std::chrono::steady_clock::now();
    set({{"inject_fatal_streaming_error", std::int64_t{1}}});
    const auto result = run.wait();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Timeout);
    std::printf("fatal error: '%s' after %.1f ms\n", result.error().message.c_str(),
                ms_since(started));
  }
  const auto before = sink.frames.size();
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, before + 2);
  EXPECT_GT(sink.frames[before]->sequence, sink.frames[before - 1]->sequence);
  EXPECT_TRUE(run.finish());
}

TEST_F(VividTest, RefusedBuffersAndStreamsAreErrorsAndLeakNothing) {
  const auto source = make(kFast);
  RecordingSink sink;
  const auto before = open_descriptors();
  for (const char* fault : {"inject_vidioc_reqbufs_error", "inject_vidioc_streamon_error"}) {
    set({{fault, std::int64_t{1}}});
    const auto error = failing_run(*source, sink);
    EXPECT_EQ(error.code, ErrorCode::Unsupported) << fault;
    EXPECT_THAT(error.message, HasSubstr("/dev/video0 failed while")) << fault;
  }
  EXPECT_EQ(open_descriptors(), before);
  BackgroundRun run(*source, sink);
  wait_for_frames(sink, 2);
  EXPECT_TRUE(run.finish());
}

}  // namespace
}  // namespace lenswire::source::v4l2
