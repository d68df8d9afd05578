#include "hub/stream_hub.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "hub/subscription.hpp"
#include "hub/test_frames.hpp"

namespace lenswire::hub {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

class HubTest : public testing::Test {
 protected:
  void publish(std::uint64_t sequence) { hub_.publish(test_frame(profile_, sequence)); }

  static std::uint64_t next_sequence(Subscription& subscription) {
    auto delivery = subscription.next(kPatience);
    EXPECT_TRUE(delivery);
    return delivery ? delivery->frame->sequence() : 0;
  }

  static Wish png() {
    Wish wish;
    wish.codec = CodecId::Png;
    return wish;
  }

  StreamProfilePtr profile_ = test_profile();
  EncoderPool encoders_{2};
  std::atomic<int> demand_changes_{0};
  StreamHub hub_{profile_, encoders_, [this] { ++demand_changes_; }};
};

}  // namespace

TEST_F(HubTest, EncodesOncePerFrameForAnyNumberOfClients) {
  std::vector<std::unique_ptr<Subscription>> subscriptions;
  std::vector<StreamHub::Attachment> attachments;
  for (int i = 0; i < 50; ++i) {
    subscriptions.push_back(std::make_unique<Subscription>(DeliverySettings{}));
    attachments.push_back(std::move(*hub_.attach(png(), *subscriptions.back())));
  }
  for (std::uint64_t frame = 0; frame < 10; ++frame) {
    publish(frame);
    for (const auto& subscription : subscriptions) EXPECT_EQ(next_sequence(*subscription), frame);
  }
  EXPECT_EQ(hub_.counters().encodes, 10U);
  EXPECT_EQ(hub_.counters().frames, 10U);
}

TEST_F(HubTest, EncodedFrameKeepsTheStampsAndNotThePixels) {
  Subscription subscription{DeliverySettings{}};
  const auto attachment = hub_.attach(png(), subscription);
  publish(7);
  const auto delivery = subscription.next(kPatience);
  ASSERT_TRUE(delivery);
  const auto captured = test_frame(profile_, 7);
  EXPECT_TRUE(delivery->frame->source->bytes().empty());
  EXPECT_FALSE(delivery->frame->payload().empty());
  EXPECT_EQ(delivery->frame->sequence(), captured->sequence);
  EXPECT_EQ(delivery->frame->source->capture_time, captured->capture_time);
  EXPECT_EQ(delivery->frame->source->width(), captured->width());
}

TEST_F(HubTest, EncodesNothingWhenNobodyWatches) {
  for (std::uint64_t frame = 0; frame < 10; ++frame) publish(frame);
  EXPECT_EQ(hub_.counters().encodes, 0U);
  {
    Subscription subscription{DeliverySettings{}};
    const auto attachment = hub_.attach(png(), subscription);
    EXPECT_EQ(next_sequence(subscription), 9U) << "the newest frame comes at once";
  }
  publish(10);
  publish(11);
  EXPECT_EQ(hub_.counters().encodes, 1U);
  EXPECT_EQ(demand_changes_, 2);
}

TEST_F(HubTest, CountsTheWorkOfEncodersAndFilters) {
  // Keeps both encoder threads busy until it is told otherwise.
  struct Blocker final : EncodeJob {
    bool run_once() override {
      free.wait(false);
      return false;
    }
    std::atomic<bool> free{false};
  };
  const auto blockers = std::array{std::make_shared<Blocker>(), std::make_shared<Blocker>()};
  for (const auto& blocker : blockers) encoders_.submit(blocker);
  Subscription subscription{DeliverySettings{}};
  auto wish = png();
  wish.filters = *filter::parse_filter_chain("threshold:0:1,holes");
  auto attachment = hub_.attach(wish, subscription);
  for (std::uint64_t frame = 1; frame <= 4; ++frame) publish(frame);
  EXPECT_EQ(hub_.counters().skipped, 3U);
  for (const auto& blocker : blockers) {
    blocker->free = true;
    blocker->free.notify_all();
  }
  EXPECT_EQ(next_sequence(subscription), 4U);
  attachment->reset();
  const auto counters = hub_.counters();
  EXPECT_EQ(counters.encodes, 1U);
  EXPECT_EQ(counters.filtered, 1U);
  EXPECT_EQ(counters.filter_failures, 0U);
  EXPECT_GT(counters.filtering.count(), 0);
  EXPECT_GT(counters.encoding, counters.filtering);
  EXPECT_EQ(counters.skipped, 3U) << "also after everybody left";
}

TEST_F(HubTest, DifferentWishesAreEncodedApart) {
  Subscription full{DeliverySettings{}};
  Subscription half{DeliverySettings{}};
  auto half_wish = png();
  half_wish.scale = 0.5;
  const auto a = hub_.attach(png(), full);
  const auto b = hub_.attach(half_wish, half);
  publish(1);
  EXPECT_EQ(next_sequence(full), 1U);
  EXPECT_EQ(next_sequence(half), 1U);
  EXPECT_EQ(hub_.counters().encodes, 2U);
}

TEST_F(HubTest, RawFramesPassThroughUncopied) {
  Subscription subscription{DeliverySettings{}};
  const auto attachment = hub_.attach({}, subscription);
  const auto frame = test_frame(profile_, 5);
  hub_.publish(frame);
  const auto delivery = subscription.next(kPatience);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->frame->payload().data(), frame->bytes().data());
  EXPECT_EQ(hub_.counters().encodes, 0U);
}

TEST_F(HubTest, LetsGoOfFramesThatNobodyHoldsAnyMore) {
  Subscription subscription({DeliveryPolicy::Every, 8, 0});
  auto attachment = hub_.attach({}, subscription);
  std::vector<FramePtr> frames;
  for (std::uint64_t i = 0; i < 8; ++i) hub_.publish(frames.emplace_back(test_frame(profile_, i)));
  for (std::uint64_t i = 0; i < 8; ++i) EXPECT_EQ(next_sequence(subscription), i);
  for (std::uint64_t i = 0; i + 1 < 8; ++i) EXPECT_EQ(frames[i].use_count(), 1) << i;
}

TEST_F(HubTest, ReportsSourceGapsWithTheirNumbers) {
  Subscription subscription({DeliveryPolicy::Every, 8, 0});
  const auto attachment = hub_.attach({}, subscription);
  publish(3);
  publish(6);
  EXPECT_TRUE(subscription.next(kPatience)->missed.empty()) << "nobody was watching before 3";
  const auto second = subscription.next(kPatience);
  ASSERT_EQ(second->missed.records().size(), 1U);
  EXPECT_EQ(second->missed.records()[0], (Missed{MissReason::SourceGap, 2, 4}));
}

TEST_F(HubTest, EveryFrameReachesAnEveryClientThroughTheEncoder) {
  Subscription subscription({DeliveryPolicy::Every, 64, 0});
  const auto attachment = hub_.attach(png(), subscription);
  std::uint64_t accounted = 0;
  for (std::uint64_t frame = 0; frame < 200; ++frame) {
    publish(frame);
    if (frame % 4 != 3) continue;
    for (int i = 0; i < 4; ++i) {
      const auto delivery = subscription.next(kPatience);
      ASSERT_TRUE(delivery);
      EXPECT_EQ(delivery->frame->sequence(), accounted);
      EXPECT_TRUE(delivery->missed.empty());
      ++accounted;
    }
  }
}

TEST_F(HubTest, ASlowReaderNeverHoldsUpAFastOne) {
  Subscription slow{DeliverySettings{}};
  Subscription fast({DeliveryPolicy::Every, 64, 0});
  const auto a = hub_.attach({}, slow);
  const auto b = hub_.attach({}, fast);
  for (std::uint64_t frame = 0; frame < 60; ++frame) publish(frame);
  for (std::uint64_t frame = 0; frame < 60; ++frame) EXPECT_EQ(next_sequence(fast), frame);
  const auto last = slow.next(kPatience);
  EXPECT_EQ(last->frame->sequence(), 59U);
  EXPECT_EQ(last->missed.total(), 59U);
}

TEST_F(HubTest, TellsOfANewProfileByANewVersion) {
  Subscription subscription({DeliveryPolicy::Every, 8, 0});
  const auto attachment = hub_.attach({}, subscription);
  publish(0);
  auto wider = std::make_shared<StreamProfile>(*profile_);
  wider->width = 32;
  profile_ = wider;
  publish(1);
  const auto first = subscription.next(kPatience);
  const auto second = subscription.next(kPatience);
  EXPECT_NE(first->frame->profile->version, second->frame->profile->version);
  EXPECT_EQ(second->frame->profile->profile.width, 32U);
}

TEST_F(HubTest, SubscriptionsComeAndGoWhileFramesFlow) {
  std::atomic<bool> stop{false};
  std::thread source([&] {
    for (std::uint64_t frame = 0; !stop; ++frame) publish(frame);
  });
  std::vector<std::thread> clients;
  for (int t = 0; t < 3; ++t)
    clients.emplace_back([&, t] {
      for (int round = 0; round < 40; ++round) {
        Subscription subscription{DeliverySettings{}};
        auto attachment = hub_.attach(t == 0 ? Wish{} : png(), subscription);
        ASSERT_TRUE(attachment);
        EXPECT_TRUE(subscription.next(kPatience));
      }
    });
  for (auto& client : clients) client.join();
  stop = true;
  source.join();
  EXPECT_FALSE(hub_.wanted());
}

TEST(Subscription, CloseWakesTheReader) {
  Subscription subscription{DeliverySettings{}};
  std::thread reader([&] {
    const auto result = subscription.next(kPatience);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::Closed);
  });
  subscription.close();
  reader.join();
  EXPECT_EQ(subscription.next(std::chrono::milliseconds(1)).error().code, ErrorCode::Closed);
}

TEST_F(HubTest, AWishThatANewProfileCannotMeetIsRefused) {
  struct Sink final : FrameSink {
    void deliver(const EncodedFramePtr& frame) override {
      sizes.push_back(frame->profile->profile.width);
      if (frame->sequence() != 1) return;
      has_second = true;
      has_second.notify_one();
    }
    void refused(const Error& reason) override { reasons.push_back(reason.message); }
    std::vector<std::uint32_t> sizes;
    std::vector<std::string> reasons;
    std::atomic<bool> has_second{false};
  };
  Wish near;
  near.depth_max_m = 5;
  Wish corner;
  corner.region = Region{8, 0, 8, 8};
  Wish all;
  Sink cut;
  Sink moved;
  Sink whole;
  const auto first = hub_.attach(near, cut);
  const auto second = hub_.attach(corner, moved);
  const auto third = hub_.attach(all, whole);
  ASSERT_TRUE(first);
  publish(0);
  auto smaller = std::make_shared<StreamProfile>(*profile_);
  smaller->width = 8;
  smaller->format = PixelFormat::Y16;
  hub_.set_profile(smaller);
  EXPECT_FALSE(hub_.has_frame()) << "the old picture is not one of this profile";
  hub_.publish(test_frame(smaller, 1));
  moved.has_second.wait(false);  // the test's time limit ends a hang
  encoders_.stop();
  EXPECT_LE(cut.sizes.size(), 1U);
  for (const auto width : cut.sizes) EXPECT_EQ(width, 16U);
  ASSERT_EQ(cut.reasons.size(), 1U);
  EXPECT_NE(cut.reasons[0].find("depth range"), std::string::npos);
  EXPECT_TRUE(moved.reasons.empty()) << "a region is moved inside the smaller picture";
  ASSERT_FALSE(moved.sizes.empty());
  for (const auto width : moved.sizes) EXPECT_EQ(width, 8U);
  EXPECT_EQ(whole.sizes, (std::vector<std::uint32_t>{16, 8}));
  EXPECT_TRUE(whole.reasons.empty());
}

}  // namespace lenswire::hub
