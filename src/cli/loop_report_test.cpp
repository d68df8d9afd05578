#include "cli/loop_report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lenswire::cli {
namespace {

using namespace std::chrono_literals;

LoopFrame frame(std::uint64_t sequence, MonotonicTime captured) {
  LoopFrame out;
  out.sequence = sequence;
  out.capture_time = captured;
  out.truth = Annotation{AnnotationKind::Ball, 10, 20, 20};
  out.wire_bytes = 1000;
  return out;
}

const MonotonicTime kStart{1h};

}  // namespace

TEST(LoopReport, CountsErrorsInPixelsOfTheCamera) {
  LoopReport report({"native", "jpeg", 50, 0.5});
  report.add(frame(1, kStart), filter::FoundBall{13, 24, 20}, kStart + 10ms);
  report.add(frame(2, kStart), filter::FoundBall{10, 20, 20}, kStart + 14ms);
  report.add(frame(3, kStart), std::nullopt, kStart + 11ms);
  ASSERT_TRUE(report.error_px());
  EXPECT_DOUBLE_EQ(report.error_px()->max, 10);  // 5 px of a picture at half the size
  EXPECT_DOUBLE_EQ(report.error_px()->mean, 5);
  EXPECT_EQ(report.not_found(), 1U);
  EXPECT_DOUBLE_EQ(report.latency_ms()->p50, 11);
  EXPECT_DOUBLE_EQ(report.latency_ms()->max, 14);
  EXPECT_DOUBLE_EQ(report.jitter_ms(), 3.5);
  const auto json = report.to_json();
  EXPECT_EQ(json["quality"], 50);
  EXPECT_EQ(json["bytes_per_frame"], 1000);
  EXPECT_EQ(json["latency_ms"]["p99"], 14);
}

TEST(LoopReport, TellsMissedFramesFromRepeatedOnes) {
  LoopReport report({"native", "raw", 80, 1});
  for (const std::uint64_t sequence : {5U, 6U, 9U, 9U, 8U, 10U})
    report.add(frame(sequence, kStart), std::nullopt, kStart);
  EXPECT_EQ(report.missed(), 2U);
  EXPECT_EQ(report.repeated(), 2U);
  EXPECT_FALSE(report.error_px());
  EXPECT_EQ(report.to_json()["error_px"], nullptr);
}

TEST(LoopReport, SaysWhyALineCouldNotBeMeasured) {
  LoopReport report({"native", "strata", 80, 1});
  report.failed({ErrorCode::Unsupported, "no such codec"});
  EXPECT_NE(report.table_row().find("no such codec"), std::string::npos);
  EXPECT_EQ(report.to_json()["failed"]["error"], "unsupported");
  EXPECT_FALSE(report.latency_ms());
}

}  // namespace lenswire::cli
