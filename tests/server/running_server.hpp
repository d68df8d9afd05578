// running_server.hpp - a server on a free port of loopback, and bare sockets to it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lenswire/client.hpp>
#include <lenswire/server.hpp>
#include <nlohmann/json.hpp>

#include "base/unique_fd.hpp"
#include "source/source_table.hpp"
#include "wire/lwp/decode.hpp"

namespace lenswire::test {

/// Generous: what takes this long never comes.
inline constexpr auto kLimit = std::chrono::seconds(60);

/// Small and quick cameras: "ball" (color, 60 Hz) and "room" (depth and color, 160x120, 30 Hz).
[[nodiscard]] ServerSettings small_cameras();

/// Throws where the server does not start.
[[nodiscard]] std::unique_ptr<Server> start(ServerSettings settings = small_cameras());
[[nodiscard]] std::unique_ptr<Server> start(ServerSettings settings,
                                            const source::SourceTable& sources);

[[nodiscard]] std::uint16_t port_of(const Server& server);

/// Of its first door.
[[nodiscard]] std::uint16_t door_port_of(const Server& server);

/// Without reconnecting. Throws where it does not connect.
[[nodiscard]] std::unique_ptr<Client> connect(const Server& server);

[[nodiscard]] SubscribeSettings stream_of(std::string camera, std::string stream,
                                          std::string codec = "raw");

/// Whether the condition becomes true within kLimit.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// Whether twenty frames pass without one being encoded, once what was under way is done.
[[nodiscard]] bool encoding_ends(const Server& server);

/// A TCP connection; every call gives up after kLimit and throws.
class Socket {
 public:
  explicit Socket(const Server& server);
  explicit Socket(std::uint16_t port);
  void send(std::string_view text);
  void send(std::span<const std::byte> bytes);
  /// What has come, at least one byte; empty at the end of the stream.
  std::string receive();
  /// Whether nothing comes for that long.
  [[nodiscard]] bool silent_for(std::chrono::milliseconds duration) const;

 private:
  base::UniqueFd fd_;
};

struct HttpReply {
  int status = 0;
  std::string head;
  std::string body;

  /// The value of a header as it was written, or an empty text.
  [[nodiscard]] std::string header(std::string_view name) const;
};

/// Sends requests and reads answers with Content-Length on one kept connection.
class HttpConnection {
 public:
  explicit HttpConnection(const Server& server) : socket_(server) {}
  Socket& socket() noexcept { return socket_; }
  HttpReply get(const std::string& path);
  HttpReply read_reply();

 private:
  Socket socket_;
  std::string buffer_;
};

/// Speaks the native protocol message by message, and acknowledges nothing by itself.
class NativeConnection {
 public:
  explicit NativeConnection(const Server& server);  // has said Hello and got Welcome

  struct Message {
    wire::lwp::MessageType type{};
    std::uint32_t tag = 0;
    nlohmann::json map;  // of Reply, Event and Bye
    wire::lwp::Extensions extensions;
    std::size_t payload_bytes = 0;
  };

  void request(std::uint32_t id, const nlohmann::json& map);
  void acknowledge(std::uint32_t subscription, std::uint64_t frames);
  Message read();
  /// Reads on until a message of this type.
  Message read(wire::lwp::MessageType type);
  [[nodiscard]] bool silent_for(std::chrono::milliseconds duration);

 private:
  std::optional<Message> next();

  Socket socket_;
  wire::lwp::MessageAssembler assembler_{wire::lwp::Receiver::Client};
};

}  // namespace lenswire::test
