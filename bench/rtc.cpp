#include "bench/rtc.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <CLI/CLI.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/module.hpp"
#include "base/mutex.hpp"
#include "base/unique_fd.hpp"
#include "net/rtc.hpp"

namespace lenswire::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr double kFramesPerSecond = 30;
constexpr auto kPatience = std::chrono::seconds(60);

double mbit_per_s(std::uint64_t bytes, Seconds time) {
  return static_cast<double>(bytes) * 8e-6 / time.count();
}

/// One end, and what it has seen.
class End final : public net::RtcListener {
 public:
  void on_description(std::string sdp) override {
    change([&] { description_ = std::move(sdp); });
  }
  void on_open(std::shared_ptr<net::RtcChannel> channel) override {
    change([&] { channel_ = std::move(channel); });
  }
  void on_message(net::RtcChannel&, std::span<const std::byte> bytes, net::RtcPayload) override {
    received_bytes += bytes.size();
    change([&] { ++messages_; });
  }
  void on_drained(net::RtcChannel&) override {
    change([] {});
  }
  void on_channel_closed(net::RtcChannel&) override {}
  void on_end(const Error& why) override {
    if (!done) std::fprintf(stderr, "rtc: %s\n", why.message.c_str());
    change([&] { ended_ = true; });
  }

  bool wait(const std::function<bool()>& condition) {
    const auto deadline = Clock::now() + kPatience;
    base::MutexLock lock(mutex_);
    while (!ended_ && !condition())
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) return false;
    return !ended_;
  }
  std::string description() {
    wait([this] { return !description_.empty(); });
    base::MutexLock lock(mutex_);
    return description_;
  }
  std::shared_ptr<net::RtcChannel> channel() {
    wait([this] { return channel_ != nullptr; });
    base::MutexLock lock(mutex_);
    return channel_;
  }
  std::uint64_t messages() {
    base::MutexLock lock(mutex_);
    return messages_;
  }
  bool wait_for_messages(std::uint64_t count) {
    return wait([&] { return messages_ >= count; });
  }

  std::atomic<std::uint64_t> received_bytes{0};
  std::atomic<bool> done{false};  // what ends now may end

 private:
  template <typename Change>
  void change(Change apply) {
    base::MutexLock lock(mutex_);
    apply();
    changed_.notify_all();
  }

  base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::string description_;
  std::shared_ptr<net::RtcChannel> channel_;
  std::uint64_t messages_ = 0;
  bool ended_ = false;
};

struct Figures {
  double mbit = 0;
  std::uint64_t paced = 0;
  std::uint64_t paced_skipped = 0;
  double paced_worst_ms = 0;
};

Result<Figures> measure_rtc(std::size_t bytes, Seconds time) {
  auto stack = base::load_module<net::RtcStack>("webrtc");
  if (!stack) return fail(stack.error());
  End from;
  End to;
  net::RtcPeerSettings settings;
  settings.local_addresses = {"127.0.0.1"};
  auto sender = (*stack)->make_peer(settings, from);
  auto receiver = (*stack)->make_peer(settings, to);
  if (!sender) return fail(sender.error());
  if (!receiver) return fail(receiver.error());
  if (auto ok = (*sender)->offer({{}}); !ok) return fail(ok.error());
  if (auto ok = (*receiver)->answer(from.description()); !ok) return fail(ok.error());
  if (auto ok = (*sender)->set_answer(to.description()); !ok) return fail(ok.error());
  const auto channel = from.channel();
  if (!channel) return fail(ErrorCode::Timeout, "the two ends do not find each other");

  const std::vector<std::byte> frame(bytes);
  const std::array pieces{std::span<const std::byte>(frame)};
  Figures out;
  std::uint64_t sent = 0;
  const auto begin = Clock::now();
  while (Clock::now() - begin < time) {
    if (channel->buffered_bytes() < 2 * bytes) {
      if (auto ok = channel->send(pieces, net::RtcPayload::Binary); !ok) return fail(ok.error());
      ++sent;
    } else if (!from.wait([&] { return channel->buffered_bytes() < 2 * bytes; })) {
      return fail(ErrorCode::Timeout, "the channel stands still");
    }
  }
  if (!to.wait_for_messages(sent)) return fail(ErrorCode::Timeout, "messages are missing");
  out.mbit = mbit_per_s(to.received_bytes, Clock::now() - begin);

  // As a server sends a camera's frames: one that finds the last one waiting is left out.
  const auto paced_begin = Clock::now();
  const auto before = to.messages();
  for (int tick = 0; Clock::now() - paced_begin < time; ++tick) {
    std::this_thread::sleep_until(paced_begin + std::chrono::duration_cast<Clock::duration>(
                                                    Seconds(tick / kFramesPerSecond)));
    if (channel->buffered_bytes() >= bytes) {
      ++out.paced_skipped;
      continue;
    }
    const auto at = Clock::now();
    if (auto ok = channel->send(pieces, net::RtcPayload::Binary); !ok) return fail(ok.error());
    ++out.paced;
    if (!to.wait_for_messages(before + out.paced))
      return fail(ErrorCode::Timeout, "a frame is missing");
    out.paced_worst_ms = std::max(out.paced_worst_ms, Seconds(Clock::now() - at).count() * 1e3);
  }
  from.done = to.done = true;
  return out;
}

Result<double> measure_tcp(std::size_t bytes, Seconds time) {
  const base::UniqueFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listening.get(), generic, sizeof address) != 0 || ::listen(listening.get(), 1) != 0 ||
      ::getsockname(listening.get(), generic, &size) != 0)
    return fail(ErrorCode::Unsupported, "no TCP over loopback");
  const base::UniqueFd out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(out.get(), generic, sizeof address) != 0)
    return fail(ErrorCode::Unsupported, "no TCP over loopback");
  const base::UniqueFd in(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::uint64_t received = 0;
  const auto begin = Clock::now();
  std::thread reader([&] {
    std::vector<std::byte> buffer(256 << 10);
    while (true) {
      const auto got = ::recv(in.get(), buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      received += static_cast<std::uint64_t>(got);
    }
  });
  const std::vector<std::byte> frame(bytes);
  while (Clock::now() - begin < time) {
    for (std::size_t at = 0; at < bytes;) {
      const auto sent = ::send(out.get(), frame.data() + at, bytes - at, MSG_NOSIGNAL);
      if (sent <= 0) break;
      at += static_cast<std::size_t>(sent);
    }
  }
  ::shutdown(out.get(), SHUT_WR);
  reader.join();
  return mbit_per_s(received, Clock::now() - begin);
}

}  // namespace

int run_rtc(int argc, char** argv) {
  CLI::App app("Messages over a data channel between two of our own ends in one process");
  double seconds = 5;
  std::size_t bytes = 614'400;
  bool as_json = false;
  app.add_option("--seconds", seconds, "Length of each measurement")->capture_default_str();
  app.add_option("--bytes", bytes, "Of one message (640x480 raw depth by default)")
      ->capture_default_str();
  app.add_flag("--json", as_json, "Print JSON");
  CLI11_PARSE(app, argc, argv);
  const auto rtc = measure_rtc(bytes, Seconds(seconds));
  if (!rtc) {
    std::fprintf(stderr, "rtc: %s\n", rtc.error().message.c_str());
    return 1;
  }
  const auto tcp = measure_tcp(bytes, Seconds(seconds));
  if (!tcp) {
    std::fprintf(stderr, "rtc: %s\n", tcp.error().message.c_str());
    return 1;
  }
  if (as_json) {
    const nlohmann::json out = {{"message_bytes", bytes},
                                {"rtc_mbit_per_s", rtc->mbit},
                                {"tcp_mbit_per_s", *tcp},
                                {"ratio", rtc->mbit / *tcp},
                                {"frames_at_30_hz", rtc->paced},
                                {"frames_skipped", rtc->paced_skipped},
                                {"frame_worst_ms", rtc->paced_worst_ms}};
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
  }
  std::printf("data channel   %8.0f Mbit/s in messages of %zu bytes\n", rtc->mbit, bytes);
  std::printf("plain TCP      %8.0f Mbit/s\n", *tcp);
  std::printf("at 30 a second %8llu sent, %llu left out, the slowest took %.1f ms\n",
              static_cast<unsigned long long>(rtc->paced),
              static_cast<unsigned long long>(rtc->paced_skipped), rtc->paced_worst_ms);
  return 0;
}

}  // namespace lenswire::bench
