#include "server/skeleton_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

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

// What the test sees and steers of the estimators, which live on the stream's thread.
struct Bench {
  std::atomic<int> made{0};
  std::atomic<int> alive{0};
  std::atomic<int> pictures{0};
  std::atomic<int> failures_left{0};
  std::atomic<bool> blocked{false};
};

class Estimator final : public filter::PoseEstimator {
 public:
  explicit Estimator(Bench& bench) : bench_(bench) { ++bench_.alive; }
  ~Estimator() override { --bench_.alive; }
  Result<void> estimate(const frame::ImageView& picture, std::vector<Person>& out) override {
    EXPECT_EQ(picture.format, PixelFormat::RGB8);
    ++bench_.pictures;
    while (bench_.blocked) std::this_thread::sleep_for(1ms);
    Person person;
    person.confidence = 0.5F;
    for (auto& joint : person.joints) joint = {32, 32, {}, 0.9F};
    person.joints[0].x_px = 10;
    out = {person};
    return {};
  }

 private:
  Bench& bench_;
};

class Kept final : public hub::FrameSink {
 public:
  void deliver(const hub::EncodedFramePtr& frame) override {
    base::MutexLock lock(mutex_);
    frames_.push_back(frame);
  }
  [[nodiscard]] std::vector<hub::EncodedFramePtr> frames() const {
    base::MutexLock lock(mutex_);
    return frames_;
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<hub::EncodedFramePtr> frames_ LENSWIRE_GUARDED_BY(mutex_);
};

class SkeletonStreamTest : public testing::Test {
 protected:
  SkeletonStreamTest() { runner_.linger = 0ms; }
  ~SkeletonStreamTest() override { bench_.blocked = false; }

  PoseFactory factory() {
    return [this]() -> Result<std::unique_ptr<filter::PoseEstimator>> {
      ++bench_.made;
      if (bench_.failures_left-- > 0) return fail(ErrorCode::NotFound, "no model today");
      return std::make_unique<Estimator>(bench_);
    };
  }

  Camera& camera(PoseFactory pose, const std::string& uri = "synthetic:room?size=64x64&fps=100") {
    camera_.emplace(
        CameraSettings{"cam", uri, false}, sources_, context_, runner_, encoders_,
        [](const nlohmann::json&) {}, std::string(), std::move(pose));
    camera_->start();
    EXPECT_TRUE(eventually([&] { return !camera_->stream_ids().empty(); }));
    return *camera_;
  }

  Bench bench_;
  source::SourceTable sources_;
  source::SourceContext context_{base::system_clock()};
  source::RunnerSettings runner_;
  hub::EncoderPool encoders_{1};
  std::optional<Camera> camera_;
};

}  // namespace

TEST_F(SkeletonStreamTest, WorksOnlyWhileSomebodyAsks) {
  auto& cam = camera(factory());
  EXPECT_THAT(cam.stream_ids(), testing::ElementsAre("color", "depth", "skeleton"));
  auto* stream = cam.stream("skeleton").value();
  EXPECT_EQ(stream->profile()->kind, StreamKind::Skeleton);
  EXPECT_EQ(stream->profile()->width, 64U);
  EXPECT_EQ(bench_.made, 0);
  Kept kept;
  // On a busy machine the first may come before there is a depth picture.
  const auto lifted = [&] {
    return std::ranges::count_if(kept.frames(), [](const auto& frame) {
      Skeleton skeleton;
      return decode_skeleton(frame->payload(), skeleton) && skeleton.space == SkeletonSpace::Depth;
    });
  };
  {
    const auto attachment = stream->attach({}, kept);
    ASSERT_TRUE(attachment);
    ASSERT_TRUE(eventually([&] { return lifted() >= 3; }));
  }
  ASSERT_TRUE(eventually([&] { return bench_.alive == 0; }));
  ASSERT_TRUE(eventually([&] { return cam.status().state == source::SourceState::Idle; }));
  const auto frames = kept.frames();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    Skeleton skeleton;
    ASSERT_TRUE(decode_skeleton(frames[i]->payload(), skeleton));
    EXPECT_EQ(skeleton.width, 64U);
    ASSERT_EQ(skeleton.persons.size(), 1U);
    EXPECT_EQ(skeleton.persons[0].id, 1U);
    EXPECT_EQ(skeleton.persons[0].joints[5].position.known(),
              skeleton.space == SkeletonSpace::Depth);
    if (i > 0) {
      EXPECT_GT(frames[i]->source->capture_time, frames[i - 1]->source->capture_time);
    }
  }
  // And again for the next one.
  const auto again = stream->attach({}, kept);
  ASSERT_TRUE(again);
  EXPECT_TRUE(eventually([&] { return kept.frames().size() > frames.size(); }));
  EXPECT_EQ(bench_.made, 2);
}

TEST_F(SkeletonStreamTest, IsTextForThoseWhoAsk) {
  auto& cam = camera(factory());
  hub::Wish wish;
  wish.codec = CodecId::Json;
  Kept kept;
  const auto attachment = cam.stream("skeleton").value()->attach(wish, kept);
  ASSERT_TRUE(attachment);
  ASSERT_TRUE(eventually([&] { return !kept.frames().empty(); }));
  const auto payload = kept.frames()[0]->payload();
  const auto map =
      nlohmann::json::parse(reinterpret_cast<const char*>(payload.data()),
                            reinterpret_cast<const char*>(payload.data()) + payload.size());
  EXPECT_EQ(map["persons"][0]["joints"][0]["name"], "nose");
  wish.codec = CodecId::Jpeg;
  EXPECT_EQ(cam.stream("skeleton").value()->attach(wish, kept).error().code,
            ErrorCode::Unsupported);
}

TEST_F(SkeletonStreamTest, NeverHoldsUpThePictures) {
  auto& cam = camera(factory());
  Kept pictures;
  Kept skeletons;
  const auto color = cam.stream("color").value()->attach({}, pictures);
  ASSERT_TRUE(color);
  bench_.blocked = true;
  const auto attachment = cam.stream("skeleton").value()->attach({}, skeletons);
  ASSERT_TRUE(attachment);
  ASSERT_TRUE(eventually([&] { return bench_.pictures == 1; }));
  const auto before = pictures.frames().size();
  EXPECT_TRUE(eventually([&] { return pictures.frames().size() > before + 20; }));
  EXPECT_EQ(bench_.pictures, 1);
  EXPECT_TRUE(skeletons.frames().empty());
  // Long past, so that both sinks have had it.
  const auto meanwhile = pictures.frames()[before + 10]->source->capture_time;
  bench_.blocked = false;
  // What came meanwhile is left out: the second skeleton is of a picture after those.
  ASSERT_TRUE(eventually([&] { return skeletons.frames().size() >= 2; }));
  EXPECT_GE(skeletons.frames()[1]->source->capture_time, meanwhile);
  EXPECT_GT(cam.derived_streams().at(2).work.busy, 10U);
}

TEST_F(SkeletonStreamTest, TriesAgainWhenTheModelDoesNotLoad) {
  bench_.failures_left = 1;
  auto& cam = camera(factory());
  Kept kept;
  const auto attachment = cam.stream("skeleton").value()->attach({}, kept);
  ASSERT_TRUE(attachment);
  EXPECT_TRUE(eventually([&] { return !kept.frames().empty(); }));
  EXPECT_EQ(bench_.made, 2);
  EXPECT_TRUE(eventually([&] { return cam.derived_streams().at(2).work.made > 0; }));
  const auto derived = cam.derived_streams().at(2);
  EXPECT_EQ(derived.stream, "skeleton");
  EXPECT_EQ(derived.work.failures, 1U);
  EXPECT_EQ(derived.work.last_trouble, "");
}

TEST_F(SkeletonStreamTest, HasNoMetresWithoutDepth) {
  auto& cam = camera(factory(), "synthetic:room?size=64x64&fps=100&depth=0");
  Kept kept;
  const auto attachment = cam.stream("skeleton").value()->attach({}, kept);
  ASSERT_TRUE(attachment);
  ASSERT_TRUE(eventually([&] { return !kept.frames().empty(); }));
  Skeleton skeleton;
  ASSERT_TRUE(decode_skeleton(kept.frames()[0]->payload(), skeleton));
  EXPECT_EQ(skeleton.space, SkeletonSpace::None);
  EXPECT_EQ(skeleton.persons.size(), 1U);
}

TEST_F(SkeletonStreamTest, IsNotOfferedWithoutTheModuleOrWithoutColour) {
  const auto missing = camera({}).stream("skeleton");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_THAT(missing.error().message, testing::HasSubstr("module pose"));
  EXPECT_THAT(camera(factory(), "synthetic:room?size=64x64&color=none").stream_ids(),
              testing::ElementsAre("depth"));
}

TEST_F(SkeletonStreamTest, StopsInTheMiddleOfWork) {
  auto& cam = camera(factory());
  Kept kept;
  auto attachment = cam.stream("skeleton").value()->attach({}, kept);
  ASSERT_TRUE(attachment);
  ASSERT_TRUE(eventually([&] { return bench_.pictures > 0; }));
  cam.stop();
  EXPECT_EQ(bench_.alive, 0);
}

}  // namespace lenswire::server
