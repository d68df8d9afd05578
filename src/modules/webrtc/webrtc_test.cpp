#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "modules/webrtc/rtc_end_for_test.hpp"
#include "modules/webrtc/stack.hpp"
#include "wire/sdp/session.hpp"

namespace lenswire::webrtc {
namespace {

using net::RtcChannelSettings;
using net::RtcPayload;
using Seen = RtcEnd::Seen;

std::vector<std::byte> pattern(std::size_t size, unsigned seed) {
  std::vector<std::byte> out(size);
  std::uint32_t state = seed * 2654435761U + 1;
  for (auto& byte : out) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24);
  }
  return out;
}

Result<void> send(net::RtcChannel& channel, std::span<const std::byte> bytes,
                  RtcPayload payload = RtcPayload::Binary) {
  return channel.send(std::array{bytes}, payload);
}

RtcChannelSettings labelled(std::string label) {
  RtcChannelSettings out;
  out.label = std::move(label);
  return out;
}

net::RtcStack& stack() {
  // Never destroyed, as in the program.
  static auto* const one = unwrap(make_stack()).release();
  return *one;
}

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

// A thread that was joined is listed for another moment, and sockets close a moment after their
// peer's end.
bool falls_to(std::size_t most, const char* folder) {
  const auto deadline = std::chrono::steady_clock::now() + kTestPatience;
  while (entries(folder) > most) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// Each until its channel is closed.
std::vector<std::thread> send_without_a_break(std::initializer_list<RtcEnd*> ends,
                                              std::size_t bytes_each) {
  std::vector<std::thread> senders;
  for (auto* end : ends)
    senders.emplace_back([channel = end->channel(), bytes = pattern(bytes_each, 7)] {
      while (true) {
        const auto sent = send(*channel, bytes);
        if (!sent && sent.error().code == ErrorCode::Closed) return;
        if (!sent) std::this_thread::yield();
      }
    });
  return senders;
}

TEST(Webrtc, CarriesLongMessagesBothWays) {
  for (const bool old_syntax : {false, true}) {
    auto settings = loopback_settings();
    settings.old_syntax = old_syntax;
    RtcEnd a(stack(), settings);
    RtcEnd b(stack(), loopback_settings());
    introduce(a, b, {labelled("frames")});
    EXPECT_EQ(a.seen().description->find("DTLS/SCTP 5000") != std::string::npos, old_syntax);
    EXPECT_EQ(b.seen().description->find("sctpmap") != std::string::npos, old_syntax) << "in kind";
    const auto out = a.channel();
    const auto back = b.channel();
    ASSERT_TRUE(out && back);
    EXPECT_EQ(back->settings().label, "frames");
    const auto long_one = pattern(3 << 20, 1);
    const auto other = pattern((1 << 20) + 1, 2);
    ASSERT_TRUE(send(*out, long_one));
    ASSERT_TRUE(send(*back, other));
    ASSERT_TRUE(send(*out, {}, RtcPayload::Text));
    ASSERT_TRUE(b.wait([](const Seen& s) { return s.messages.size() == 2; }));
    ASSERT_TRUE(a.wait([](const Seen& s) { return s.messages.size() == 1; }));
    EXPECT_EQ(b.seen().messages[0].bytes, long_one);
    EXPECT_EQ(a.seen().messages[0].bytes, other);
    EXPECT_TRUE(b.seen().messages[1].bytes.empty());
    EXPECT_EQ(b.seen().messages[1].payload, RtcPayload::Text);
    EXPECT_EQ(out->buffered_bytes(), 0U);
    const auto statistics = a.peer->statistics();
    EXPECT_GT(statistics.bytes_sent, long_one.size());
    EXPECT_EQ(statistics.local_candidate.rfind("host 127.0.0.1:", 0), 0U)
        << statistics.local_candidate;
  }
}

TEST(Webrtc, OpensAndClosesFurtherChannels) {
  RtcEnd a(stack(), loopback_settings());
  RtcEnd b(stack(), loopback_settings());
  introduce(a, b, {labelled("one")});
  ASSERT_TRUE(a.channel() && b.channel());
  auto limited = labelled("limited");
  limited.ordered = false;
  limited.max_retransmits = 0;
  auto timed = labelled("timed");
  timed.max_lifetime_ms = 50;
  ASSERT_TRUE(b.peer->open(limited));
  ASSERT_TRUE(b.peer->open(timed));
  const auto first = a.channel(1);
  const auto second = a.channel(2);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->settings().max_retransmits, std::optional<std::uint16_t>(0));
  EXPECT_FALSE(first->settings().ordered);
  EXPECT_EQ(second->settings().max_lifetime_ms, std::optional<std::uint16_t>(50));
  ASSERT_TRUE(b.channel(2));
  const auto bytes = pattern(20'000, 3);
  // Such a channel may lose messages, even here: some of many arrive, and those are whole.
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(send(*b.channel(1), bytes));
  ASSERT_TRUE(a.wait([](const Seen& s) { return !s.messages.empty(); }));
  for (const auto& message : a.seen().messages) EXPECT_EQ(message.bytes, bytes);
  // What was sent before close() still arrives.
  ASSERT_TRUE(send(*a.channel(0), pattern(500'000, 4)));
  a.channel(0)->close();
  EXPECT_FALSE(send(*a.channel(0), bytes));
  const auto told = [](const Seen& s) { return s.closed == std::vector<std::string>{"one"}; };
  ASSERT_TRUE(b.wait(told));
  ASSERT_TRUE(a.wait(told));
  EXPECT_EQ(b.seen().messages.size(), 1U);
  // And its stream can be used anew.
  ASSERT_TRUE(a.peer->open(labelled("again")));
  const auto again = a.channel(3);
  ASSERT_TRUE(again);
  ASSERT_TRUE(send(*again, bytes));
  ASSERT_TRUE(b.wait([](const Seen& s) { return s.messages.size() == 2; }));
}

TEST(Webrtc, KeepsToItsBounds) {
  auto settings = loopback_settings();
  settings.max_message_bytes = 100'000;
  settings.buffer_limit_bytes = 8 << 20;
  RtcEnd a(stack(), loopback_settings());
  RtcEnd b(stack(), settings);
  b.keep_messages = false;
  introduce(a, b, {labelled("frames"), labelled("other")});
  ASSERT_TRUE(a.channel(1) && b.channel(1));
  EXPECT_EQ(a.channel()->peer_max_message_bytes(), 100'000U);
  EXPECT_FALSE(send(*b.channel(), pattern(100'001, 1)));
  ASSERT_TRUE(send(*b.channel(), pattern(100'000, 1)));
  // b, whose limit is 8 MiB, is told when there is room again.
  const auto piece = pattern(90'000, 2);
  Result<void> sent;
  std::size_t taken = 1;
  while ((sent = send(*b.channel(), piece))) ++taken;
  EXPECT_EQ(sent.error().code, ErrorCode::Busy);
  EXPECT_LE(b.channel()->buffered_bytes(), 8U << 20);
  ASSERT_TRUE(b.wait([](const Seen& s) { return s.drained > 0; }));
  ASSERT_TRUE(a.wait([&](const Seen& s) { return s.message_count == taken; }));
  // A longer message than b takes ends the channel that it came on, and no other.
  ASSERT_TRUE(send(*a.channel(0), pattern(300'000, 3)));
  ASSERT_TRUE(a.wait([](const Seen& s) { return s.closed.size() == 1; }));
  const auto lives = a.seen().closed[0] == "frames" ? 1U : 0U;
  ASSERT_TRUE(send(*a.channel(lives), piece));
  ASSERT_TRUE(b.wait([](const Seen& s) { return s.message_count == 1; }));
}

TEST(Webrtc, TellsOfThePeersEnd) {
  RtcEnd a(stack(), loopback_settings());
  auto b = std::make_unique<RtcEnd>(stack(), loopback_settings());
  introduce(a, *b, {labelled("frames")});
  ASSERT_TRUE(a.channel() && b->channel());
  const auto kept = b->channel();
  const auto own = a.channel();
  b.reset();
  ASSERT_TRUE(a.wait([](const Seen& s) { return s.end.has_value(); }));
  EXPECT_EQ(a.seen().end->code, ErrorCode::Disconnected);
  EXPECT_FALSE(send(*kept, pattern(1, 1))) << "a channel outlives its peer";
  EXPECT_FALSE(send(*own, pattern(1, 1)));
}

TEST(Webrtc, GivesUpAPeerWithTheWrongCertificate) {
  RtcEnd a(stack(), loopback_settings());
  RtcEnd b(stack(), loopback_settings());
  ASSERT_TRUE(a.peer->offer({labelled("x")}));
  auto offer = a.description();
  const auto print = offer.find("sha-256 ") + 8;
  offer.replace(print, 2, offer.substr(print, 2) == "00" ? "01" : "00");
  ASSERT_TRUE(b.peer->answer(offer));
  ASSERT_TRUE(a.peer->set_answer(b.description()));
  ASSERT_TRUE(b.wait([](const Seen& s) { return s.end.has_value(); }));
  EXPECT_NE(b.seen().end->message.find("certificate"), std::string::npos) << b.seen().end->message;
  EXPECT_TRUE(b.seen().channels.empty());
}

TEST(Webrtc, GivesUpWhereNobodyAnswers) {
  auto settings = loopback_settings();
  RtcEnd a(stack(), settings);
  settings.connect_patience = std::chrono::milliseconds(300);
  RtcEnd b(stack(), settings);
  ASSERT_TRUE(a.peer->offer({labelled("x")}));
  ASSERT_TRUE(b.peer->answer(a.description()));  // whose answer a never gets
  ASSERT_TRUE(b.wait([](const Seen& s) { return s.end.has_value(); }));
  EXPECT_EQ(b.seen().end->code, ErrorCode::Timeout) << b.seen().end->message;
}

TEST(Webrtc, RefusesDescriptionsThatAreNone) {
  RtcEnd a(stack(), loopback_settings());
  const auto refused = a.peer->answer("v=0\r\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
  EXPECT_FALSE(a.peer->set_answer("v=0\r\n"));
  EXPECT_FALSE(a.peer->add_candidate("nonsense"));
}

TEST(Webrtc, TakesOnlySoManyCandidates) {
  RtcEnd a(stack(), loopback_settings());
  const std::string one = "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host";
  for (std::size_t i = 0; i < wire::sdp::kMaxCandidates; ++i)
    ASSERT_TRUE(a.peer->add_candidate(one));
  EXPECT_TRUE(a.peer->add_candidate("candidate:1 1 tcp 1 127.0.0.1 9 typ host")) << "not counted";
  const auto refused = a.peer->add_candidate(one);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::InvalidArgument);
}

TEST(Webrtc, PeersMayBeDestroyedUnderLoad) {
  std::optional<std::size_t> threads;
  for (int round = 0; round < 3; ++round) {
    auto a = std::make_unique<RtcEnd>(stack(), loopback_settings());
    auto b = std::make_unique<RtcEnd>(stack(), loopback_settings());
    a->keep_messages = b->keep_messages = false;
    introduce(*a, *b, {labelled("frames")});
    ASSERT_TRUE(a->channel() && b->channel());
    if (!threads) threads = entries("/proc/self/task");
    auto senders = send_without_a_break({a.get(), b.get()}, 200'000);
    ASSERT_TRUE(a->wait([](const Seen& s) { return s.message_count > 5; }));
    ASSERT_TRUE(b->wait([](const Seen& s) { return s.message_count > 5; }));
    if (round % 2 == 0) a.reset();
    b.reset();
    a.reset();
    for (auto& sender : senders) sender.join();
    // One more than at first: GLib starts a worker of its own when it likes.
    EXPECT_TRUE(falls_to(*threads + 1, "/proc/self/task"));
  }
}

TEST(Webrtc, PeersThatSendWithoutABreakHoldUpNoOther) {
  auto a = std::make_unique<RtcEnd>(stack(), loopback_settings());
  auto b = std::make_unique<RtcEnd>(stack(), loopback_settings());
  a->keep_messages = b->keep_messages = false;
  introduce(*a, *b, {labelled("frames")});
  ASSERT_TRUE(a->channel() && b->channel());
  auto senders = send_without_a_break({a.get(), b.get()}, 20'000);
  ASSERT_TRUE(a->wait([](const Seen& s) { return s.message_count > 50; }));
  ASSERT_TRUE(b->wait([](const Seen& s) { return s.message_count > 50; }));
  // A peer's end waits for its loop. How many messages pass in the meantime, at best: this thread
  // may have to wait for a core, too.
  const auto passed = [&] { return a->seen().message_count + b->seen().message_count; };
  auto fewest = std::numeric_limits<std::size_t>::max();
  for (int i = 0; i < 16; ++i) {
    std::vector<std::unique_ptr<RtcEnd>> others;
    for (int each = 0; each < 2; ++each)  // one of them on the loop of a, one on that of b
      others.push_back(std::make_unique<RtcEnd>(stack(), loopback_settings()));
    const auto before = passed();
    others.clear();
    fewest = std::min(fewest, passed() - before);
  }
  EXPECT_LE(fewest, 40U);
  a.reset();
  b.reset();
  for (auto& sender : senders) sender.join();
}

// LENSWIRE_RTC_CYCLES: more of them, for a long run by hand.
TEST(Webrtc, FiftyPeersComeAndGo) {
  const char* wanted = std::getenv("LENSWIRE_RTC_CYCLES");
  const int cycles = wanted != nullptr ? std::atoi(wanted) : 4;
  struct Usage {
    std::size_t descriptors;
    std::size_t threads;
  };
  // The first peer's loops and timers add a few to it.
  const auto before = entries("/proc/self/fd");
  std::optional<Usage> first;
  for (int cycle = 0; cycle < cycles; ++cycle) {
    std::vector<std::unique_ptr<RtcEnd>> offering;
    std::vector<std::unique_ptr<RtcEnd>> answering;
    for (int i = 0; i < 25; ++i) {
      offering.push_back(std::make_unique<RtcEnd>(stack(), loopback_settings()));
      answering.push_back(std::make_unique<RtcEnd>(stack(), loopback_settings()));
      introduce(*offering.back(), *answering.back(), {labelled("frames")});
    }
    for (const auto& end : offering) {
      ASSERT_TRUE(end->channel());
      ASSERT_TRUE(send(*end->channel(), pattern(50'000, 1)));
    }
    for (const auto& end : answering)
      ASSERT_TRUE(end->wait([](const Seen& s) { return s.message_count == 1; }));
    // Half of them are told of the end, half go first themselves.
    offering.clear();
    answering.clear();
    if (!first && cycle == 0) {
      // Sockets are closed a moment after their peers' end.
      EXPECT_TRUE(falls_to(before + 32, "/proc/self/fd"));
      first = Usage{entries("/proc/self/fd"), entries("/proc/self/task")};
    }
    if (wanted != nullptr && cycle % 20 == 19) {
      std::ifstream statm("/proc/self/statm");
      std::size_t pages = 0;
      statm >> pages >> pages;
      std::printf("cycle %d: %zu descriptors, %zu threads, %zu KiB\n", cycle + 1,
                  entries("/proc/self/fd"), entries("/proc/self/task"), pages * 4);
      std::fflush(stdout);
    }
  }
  // GLib starts a worker of its own when it likes.
  EXPECT_TRUE(falls_to(first->descriptors + 2, "/proc/self/fd"));
  EXPECT_TRUE(falls_to(first->threads + 1, "/proc/self/task"));
}

}  // namespace
}  // namespace lenswire::webrtc
