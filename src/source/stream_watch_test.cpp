#include "source/stream_watch.hpp"

#include <gtest/gtest.h>

namespace lenswire::source {
namespace {

using namespace std::chrono_literals;

StreamProfilePtr profile_of(std::string stream, double rate_hz) {
  auto profile = std::make_shared<StreamProfile>();
  profile->stream = std::move(stream);
  profile->rate_hz = rate_hz;
  return profile;
}

Frame frame_of(const StreamProfilePtr& profile, std::uint64_t sequence) {
  Frame frame;
  frame.profile = profile;
  frame.sequence = sequence;
  return frame;
}

constexpr MonotonicTime kStart{100s};

}  // namespace

TEST(StreamWatch, ASlowStreamMayBeSilentForTenFrameTimes) {
  StreamWatch watch(2s, 10);
  watch.opened({profile_of("color", 0.5)}, kStart);
  EXPECT_FALSE(watch.silence(kStart + 19999ms));
  const auto silence = watch.silence(kStart + 20s);
  ASSERT_TRUE(silence);
  EXPECT_EQ(silence->limit, 20s);
  EXPECT_EQ(silence->since, kStart + 20s);
  EXPECT_TRUE(silence->all);
}

TEST(StreamWatch, AnIrregularStreamIsNeverSilent) {
  StreamWatch watch(2s, 10);
  watch.opened({profile_of("skeleton", 0)}, kStart);
  EXPECT_FALSE(watch.silence(kStart + 24h));
  EXPECT_FALSE(watch.next_deadline(kStart));
  EXPECT_TRUE(watch.all_flow(kStart + 24h));
}

TEST(StreamWatch, WatchesEachStreamByItself) {
  StreamWatch watch(2s, 10);
  const auto color = profile_of("color", 30);
  const auto depth = profile_of("depth", 30);
  watch.opened({color, depth}, kStart);
  EXPECT_EQ(watch.next_deadline(kStart), kStart + 2s);
  watch.frame(frame_of(color, 0), kStart + 1s);
  const auto silence = watch.silence(kStart + 2500ms);
  ASSERT_TRUE(silence);
  EXPECT_EQ(silence->stream, "depth");
  EXPECT_FALSE(silence->all);
  EXPECT_FALSE(watch.all_flow(kStart + 2500ms));
  EXPECT_EQ(watch.next_deadline(kStart + 2500ms), kStart + 3s);
}

TEST(StreamWatch, CountsWhatIsMissingInASequence) {
  StreamWatch watch(2s, 10);
  const auto color = profile_of("color", 30);
  watch.opened({color}, kStart);
  EXPECT_EQ(watch.frame(frame_of(color, 100), kStart), 0U);
  EXPECT_EQ(watch.frame(frame_of(color, 101), kStart), 0U);
  EXPECT_EQ(watch.frame(frame_of(color, 105), kStart), 3U);
  EXPECT_EQ(watch.frame(frame_of(color, 2), kStart), 0U) << "a device that counts anew";
  watch.opened({profile_of("color", 15)}, kStart);
  EXPECT_EQ(watch.frame(frame_of(color, 4), kStart), 1U) << "a new profile keeps the count";
}

}  // namespace lenswire::source
