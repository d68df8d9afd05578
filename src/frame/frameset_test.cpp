#include <gtest/gtest.h>

#include <lenswire/frameset.hpp>

#include <string>
#include <vector>

namespace lenswire {
namespace {

StreamProfilePtr profile(const std::string& stream, double rate_hz) {
  auto out = std::make_shared<StreamProfile>();
  out->stream = stream;
  out->rate_hz = rate_hz;
  return out;
}

FramePtr frame(const StreamProfilePtr& stream, std::int64_t capture_ms,
               std::optional<std::int64_t> device_ms = {}) {
  auto out = std::make_shared<Frame>();
  out->profile = stream;
  out->capture_time = monotonic_from_ns(capture_ms * 1'000'000);
  if (device_ms) out->device_time_ns = *device_ms * 1'000'000;
  return out;
}

// "40/41 80/- ..." : the capture times in ms of every set that is ready.
std::string sets(FramesetAssembler& assembler) {
  std::string out;
  while (const auto set = assembler.next()) {
    if (!out.empty()) out += ' ';
    for (std::size_t i = 0; i < set->frames.size(); ++i) {
      if (i > 0) out += '/';
      const auto& one = set->frames[i];
      out += one ? std::to_string(to_ns(one->capture_time) / 1'000'000) : std::string("-");
    }
  }
  return out;
}

const auto kDepth = profile("depth", 25);  // 40 ms: half is 20, two are 80
const auto kColor = profile("color", 25);

}  // namespace

TEST(Frameset, FramesOfOneMomentComeTogether) {
  FramesetAssembler assembler({kDepth, kColor});
  assembler.push(frame(kDepth, 1000));
  EXPECT_EQ(sets(assembler), "");
  assembler.push(frame(kColor, 1007));
  EXPECT_EQ(sets(assembler), "1000/1007");
  assembler.push(frame(kColor, 1043));
  assembler.push(frame(kColor, 1083));
  assembler.push(frame(kDepth, 1040));
  assembler.push(frame(kDepth, 1095));
  EXPECT_EQ(sets(assembler), "1040/1043 1095/1083");
  EXPECT_EQ(assembler.counters().complete, 3U);
  EXPECT_EQ(assembler.counters().incomplete, 0U);
  EXPECT_EQ(assembler.counters().worst_skew, std::chrono::milliseconds(12));
  assembler.push(frame(profile("infrared", 25), 1120));  // nobody asked for it
  EXPECT_EQ(sets(assembler), "");
}

TEST(Frameset, TheBorderIsHalfAnInterval) {
  FramesetAssembler assembler({kDepth, kColor}, FramesetPolicy::All);
  assembler.push(frame(kDepth, 1000));
  assembler.push(frame(kColor, 1020));
  EXPECT_EQ(sets(assembler), "1000/1020");
  assembler.push(frame(kDepth, 1040));
  assembler.push(frame(kColor, 1061));
  EXPECT_EQ(sets(assembler), "1040/-");
  assembler.push(frame(kDepth, 1080));
  EXPECT_EQ(sets(assembler), "1080/1061");
}

TEST(Frameset, AStreamThatMissesAFrameCostsOnlyThatMoment) {
  for (const auto policy : {FramesetPolicy::Complete, FramesetPolicy::All}) {
    FramesetAssembler assembler({kDepth, kColor}, policy);
    const bool all = policy == FramesetPolicy::All;
    assembler.push(frame(kDepth, 1000));
    assembler.push(frame(kColor, 1001));
    assembler.push(frame(kDepth, 1040));
    EXPECT_EQ(sets(assembler), "1000/1001");
    // Colour has no frame at 1040, which its next one proves.
    assembler.push(frame(kColor, 1081));
    EXPECT_EQ(sets(assembler), all ? "1040/-" : "");
    assembler.push(frame(kDepth, 1080));
    EXPECT_EQ(sets(assembler), "1080/1081");
    // Colour falls silent: two intervals prove it.
    assembler.push(frame(kDepth, 1120));
    assembler.push(frame(kDepth, 1160));
    EXPECT_EQ(sets(assembler), "");
    assembler.push(frame(kDepth, 1200));
    EXPECT_EQ(sets(assembler), all ? "1120/-" : "");
    assembler.push(frame(kColor, 1199));
    EXPECT_EQ(sets(assembler), all ? "1160/- 1200/1199" : "1200/1199");
    EXPECT_EQ(assembler.counters().complete, 3U);
    EXPECT_EQ(assembler.counters().incomplete, 3U);
    EXPECT_EQ(assembler.counters().left_out, all ? 0U : 3U);
  }
}

TEST(Frameset, TheDevicesClockDecidesWhereAllFramesHaveIt) {
  // On the host's clock the colour came late; on the device's it was taken with the second depth.
  FramesetAssembler assembler({kDepth, kColor}, FramesetPolicy::All);
  assembler.push(frame(kDepth, 1000, 50));
  assembler.push(frame(kDepth, 1040, 90));
  assembler.push(frame(kColor, 1065, 91));
  EXPECT_EQ(sets(assembler), "1000/- 1040/1065");
  EXPECT_EQ(assembler.counters().worst_skew, std::chrono::milliseconds(1));
  // Two clocks that have nothing to do with each other are no help.
  FramesetAssembler apart({kDepth, kColor});
  apart.push(frame(kDepth, 1000, 50));
  apart.push(frame(kColor, 1002, 999'999));
  EXPECT_EQ(sets(apart), "1000/1002");
}

TEST(Frameset, ThreeStreamsOfDifferentRates) {
  const auto slow = profile("infrared", 12.5);
  FramesetAssembler assembler({kDepth, kColor, slow}, FramesetPolicy::All);
  for (int i = 0; i < 4; ++i) {
    assembler.push(frame(kDepth, 1000 + 40 * i));
    assembler.push(frame(kColor, 1003 + 40 * i));
    if (i % 2 == 0) assembler.push(frame(slow, 1001 + 40 * i));
  }
  EXPECT_EQ(sets(assembler), "1000/1003/1001 1040/1043/- 1080/1083/1081");
}

TEST(Frameset, AClockThatJumpsBackBeginsAnewAndNothingPilesUp) {
  FramesetAssembler assembler({kDepth, kColor});
  assembler.push(frame(kDepth, 90'000));
  assembler.push(frame(kDepth, 1000));
  assembler.push(frame(kColor, 1001));
  EXPECT_EQ(sets(assembler), "1000/1001");
  EXPECT_EQ(assembler.counters().left_out, 1U);
  // Frames of one and the same moment, for ever.
  for (int i = 0; i < 1000; ++i) assembler.push(frame(kDepth, 2000));
  EXPECT_GE(assembler.counters().left_out, 900U);
}

}  // namespace lenswire
