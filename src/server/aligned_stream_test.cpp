#include "server/aligned_stream.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
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
constexpr auto kLimit = 60s;

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

StreamProfilePtr profile_of(bool depth, std::uint32_t width, std::uint32_t height,
                            bool calibrated = true) {
  auto profile = std::make_shared<StreamProfile>();
  profile->stream = depth ? "depth" : "color";
  profile->kind = depth ? StreamKind::Depth : StreamKind::Color;
  profile->format = depth ? PixelFormat::Z16 : PixelFormat::RGB8;
  profile->width = width;
  profile->height = height;
  profile->rate_hz = 25;
  if (depth) profile->depth_unit_m = 0.001;
  if (calibrated)
    profile->intrinsics = Intrinsics{
        width, height, 100, 100, width / 2.0 - 0.5, height / 2.0 - 0.5, DistortionModel::None, {}};
  if (calibrated && !depth) profile->reference_from_stream = Extrinsics{};
  return profile;
}

// A camera whose frames the test gives.
struct Script {
  base::Mutex mutex;
  std::vector<StreamProfilePtr> streams LENSWIRE_GUARDED_BY(mutex);
  std::deque<FramePtr> frames LENSWIRE_GUARDED_BY(mutex);
  std::atomic<std::uint64_t> sequence{0};

  void give(const StreamProfilePtr& profile, int value, std::int64_t when_ms) {
    auto frame = std::make_shared<Frame>();
    frame->profile = profile;
    frame->sequence = ++sequence;
    frame->capture_time = monotonic_from_ns((1000 + when_ms) * 1'000'000);
    frame->stride_bytes = packed_stride(frame->format(), frame->width());
    frame->data.resize(frame_bytes(frame->format(), frame->stride_bytes, frame->height()));
    for (std::size_t i = 0; i < frame->data.size(); ++i)
      frame->data[i] = frame->format() == PixelFormat::Z16
                           ? static_cast<std::byte>(i % 2 == 0 ? value & 0xff : value >> 8)
                           : static_cast<std::byte>(value);
    base::MutexLock lock(mutex);
    frames.push_back(std::move(frame));
  }
};

// A table of sources takes plain functions.
Script* current_script = nullptr;

class ScriptedSource final : public Source {
 public:
  explicit ScriptedSource(Script& script) : script_(script) {}
  Result<void> run(SourceSink& sink, const base::StopToken& stop) override {
    {
      base::MutexLock lock(script_.mutex);
      SourceDescription description;
      description.streams = script_.streams;
      sink.opened(description);
    }
    while (!stop.wait_for(1ms)) {
      FramePtr next;
      {
        base::MutexLock lock(script_.mutex);
        if (script_.frames.empty()) continue;
        next = std::move(script_.frames.front());
        script_.frames.pop_front();
      }
      sink.frame(std::move(next));
    }
    return {};
  }

 private:
  Script& script_;
};

class Kept final : public hub::FrameSink {
 public:
  void deliver(const hub::EncodedFramePtr& frame) override {
    base::MutexLock lock(mutex_);
    frames_.push_back(frame);
  }
  [[nodiscard]] bool wants_every_frame() const noexcept override { return true; }
  [[nodiscard]] std::size_t count() const {
    base::MutexLock lock(mutex_);
    return frames_.size();
  }
  [[nodiscard]] hub::EncodedFramePtr at(std::size_t i) const {
    base::MutexLock lock(mutex_);
    return frames_.at(i);
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<hub::EncodedFramePtr> frames_ LENSWIRE_GUARDED_BY(mutex_);
};

int first_code(const hub::EncodedFrame& frame) {
  std::uint16_t code = 0;
  std::memcpy(&code, frame.payload().data(), 2);
  return code;
}

class AlignedStreamTest : public testing::Test {
 protected:
  AlignedStreamTest() {
    current_script = &script_;
    sources_.add(
        {"script", "", "script:",
         [](base::SourceUri, const source::SourceContext&) -> Result<std::unique_ptr<Source>> {
           return std::make_unique<ScriptedSource>(*current_script);
         }});
    char name[] = "/tmp/lenswire-test-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~AlignedStreamTest() override {
    camera_.reset();
    encoders_.stop();
    std::filesystem::remove_all(folder_);
  }

  Camera& camera(StreamProfilePtr depth, StreamProfilePtr color) {
    {
      base::MutexLock lock(script_.mutex);
      script_.streams = {std::move(depth), std::move(color)};
    }
    camera_ = std::make_unique<Camera>(
        CameraSettings{"cam", "script:", true}, sources_, context_, runner_, encoders_,
        [this](const nlohmann::json& event) {
          if (event.at("event") == "camera_opened") ++opened_;
        },
        (folder_ / "calibration").string());
    camera_->start();
    EXPECT_TRUE(eventually([&] { return !camera_->stream_ids().empty(); }));
    return *camera_;
  }

  Result<StreamProfilePtr> set(const std::string& stream,
                               const std::optional<StreamCalibration>& calibration) {
    auto answer = std::make_shared<std::promise<Result<StreamProfilePtr>>>();
    auto future = answer->get_future();
    camera_->set_calibration(stream, calibration, CalibrationChange::Merge,
                             [answer](Result<StreamProfilePtr> r) { answer->set_value(r); });
    if (future.wait_for(kLimit) != std::future_status::ready)
      return fail(ErrorCode::Timeout, "no answer");
    return future.get();
  }

  std::filesystem::path folder_;
  Script script_;
  source::SourceTable sources_;
  source::SourceContext context_{base::system_clock()};
  source::RunnerSettings runner_;
  hub::EncoderPool encoders_{2};
  std::atomic<int> opened_{0};
  std::unique_ptr<Camera> camera_;
};

}  // namespace

TEST_F(AlignedStreamTest, DepthMovesIntoTheColoursPicture) {
  const auto depth = profile_of(true, 8, 6), color = profile_of(false, 16, 12);
  auto& cam = camera(depth, color);
  EXPECT_EQ(cam.stream_ids(), (std::vector<std::string>{"color", "depth"}));
  const auto stream = cam.stream("depth_aligned");
  ASSERT_TRUE(stream);
  EXPECT_EQ((*stream)->profile()->width, 16U);
  EXPECT_EQ((*stream)->profile()->intrinsics, color->intrinsics);
  EXPECT_EQ((*stream)->counters().frames, 0U);
  script_.give(depth, 500, 0);  // nobody watches: nothing is computed
  Kept kept;
  auto attachment = (*stream)->attach({}, kept);
  ASSERT_TRUE(attachment);
  script_.give(depth, 700, 40);
  script_.give(depth, 900, 80);
  ASSERT_TRUE(eventually(
      [&] { return kept.count() > 0 && kept.at(kept.count() - 1)->source->sequence == 3; }));
  const auto last = kept.at(kept.count() - 1);
  EXPECT_EQ(last->source->capture_time, monotonic_from_ns(1'080'000'000));
  EXPECT_EQ(last->profile->profile.stream, "depth_aligned");
  // The middle of the picture: both cameras look there, from the same place.
  std::uint16_t code = 0;
  std::memcpy(&code, last->payload().data() + 2 * (6 * 16 + 8), 2);
  EXPECT_EQ(code, 900);
  attachment->reset();
  EXPECT_FALSE((*cam.stream("depth"))->wanted());
  EXPECT_TRUE(eventually([&] { return !(*stream)->has_frame(); }));
}

TEST_F(AlignedStreamTest, ColourNeedsAFrameOfEachStreamAndTellsTheSkew) {
  const auto depth = profile_of(true, 8, 6), color = profile_of(false, 16, 12);
  auto& cam = camera(depth, color);
  const auto stream = cam.stream("color_aligned");
  ASSERT_TRUE(stream);
  Kept kept;
  auto attachment = (*stream)->attach({}, kept);
  ASSERT_TRUE(attachment);
  script_.give(depth, 700, 0);   // 1
  script_.give(color, 50, 3);    // 2
  script_.give(depth, 700, 40);  // 3: the colour of this moment lacks
  script_.give(depth, 700, 80);
  script_.give(color, 60, 75);  // 5
  script_.give(color, 70, 120);
  script_.give(depth, 0, 121);  // nothing was measured: all black
  ASSERT_TRUE(eventually([&] { return kept.count() == 3; }));
  EXPECT_EQ(kept.at(0)->source->sequence, 2U);
  EXPECT_EQ(kept.at(1)->source->sequence, 5U);
  EXPECT_EQ(kept.at(0)->profile->profile.width, 8U);
  EXPECT_EQ(kept.at(0)->payload()[0], std::byte{50});
  EXPECT_EQ(kept.at(1)->payload()[0], std::byte{60});
  EXPECT_EQ(kept.at(2)->payload()[0], std::byte{0});
  const auto map = cam.describe();
  ASSERT_EQ(map.at("streams").size(), 4U);
  const auto& described = map.at("streams").at(2);
  EXPECT_EQ(described.at("stream"), "color_aligned");
  EXPECT_TRUE(described.at("derived"));
  EXPECT_EQ(described.at("framesets").at("complete"), 3);
  EXPECT_EQ(described.at("framesets").at("incomplete"), 1);
  EXPECT_EQ(described.at("framesets").at("worst_skew_ns"), 5'000'000);
  // The last frame is published before it is counted.
  ASSERT_TRUE(eventually([&] { return cam.derived_streams().at(0).work.made == 3; }));
  const auto derived = cam.derived_streams().at(0);
  EXPECT_EQ(derived.stream, "color_aligned");
  EXPECT_TRUE(derived.offered);
  EXPECT_EQ(derived.counters.frames, 3U);
  EXPECT_EQ(derived.work.unpaired, 1U);
  EXPECT_EQ(derived.work.busy, 0U);
  EXPECT_EQ(derived.work.failures, 0U);
  EXPECT_GT(derived.work.working.count(), 0);
  EXPECT_EQ(described.at("work").at("unpaired"), 1);
}

TEST_F(AlignedStreamTest, ACalibrationThatIsGivenMakesThemAndOutlivesTheCamera) {
  const auto depth = profile_of(true, 8, 6, false), color = profile_of(false, 16, 12, false);
  auto* cam = &camera(depth, color);
  EXPECT_EQ(cam->stream("depth_aligned").error().code, ErrorCode::NotFound);
  Kept kept;
  auto attachment = (*cam->stream("depth"))->attach({}, kept);
  ASSERT_TRUE(attachment);
  script_.give(depth, 300, 0);
  ASSERT_TRUE(eventually([&] { return kept.count() == 1; }));
  EXPECT_EQ(kept.at(0)->profile->calibration, 0U);

  const auto before = opened_.load();
  const Intrinsics camera_of_depth{80, 60, 700, 700, 40, 30, DistortionModel::None, {}};
  const auto now = set("depth", StreamCalibration{camera_of_depth, {}, 0.0005});
  ASSERT_TRUE(now) << now.error().message;
  EXPECT_EQ((*now)->intrinsics->width, 8U);  // a tenth of the size it was made at
  EXPECT_EQ((*now)->intrinsics->fx, 70);
  EXPECT_EQ((*now)->depth_unit_m, 0.0005);
  EXPECT_GT(opened_.load(), before);
  script_.give(depth, 300, 40);
  ASSERT_TRUE(eventually([&] { return kept.count() == 2; }));
  EXPECT_NE(kept.at(1)->profile->version, kept.at(0)->profile->version);
  EXPECT_NE(kept.at(1)->profile->calibration, 0U);
  EXPECT_EQ(kept.at(1)->profile->profile.intrinsics->fx, 70);
  EXPECT_EQ(first_code(*kept.at(1)), 300);
  ASSERT_TRUE(
      set("color", StreamCalibration{profile_of(false, 16, 12)->intrinsics, Extrinsics{}, {}}));
  EXPECT_TRUE(cam->stream("depth_aligned"));
  attachment->reset();

  camera_.reset();
  cam = &camera(depth, color);
  EXPECT_EQ((*cam->stream("depth"))->profile()->intrinsics->fx, 70);
  EXPECT_TRUE(cam->stream("color_aligned"));
  ASSERT_TRUE(set("depth", std::nullopt));  // the device's own again: none
  EXPECT_FALSE((*cam->stream("depth"))->profile()->intrinsics);
  EXPECT_FALSE(cam->stream("depth_aligned"));
}

TEST_F(AlignedStreamTest, NonsenseIsRefusedAndADamagedFileDoesNotStopTheCamera) {
  std::filesystem::create_directories(folder_ / "calibration");
  std::ofstream(folder_ / "calibration" / "cam.json") << "{\"depth\": {\"intrinsics\": 7}}";
  const auto depth = profile_of(true, 8, 6), color = profile_of(false, 16, 12);
  camera(depth, color);
  EXPECT_EQ((*camera_->stream("depth"))->profile()->intrinsics, depth->intrinsics);
  auto camera_of_depth = *depth->intrinsics;
  camera_of_depth.fx = 0;
  EXPECT_EQ(set("depth", StreamCalibration{camera_of_depth, {}, {}}).error().code,
            ErrorCode::InvalidArgument);
  // Another shape.
  const Intrinsics square{8, 8, 10, 10, 4, 4, DistortionModel::None, {}};
  const auto shape = set("depth", StreamCalibration{square, {}, {}});
  ASSERT_FALSE(shape);
  EXPECT_NE(shape.error().message.find("another shape"), std::string::npos);
  EXPECT_FALSE(set("color", StreamCalibration{{}, {}, 0.001}));
  EXPECT_FALSE(set("color", StreamCalibration{}));
  EXPECT_EQ(set("infrared", std::nullopt).error().code, ErrorCode::NotFound);
  EXPECT_EQ(set("depth_aligned", std::nullopt).error().code, ErrorCode::NotFound);
  EXPECT_TRUE(set("depth", StreamCalibration{{}, {}, 0.01}));
  EXPECT_EQ((*camera_->stream("depth"))->profile()->depth_unit_m, 0.01);
}

}  // namespace lenswire::server
