// scripted_server.hpp - a server for tests that does exactly what the test says, right or wrong.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <lenswire/stream_profile.hpp>
#include <nlohmann/json.hpp>

#include "base/stop_token.hpp"
#include "base/unique_fd.hpp"
#include "wire/lwp/decode.hpp"
#include "wire/lwp/encode.hpp"

namespace lenswire::client {

/// One message as a test looks at it.
struct SeenMessage {
  wire::lwp::MessageType type{};
  std::uint32_t tag = 0;
  wire::lwp::Extensions extensions;
  nlohmann::json map;  // null where the payload is none
};

/// The server's end of one connection. A failed expectation ends the script by Gone.
class Peer {
 public:
  struct Gone {};  // thrown when the client hung up

  Peer(int fd, base::StopToken stop) : fd_(fd), stop_(std::move(stop)) {}

  /// The next message. Time requests are answered on the way, unless `answer_pings` is off.
  SeenMessage read();
  /// Reads until a message of this type comes.
  SeenMessage read_until(wire::lwp::MessageType type);

  void send(std::span<const std::byte> bytes);
  void send_map(wire::lwp::MessageType type, std::uint32_t tag, const nlohmann::json& map);
  void send_text(std::string_view bytes) { send(std::as_bytes(std::span(bytes))); }

  /// Reads Hello, sends Welcome; returns the Hello.
  nlohmann::json greet(std::int64_t monotonic_ns = 1);
  /// Reads a subscribe request and accepts it; returns the request.
  nlohmann::json accept_subscription(std::uint32_t id, const StreamProfile& profile,
                                     std::string_view codec = "raw");
  /// A raw frame whose pixels all hold the low byte of `sequence`.
  void send_frame(std::uint32_t subscription, const StreamProfile& profile, std::uint64_t sequence);
  /// Blocks until the client hangs up or the test ends.
  void wait_for_end();

  bool answer_pings = true;
  std::int64_t clock_ahead_ns = 0;  // of the machine's
  int pings = 0;

 private:
  int fd_;
  base::StopToken stop_;
  wire::lwp::MessageAssembler assembler_{wire::lwp::Receiver::Server};
};

/// Listens on a free port of 127.0.0.1. The first connection runs the first script and so on; one
/// after the last is closed at once.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedServer(std::vector<Script> scripts, std::uint16_t port = 0);
  ~ScriptedServer();

  [[nodiscard]] std::string url() const { return "lenswire://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  void run(const std::vector<Script>& scripts);

  base::UniqueFd listener_;
  std::uint16_t port_ = 0;
  base::StopSource stop_;
  std::thread thread_;
};

/// A depth stream, small.
[[nodiscard]] StreamProfile small_depth();

}  // namespace lenswire::client
