// One end of a data channel for tests, with a foreign stack at the other. Descriptions go over
// stdin and stdout as JSON lines, and so does what happens:
//   rtc_peer offer|answer [old] [send=BYTES] [count=N] [turn=HOST:PORT:USER:PASSWORD] [dead_ms=N]
//   [local=ADDRESS]
// Every message is sent back as it came; `send` sends one of BYTES bytes (0, 1, 2, ...) on each
// channel.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "base/module.hpp"
#include "base/mutex.hpp"
#include "net/rtc.hpp"

namespace {

using nlohmann::json;
namespace net = lenswire::net;

void say(const json& map) {
  static lenswire::base::Mutex mutex;
  lenswire::base::MutexLock lock(mutex);
  std::cout << map.dump() << std::endl;
}

class Peer final : public net::RtcListener {
 public:
  Peer(std::string kind, std::size_t bytes, std::size_t count)
      : kind_(std::move(kind)), bytes_(bytes), count_(count) {}

  void on_description(std::string sdp) override { say({{"type", kind_}, {"sdp", sdp}}); }
  void on_open(std::shared_ptr<net::RtcChannel> channel) override {
    const auto& settings = channel->settings();
    say({{"open", settings.label},
         {"ordered", settings.ordered},
         {"peer_max_message_bytes", channel->peer_max_message_bytes()}});
    channels_.push_back(channel);
    std::vector<std::byte> bytes(bytes_);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i & 0xff);
    for (std::size_t i = 0; bytes_ > 0 && i < count_; ++i)
      if (auto sent =
              channel->send(std::array{std::span<const std::byte>(bytes)}, net::RtcPayload::Binary);
          !sent)
        say({{"refused", sent.error().message}});
  }
  void on_message(net::RtcChannel& channel, std::span<const std::byte> bytes,
                  net::RtcPayload payload) override {
    say({{"message", bytes.size()}, {"text", payload == net::RtcPayload::Text}});
    if (auto sent = channel.send(std::array{bytes}, payload); !sent)
      say({{"refused", sent.error().message}});
  }
  void on_drained(net::RtcChannel&) override {}
  void on_channel_closed(net::RtcChannel& channel) override {
    say({{"closed", channel.settings().label}});
  }
  void on_end(const lenswire::Error& why) override { say({{"end", why.message}}); }

 private:
  const std::string kind_;
  const std::size_t bytes_;
  const std::size_t count_;
  std::vector<std::shared_ptr<net::RtcChannel>> channels_;
};

int give_up(const lenswire::Error& error) {
  std::cerr << "rtc_peer: " << error.message << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string kind = argv[1];
  net::RtcPeerSettings settings;
  std::map<std::string, std::string> options;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equal = std::min(word.find('='), word.size());
    options[word.substr(0, equal)] = word.substr(std::min(equal + 1, word.size()));
  }
  settings.old_syntax = options.contains("old");
  settings.connect_patience = std::chrono::seconds(60);
  if (options.contains("local")) settings.local_addresses = {options["local"]};
  if (options.contains("dead_ms"))
    settings.dead_peer = std::chrono::milliseconds(std::stol(options["dead_ms"]));
  if (options.contains("turn")) {
    std::vector<std::string> words(1);
    for (const char c : options["turn"])
      if (c == ':')
        words.emplace_back();
      else
        words.back() += c;
    settings.turn = {{words.at(0), static_cast<std::uint16_t>(std::stoi(words.at(1))), words.at(2),
                      words.at(3)}};
    settings.relay_only = true;
  }
  const auto number = [&](const char* name, std::size_t fallback) {
    return options.contains(name) ? std::stoul(options[name]) : fallback;
  };

  auto stack = lenswire::base::load_module<net::RtcStack>("webrtc");
  if (!stack) return give_up(stack.error());
  Peer listener(kind, number("send", 0), number("count", 1));
  auto peer = (*stack)->make_peer(settings, listener);
  if (!peer) return give_up(peer.error());
  if (kind == "offer") {
    net::RtcChannelSettings channel;
    channel.label = "frames";
    if (auto begun = (*peer)->offer({channel}); !begun) return give_up(begun.error());
  }
  for (std::string line; std::getline(std::cin, line);) {
    const auto map = json::parse(line, nullptr, false);
    if (!map.is_object()) continue;
    if (map.contains("statistics")) {
      const auto now = (*peer)->statistics();
      say({{"local", now.local_candidate}, {"remote", now.remote_candidate}});
    }
    const auto sdp = map.value("sdp", std::string());
    if (sdp.empty()) continue;
    auto taken = kind == "offer" ? (*peer)->set_answer(sdp) : (*peer)->answer(sdp);
    if (!taken) return give_up(taken.error());
  }
  return 0;
}
