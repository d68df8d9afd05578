#include "running_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <thread>

#include "wire/lwp/encode.hpp"

namespace lenswire::test {

using namespace std::chrono_literals;
using wire::lwp::MessageType;

ServerSettings small_cameras() {
  ServerSettings settings;
  settings.name = "test";
  settings.listen = {"127.0.0.1:0"};
  settings.cameras = {{"ball", "synthetic:ball?size=64x64&fps=60", false},
                      {"room", "synthetic:room?size=160x120&fps=30", false}};
  settings.linger_s = 0.1;
  settings.io_threads = 2;
  settings.encoder_threads = 2;
  return settings;
}

std::unique_ptr<Server> start(ServerSettings settings) {
  static const source::SourceTable sources;
  auto server = start(std::move(settings), sources);
  // start() waits two seconds for its cameras, which a busy machine may need more of.
  const auto client = connect(*server);
  const auto all_open = [&client] {
    const auto cameras = unwrap(client->cameras());
    return std::none_of(cameras.begin(), cameras.end(),
                        [](const auto& camera) { return camera.streams.empty(); });
  };
  if (!eventually(all_open)) throw std::runtime_error("a camera does not open");
  return server;
}

std::unique_ptr<Server> start(ServerSettings settings, const source::SourceTable& sources) {
  auto server = Server::start(std::move(settings), sources);
  if (!server) throw std::runtime_error(server.error().message);
  return std::move(*server);
}

std::uint16_t port_of(const Server& server) {
  const auto address = server.addresses().at(0);
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

std::unique_ptr<Client> connect(const Server& server) {
  ClientSettings settings;
  settings.reconnect.enabled = false;
  settings.connect_timeout = settings.request_timeout = kLimit;
  auto client = Client::connect("lenswire://" + server.addresses().at(0), settings);
  if (!client) throw std::runtime_error(client.error().message);
  return std::move(*client);
}

SubscribeSettings stream_of(std::string camera, std::string stream, std::string codec) {
  SubscribeSettings settings;
  settings.camera = std::move(camera);
  settings.stream = std::move(stream);
  settings.codec = std::move(codec);
  return settings;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

bool encoding_ends(const Server& server) {
  return eventually([&] {
    const auto before = server.counters();
    const auto twenty_passed = [&] {
      return server.counters().frames_published >= before.frames_published + 20;
    };
    return eventually(twenty_passed) && server.counters().encodes == before.encodes;
  });
}

std::uint16_t door_port_of(const Server& server) {
  const auto address = server.door_addresses().at(0);
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

Socket::Socket(const Server& server) : Socket(port_of(server)) {}

Socket::Socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect");
  const timeval limit{std::chrono::seconds(kLimit).count(), 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

void Socket::send(std::string_view text) { send(std::as_bytes(std::span(text))); }

void Socket::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("the server takes nothing");
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

std::string Socket::receive() {
  std::array<char, 65536> buffer{};
  const auto got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) throw std::runtime_error(fmt::format("receive: errno {}", errno));
  return {buffer.data(), static_cast<std::size_t>(got)};
}

bool Socket::silent_for(std::chrono::milliseconds duration) const {
  pollfd waiting{fd_.get(), POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(duration.count())) == 0;
}

std::string HttpReply::header(std::string_view name) const {
  const auto at = head.find(fmt::format("\r\n{}: ", name));
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

HttpReply HttpConnection::get(const std::string& path) {
  socket_.send(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", path));
  return read_reply();
}

HttpReply HttpConnection::read_reply() {
  const auto more = [this] {
    const auto got = socket_.receive();
    if (got.empty()) throw std::runtime_error("the connection ended within an answer");
    buffer_ += got;
  };
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) more();
  HttpReply reply;
  reply.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  reply.status = std::stoi(reply.head.substr(9, 3));
  const auto length = std::stoul(reply.header("Content-Length"));
  while (buffer_.size() < length) more();
  reply.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return reply;
}

NativeConnection::NativeConnection(const Server& server) : socket_(server) {
  socket_.send(wire::lwp::encode_map(MessageType::Hello, 0,
                                     {{"versions", {1, 1}}, {"client", "server_in_process_test"}}));
  read(MessageType::Welcome);
}

void NativeConnection::request(std::uint32_t id, const nlohmann::json& map) {
  socket_.send(wire::lwp::encode_map(MessageType::Request, id, map));
}

void NativeConnection::acknowledge(std::uint32_t subscription, std::uint64_t frames) {
  wire::lwp::Extensions extensions;
  extensions.ack_frames = frames;
  socket_.send(wire::lwp::encode_plain(MessageType::Ack, subscription, extensions));
}

std::optional<NativeConnection::Message> NativeConnection::next() {
  auto next = assembler_.next();
  if (!next) throw std::runtime_error(next.error().message);
  if (!*next) return std::nullopt;
  const auto& view = **next;
  Message message{view.prefix.type, view.prefix.tag, nullptr, view.extensions, view.payload.size()};
  if (message.type != MessageType::Frame && !view.payload.empty())
    message.map = wire::lwp::decode_map(view.payload).value();
  return message;
}

NativeConnection::Message NativeConnection::read() {
  while (true) {
    if (auto message = next()) return std::move(*message);
    const auto got = socket_.receive();
    if (got.empty()) throw std::runtime_error("the server ended the connection");
    assembler_.feed(std::as_bytes(std::span(got)));
  }
}

NativeConnection::Message NativeConnection::read(MessageType type) {
  while (true)
    if (auto message = read(); message.type == type) return message;
}

bool NativeConnection::silent_for(std::chrono::milliseconds duration) {
  return !next() && socket_.silent_for(duration);
}

}  // namespace lenswire::test
