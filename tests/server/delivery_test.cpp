// Who gets which frames, and what they cost the server.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/mutex.hpp"
#include "running_server.hpp"

namespace lenswire {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::kLimit;
using test::stream_of;

// Clients with the same wish, each reading on a thread of its own until the end.
class Audience {
 public:
  Audience(const Server& server, int size, const SubscribeSettings& wish) {
    for (int i = 0; i < size; ++i) {
      clients_.push_back(test::connect(server));
      EXPECT_TRUE(clients_.back()->subscribe(wish));
    }
    received_ = std::vector<std::atomic<int>>(clients_.size());
    for (std::size_t i = 0; i < clients_.size(); ++i)
      threads_.emplace_back([this, i] {
        while (const auto frame = clients_[i]->next(kLimit)) {
          ++received_[i];
          base::MutexLock lock(mutex_);
          sequences_.insert(frame->frame->sequence);
        }
      });
  }
  ~Audience() {
    for (const auto& client : clients_) client->interrupt();
    for (auto& thread : threads_) thread.join();
  }

  [[nodiscard]] bool each_got(int frames) const {
    return std::all_of(received_.begin(), received_.end(),
                       [frames](const auto& count) { return count >= frames; });
  }
  [[nodiscard]] std::size_t different_frames() {
    base::MutexLock lock(mutex_);
    return sequences_.size();
  }

 private:
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::atomic<int>> received_;
  base::Mutex mutex_;
  std::set<std::uint64_t> sequences_ LENSWIRE_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

ServerSettings always_on_ball() {
  auto settings = test::small_cameras();
  settings.cameras = {{"ball", "synthetic:ball?size=64x64&fps=60", true}};
  return settings;
}

TEST(Delivery, EncodesOncePerFrameHoweverManyWatch) {
  const auto server = test::start(always_on_ball());
  const auto frames = [&] { return server->counters().frames_published; };
  ASSERT_TRUE(eventually([&] { return frames() >= 10; }));
  EXPECT_EQ(server->counters().encodes, 0U) << "nobody watches";

  const auto before = frames();
  {
    Audience audience(*server, 20, stream_of("ball", "color", "jpeg"));
    ASSERT_TRUE(eventually([&] { return audience.each_got(20); }));
    const auto seen = audience.different_frames();
    const auto encodes = server->counters().encodes;
    EXPECT_GE(encodes, seen);
    EXPECT_LE(encodes, frames() - before + 1) << "one more: the newest one at the first subscribe";
  }
  ASSERT_TRUE(eventually([&] { return server->counters().sessions == 0; }));
  EXPECT_TRUE(test::encoding_ends(*server)) << "nobody watches any more";
}

TEST(Delivery, UnsubscribingEndsTheEncodingOnAKeptConnection) {
  const auto server = test::start(always_on_ball());
  const auto client = test::connect(*server);
  const auto subscription = client->subscribe(stream_of("ball", "color", "jpeg"));
  ASSERT_TRUE(subscription);
  ASSERT_TRUE(client->next(kLimit));
  ASSERT_TRUE(client->unsubscribe(subscription->id));
  EXPECT_TRUE(test::encoding_ends(*server));
}

TEST(Delivery, WakesAnIoThreadOncePerFrameHoweverManyWatch) {
  auto settings = always_on_ball();
  settings.io_threads = 1;
  const auto server = test::start(settings);
  Audience audience(*server, 30, stream_of("ball", "color"));
  ASSERT_TRUE(eventually([&] { return audience.each_got(2); }));

  // The two totals are not read in one moment: the frames are counted for longer.
  const auto frames_before = server->counters().frames_published;
  const auto wakeups_before = server->counters().io_wakeups;
  ASSERT_TRUE(eventually([&] {
    return server->counters().frames_published >= frames_before + 60 &&
           server->counters().io_wakeups > wakeups_before;
  }));
  const auto wakeups = server->counters().io_wakeups - wakeups_before;
  const auto frames = server->counters().frames_published - frames_before;
  // Fewer wake-ups: one served several frames. More: those for frames from before.
  EXPECT_LE(wakeups, frames + 2);
}

TEST(Delivery, KeepsTheRateThatWasAskedFor) {
  const auto server = test::start();
  const auto client = test::connect(*server);
  auto wish = stream_of("ball", "color");
  wish.rate_hz = 10;
  ASSERT_TRUE(client->subscribe(wish));
  const auto first = client->next(kLimit);
  ASSERT_TRUE(first) << first.error().message;
  auto last = first->frame;
  for (int i = 0; i < 8; ++i) {
    const auto next = client->next(kLimit);
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_GE(next->frame->sequence, last->sequence + 5) << "60 Hz to 10 Hz";
    ASSERT_FALSE(next->missed.empty());
    EXPECT_EQ(next->missed.total(), next->frame->sequence - last->sequence - 1);
    last = next->frame;
  }
}

TEST(Delivery, PullsAsManyAsWereAskedFor) {
  const auto server = test::start();
  const auto client = test::connect(*server);
  auto wish = stream_of("ball", "color");
  wish.policy = DeliveryPolicy::Pull;
  const auto subscription = client->subscribe(wish);
  ASSERT_TRUE(subscription);
  EXPECT_EQ(client->next(300ms).error().code, ErrorCode::Timeout);
  ASSERT_TRUE(client->pull(subscription->id, 3));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client->next(kLimit));
  EXPECT_EQ(client->next(300ms).error().code, ErrorCode::Timeout);
}

TEST(Delivery, RegionAndScaleComeWithTheirOwnIntrinsics) {
  const auto server = test::start();
  const auto client = test::connect(*server);
  const auto whole = client->subscribe(stream_of("room", "depth"));
  ASSERT_TRUE(whole);
  ASSERT_TRUE(whole->profile->intrinsics);
  auto wish = stream_of("room", "depth");
  wish.region = Region{40, 20, 80, 60};
  wish.scale = 0.5;
  const auto part = client->subscribe(wish);
  ASSERT_TRUE(part) << part.error().message;
  const auto expected = whole->profile->intrinsics->cropped_and_scaled(40, 20, 80, 60, 40, 30);
  EXPECT_EQ(part->profile->intrinsics, expected);

  while (true) {
    const auto got = client->next(kLimit);
    ASSERT_TRUE(got) << got.error().message;
    if (got->subscription != part->id) continue;
    EXPECT_EQ(got->frame->width(), 40U);
    EXPECT_EQ(got->frame->height(), 30U);
    EXPECT_EQ(got->frame->profile->intrinsics, expected);
    EXPECT_EQ(got->region, wish.region);
    EXPECT_EQ(got->scale, 0.5);
    break;
  }
}

TEST(Delivery, ControlsThatAreSetAreToldToWhoWatches) {
  const auto server = test::start();
  const auto watcher = test::connect(*server);
  ASSERT_TRUE(watcher->watch());
  ASSERT_TRUE(watcher->subscribe(stream_of("room", "depth")));
  ASSERT_TRUE(watcher->next(kLimit));
  const auto setter = test::connect(*server);
  const auto read_back = setter->set_controls("room", {{"speed", 2.0}});
  ASSERT_TRUE(read_back) << read_back.error().message;
  ASSERT_EQ(read_back->size(), 1U);
  EXPECT_EQ(read_back->front().value, ControlValue(2.0));

  while (true) {
    const auto event = watcher->next_event(kLimit);
    ASSERT_TRUE(event) << event.error().message;
    if (event->kind != ClientEvent::Kind::Controls) continue;
    EXPECT_EQ(event->camera, "room");
    ASSERT_EQ(event->controls.size(), 1U);
    EXPECT_EQ(event->controls.front().name, "speed");
    EXPECT_EQ(event->controls.front().value, ControlValue(2.0));
    break;
  }
  EXPECT_EQ(setter->set_controls("room", {{"speed", 1e9}}).error().code,
            ErrorCode::InvalidArgument);
  EXPECT_EQ(setter->set_controls("nobody", {{"speed", 1.0}}).error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace lenswire
