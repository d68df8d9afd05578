// rtc_end_for_test.hpp - a peer whose listener notes all, for tests to wait on.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "net/rtc.hpp"

namespace lenswire::webrtc {

/// Only ends a hang.
inline constexpr auto kTestPatience = std::chrono::seconds(100);

inline net::RtcPeerSettings loopback_settings() {
  net::RtcPeerSettings out;
  out.local_addresses = {"127.0.0.1"};
  out.connect_patience = std::chrono::seconds(90);
  out.dead_peer = std::chrono::seconds(60);
  return out;
}

class RtcEnd final : public net::RtcListener {
 public:
  RtcEnd(net::RtcStack& stack, const net::RtcPeerSettings& settings) {
    auto made = stack.make_peer(settings, *this);
    EXPECT_TRUE(made) << made.error().message;
    peer = std::move(*made);
  }

  struct Message {
    std::string label;
    std::vector<std::byte> bytes;
    net::RtcPayload payload;
  };

  // What has come, under the lock; changed with each.
  struct Seen {
    std::optional<std::string> description;
    std::vector<std::shared_ptr<net::RtcChannel>> channels;
    std::vector<Message> messages;
    std::size_t message_count = 0;
    std::size_t message_bytes = 0;
    std::size_t drained = 0;
    std::vector<std::string> closed;
    std::optional<Error> end;
  };

  bool wait(const std::function<bool(const Seen&)>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kTestPatience;
    base::MutexLock lock(mutex_);
    while (!condition(seen_))
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) return condition(seen_);
    return true;
  }
  Seen seen() {
    base::MutexLock lock(mutex_);
    return seen_;
  }
  std::string description() {
    EXPECT_TRUE(wait([](const Seen& s) { return s.description || s.end; }));
    return seen().description.value_or("");
  }
  std::shared_ptr<net::RtcChannel> channel(std::size_t index = 0) {
    EXPECT_TRUE(wait([&](const Seen& s) { return s.channels.size() > index || s.end; }));
    const auto now = seen();
    EXPECT_FALSE(now.end) << now.end->message;
    return now.channels.size() > index ? now.channels[index] : nullptr;
  }

  void on_description(std::string sdp) override {
    change([&](Seen& s) { s.description = std::move(sdp); });
  }
  void on_open(std::shared_ptr<net::RtcChannel> channel) override {
    change([&](Seen& s) { s.channels.push_back(std::move(channel)); });
  }
  void on_message(net::RtcChannel& channel, std::span<const std::byte> bytes,
                  net::RtcPayload payload) override {
    change([&](Seen& s) {
      ++s.message_count;
      s.message_bytes += bytes.size();
      if (keep_messages)
        s.messages.push_back({channel.settings().label, {bytes.begin(), bytes.end()}, payload});
    });
  }
  void on_drained(net::RtcChannel&) override {
    change([](Seen& s) { ++s.drained; });
  }
  void on_channel_closed(net::RtcChannel& channel) override {
    change([&](Seen& s) { s.closed.push_back(channel.settings().label); });
  }
  void on_end(const Error& why) override {
    change([&](Seen& s) { s.end = why; });
  }

  bool keep_messages = true;

 private:
  template <typename Change>
  void change(Change apply) {
    base::MutexLock lock(mutex_);
    apply(seen_);
    changed_.notify_all();
  }

  base::Mutex mutex_;
  base::ConditionVariable changed_;
  Seen seen_ LENSWIRE_GUARDED_BY(mutex_);

 public:
  std::unique_ptr<net::RtcPeer> peer;  // the last: its end comes first, and it calls until then
};

/// Hands the descriptions over, so that the two find each other.
inline void introduce(RtcEnd& offerer, RtcEnd& answerer,
                      std::vector<net::RtcChannelSettings> channels) {
  ASSERT_TRUE(offerer.peer->offer(std::move(channels)));
  const auto offer = offerer.description();
  const auto taken = answerer.peer->answer(offer);
  ASSERT_TRUE(taken) << taken.error().message << '\n' << offer;
  const auto answer = answerer.description();
  const auto set = offerer.peer->set_answer(answer);
  ASSERT_TRUE(set) << set.error().message << '\n' << answer;
}

}  // namespace lenswire::webrtc
