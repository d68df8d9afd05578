#include "server/side_by_side_stream.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/stop_token.hpp"
#include "server/camera.hpp"
#include "source/source_table.hpp"

namespace lenswire::server {
namespace {

using namespace std::chrono_literals;

// Generous: what takes this long never comes.
constexpr auto kLimit = 30s;

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

// A camera whose frames the test gives; at most one at a time.
class Script {
 public:
  static Script*& current() {
    static Script* script = nullptr;
    return script;
  }
  Script() { current() = this; }
  ~Script() { current() = nullptr; }

  void give(StreamProfilePtr profile, std::uint8_t value, Nanoseconds when) {
    auto frame = std::make_shared<Frame>();
    frame->profile = std::move(profile);
    frame->sequence = ++sequence_;
    frame->capture_time = start_ + when;
    frame->stride_bytes = packed_stride(frame->format(), frame->width());
    frame->data.assign(frame_bytes(frame->format(), frame->stride_bytes, frame->height()),
                       std::byte{value});
    base::MutexLock lock(mutex_);
    frames_.push_back(std::move(frame));
  }
  std::optional<FramePtr> take() {
    base::MutexLock lock(mutex_);
    if (frames_.empty()) return std::nullopt;
    auto frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
  }
  std::atomic<int> runs{0};

 private:
  base::Mutex mutex_;
  std::deque<FramePtr> frames_ LENSWIRE_GUARDED_BY(mutex_);
  std::uint64_t sequence_ = 0;
  const MonotonicTime start_ = base::system_clock().now();
};

StreamProfilePtr profile(StreamKind kind, PixelFormat format) {
  auto made = std::make_shared<StreamProfile>();
  made->stream = to_string(kind);
  made->kind = kind;
  made->format = format;
  made->width = 4;
  made->height = 2;
  if (kind == StreamKind::Depth) made->depth_unit_m = 0.001;
  return made;
}

const StreamProfilePtr kColorProfile = profile(StreamKind::Color, PixelFormat::BGR8);
const StreamProfilePtr kDepthProfile = profile(StreamKind::Depth, PixelFormat::Z16);

class ScriptedSource final : public Source {
 public:
  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    auto& script = *Script::current();
    ++script.runs;
    sink.opened({"script", {}, {}, {kColorProfile, kDepthProfile}, {}});
    while (!stop.wait_for(1ms))
      if (auto frame = script.take()) sink.frame(std::move(*frame));
    --script.runs;
    return {};
  }
};

class Kept final : public hub::FrameSink {
 public:
  void deliver(const hub::EncodedFramePtr& frame) override {
    base::MutexLock lock(mutex_);
    frames_.push_back(frame);
  }
  [[nodiscard]] bool wants_every_frame() const noexcept override { return true; }
  [[nodiscard]] std::vector<hub::EncodedFramePtr> frames() const {
    base::MutexLock lock(mutex_);
    return frames_;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<hub::EncodedFramePtr> frames_ LENSWIRE_GUARDED_BY(mutex_);
};

class SideBySideStreamTest : public testing::Test {
 protected:
  SideBySideStreamTest() {
    sources_.add(
        {"script", "", "script:",
         [](base::SourceUri, const source::SourceContext&) -> Result<std::unique_ptr<Source>> {
           return std::make_unique<ScriptedSource>();
         }});
    runner_.linger = 0ms;
  }

  Camera& camera(const std::string& uri) {
    camera_ = std::make_unique<Camera>(CameraSettings{"cam", uri, false}, sources_, context_,
                                       runner_, encoders_, [](const nlohmann::json&) {});
    camera_->start();
    EXPECT_TRUE(eventually([&] { return !camera_->stream_ids().empty(); }));
    return *camera_;
  }

  void give_color(std::uint8_t value, Nanoseconds when) {
    script_.give(kColorProfile, value, when);
  }
  // A raw depth of value * 257 mm.
  void give_depth(std::uint8_t value, Nanoseconds when) {
    script_.give(kDepthProfile, value, when);
  }

  Script script_;
  source::SourceTable sources_;
  source::SourceContext context_{base::system_clock()};
  source::RunnerSettings runner_;
  hub::EncoderPool encoders_{1};
  std::unique_ptr<Camera> camera_;
};

std::uint8_t left(const hub::EncodedFrame& frame) {
  return std::to_integer<std::uint8_t>(frame.payload()[0]);
}
std::uint8_t right(const hub::EncodedFrame& frame) {
  return std::to_integer<std::uint8_t>(frame.payload()[12]);
}
constexpr std::uint8_t shade(unsigned value) {
  return static_cast<std::uint8_t>(value * 257 * 255 / 10000);
}

TEST_F(SideBySideStreamTest, PairsByCaptureTime) {
  SideBySideStream pictures(camera("script:"), context_.clock, {});
  pictures.start();
  Kept kept;
  const auto attachment = pictures.stream().attach({}, kept);
  ASSERT_TRUE(attachment);
  give_depth(10, 0ms);
  give_color(1, 10ms);  // waits for what comes next
  give_depth(20, 15ms);
  ASSERT_TRUE(eventually([&] { return kept.frames().size() == 1; }));
  give_depth(30, 40ms);
  give_color(2, 41ms);
  give_depth(5, 60ms);
  ASSERT_TRUE(eventually([&] { return kept.frames().size() == 2; }));
  const auto frames = kept.frames();
  EXPECT_EQ(frames[0]->profile->profile.width, 8U);
  EXPECT_EQ(frames[0]->profile->profile.height, 2U);
  EXPECT_EQ(left(*frames[0]), 1);
  EXPECT_EQ(right(*frames[0]), shade(20));
  EXPECT_EQ(left(*frames[1]), 2);
  EXPECT_EQ(right(*frames[1]), shade(30));
}

TEST_F(SideBySideStreamTest, AColourFrameDoesNotWaitForEver) {
  SideBySideStream pictures(camera("script:"), context_.clock, {});
  pictures.start();
  Kept kept;
  const auto attachment = pictures.stream().attach({}, kept);
  give_depth(10, 0ms);
  give_color(1, 10ms);
  give_color(2, 20ms);
  // On a busy machine the second may take the first one's place.
  ASSERT_TRUE(eventually([&] {
    const auto frames = kept.frames();
    return !frames.empty() && left(*frames.back()) == 2;
  }));
  EXPECT_EQ(right(*kept.frames().back()), shade(10));
}

TEST_F(SideBySideStreamTest, HalvesFarApartAreNotShown) {
  SideBySideStream pictures(camera("script:"), context_.clock, {});
  pictures.start();
  Kept kept;
  const auto attachment = pictures.stream().attach({}, kept);
  give_depth(10, 0ms);
  give_color(1, 1500ms);
  give_color(2, 1600ms);
  give_depth(20, 2000ms);
  give_color(3, 2000ms);
  ASSERT_TRUE(eventually([&] {
    const auto frames = kept.frames();
    return !frames.empty() && left(*frames.back()) == 3;
  }));
  for (const auto& frame : kept.frames()) EXPECT_NE(right(*frame), shade(10));
}

TEST_F(SideBySideStreamTest, KeepsTheCameraRunningForItsLinger) {
  auto& watched = camera("script:");
  SideBySideStream pictures(watched, context_.clock, {300ms, 1});
  pictures.start();
  ASSERT_TRUE(eventually([&] { return script_.runs == 0; }));  // nobody watches
  Kept kept;
  auto attachment = pictures.stream().attach({}, kept);
  ASSERT_TRUE(eventually([&] { return script_.runs == 1; }));
  const auto left_at = std::chrono::steady_clock::now();
  attachment->reset();
  ASSERT_TRUE(eventually([&] { return script_.runs == 0; }));
  EXPECT_GE(std::chrono::steady_clock::now() - left_at, 300ms);
}

TEST_F(SideBySideStreamTest, ANewClientBeginsWithANewPicture) {
  SideBySideStream pictures(camera("script:"), context_.clock, {1h, 1});
  pictures.start();
  {
    Kept kept;
    const auto attachment = pictures.stream().attach({}, kept);
    give_depth(10, 0ms);
    give_color(1, 0ms);
    ASSERT_TRUE(eventually([&] { return kept.frames().size() == 1; }));
  }
  ASSERT_TRUE(eventually([&] { return !pictures.stream().has_frame(); }));
  Kept kept;
  const auto attachment = pictures.stream().attach({}, kept);
  give_depth(20, 1ms);
  give_color(2, 1ms);
  ASSERT_TRUE(eventually([&] { return !kept.frames().empty(); }));
  EXPECT_EQ(left(*kept.frames()[0]), 2);
}

TEST_F(SideBySideStreamTest, NeedsBothStreams) {
  SideBySideStream pictures(camera("synthetic:ball?size=64x64"), context_.clock, {});
  const auto checked = pictures.check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::NotFound);
  EXPECT_NE(checked.error().message.find("'depth'"), std::string::npos);
  EXPECT_NE(checked.error().message.find("color"), std::string::npos);
}

TEST_F(SideBySideStreamTest, ScalesBothHalves) {
  SideBySideStream pictures(camera("synthetic:room?size=128x96"), context_.clock, {0ms, 0.5});
  ASSERT_TRUE(pictures.check());
  pictures.start();
  Kept kept;
  const auto attachment = pictures.stream().attach({}, kept);
  ASSERT_TRUE(eventually([&] { return !kept.frames().empty(); }));
  EXPECT_EQ(kept.frames().back()->profile->profile.width, 128U);
  EXPECT_EQ(kept.frames().back()->profile->profile.height, 48U);
}

}  // namespace
}  // namespace lenswire::server
