#include "server/message_port.hpp"

#include <array>

#include "net/websocket.hpp"

namespace lenswire::server {
namespace {

constexpr std::size_t kReadBytes = 4 << 10;
// Portions per readiness, so that one busy client leaves room for the others.
constexpr int kReadsPerTurn = 16;
// The windows of docs/protocol.md bound what is under way, so the kernel may take a large frame at
// once instead of in many turns.
constexpr std::uint32_t kUnsentLimitBytes = 1 << 20;

class StreamPort final : public MessagePort, private net::StreamListener {
 public:
  StreamPort(std::unique_ptr<net::Stream> stream, Outgoing& outgoing, MessagePortListener& listener)
      : stream_(std::move(stream)), outgoing_(outgoing), listener_(&listener) {
    stream_->set_unsent_limit(kUnsentLimitBytes);
  }

  void begin() override {
    stream_->set_listener(this);
    on_readable();
  }

  bool send() override {
    switch (outgoing_.flush(*stream_)) {
      case net::IoStatus::Done:
        return true;
      case net::IoStatus::WouldBlock:
        stream_->wait_writable();
        return false;
      default:
        fail();
        return false;
    }
  }
  [[nodiscard]] bool ready() const noexcept override { return outgoing_.empty(); }
  [[nodiscard]] bool blocked() const noexcept override { return !outgoing_.empty(); }
  [[nodiscard]] const net::Address& peer() const noexcept override { return stream_->peer(); }
  [[nodiscard]] bool is_encrypted() const noexcept override { return stream_->is_encrypted(); }
  void close(bool politely) noexcept override {
    listener_ = nullptr;
    if (politely) stream_->shut_down_sending();
    stream_->close();
  }

 private:
  void on_readable() override {
    std::array<std::byte, kReadBytes> buffer;
    for (int turn = 0; turn < kReadsPerTurn; ++turn) {
      if (!listener_) return;
      const auto got = stream_->read(buffer);
      if (got.status == net::IoStatus::WouldBlock) break;
      if (got.status != net::IoStatus::Done) return fail();
      listener_->on_bytes(std::span(buffer).first(got.bytes));
      // A short read has emptied the socket; asking again would only say so. TLS may hold more.
      if (got.bytes < buffer.size() && !stream_->is_encrypted()) break;
    }
    if (listener_) stream_->wait_readable();
  }

  void on_writable() override {
    if (!listener_) return;
    if (outgoing_.empty()) return on_readable();
    listener_->on_progress();
    if (send() && listener_) listener_->on_sent();
  }

  void fail() {
    if (auto* listener = std::exchange(listener_, nullptr)) listener->on_port_closed();
  }

  std::unique_ptr<net::Stream> stream_;
  Outgoing& outgoing_;
  MessagePortListener* listener_;
};

class WebSocketPort final : public MessagePort, private net::WebSocketListener {
 public:
  WebSocketPort(std::unique_ptr<net::Stream> stream, const net::HttpRequest& upgrade,
                Outgoing& outgoing, MessagePortListener& listener)
      : outgoing_(outgoing),
        listener_(listener),
        peer_(stream->peer()),
        encrypted_(stream->is_encrypted()),
        socket_(std::move(stream), upgrade, *this) {}

  void begin() override {}
  bool send() override {
    if (open_) socket_.send(outgoing_.head_bytes(), outgoing_.payload());
    return false;
  }
  [[nodiscard]] bool ready() const noexcept override { return open_ && outgoing_.empty(); }
  [[nodiscard]] bool blocked() const noexcept override { return !outgoing_.empty(); }
  [[nodiscard]] const net::Address& peer() const noexcept override { return peer_; }
  [[nodiscard]] bool is_encrypted() const noexcept override { return encrypted_; }
  void close(bool) noexcept override {
    open_ = false;
    socket_.abort();
  }

 private:
  void on_open() override {
    open_ = true;
    if (!outgoing_.empty()) send();
  }
  void on_message(std::span<const std::byte> message) override { listener_.on_bytes(message); }
  void on_progress() override { listener_.on_progress(); }
  void on_sent() override {
    outgoing_.finish();
    listener_.on_sent();
  }
  void on_closed() override {
    open_ = false;
    listener_.on_port_closed();
  }

  Outgoing& outgoing_;
  MessagePortListener& listener_;
  const net::Address peer_;
  const bool encrypted_;
  bool open_ = false;
  net::WebSocket socket_;
};

}  // namespace

std::unique_ptr<MessagePort> make_stream_port(std::unique_ptr<net::Stream> stream,
                                              Outgoing& outgoing, MessagePortListener& listener) {
  return std::make_unique<StreamPort>(std::move(stream), outgoing, listener);
}

std::unique_ptr<MessagePort> make_websocket_port(std::unique_ptr<net::Stream> stream,
                                                 const net::HttpRequest& upgrade,
                                                 Outgoing& outgoing,
                                                 MessagePortListener& listener) {
  return std::make_unique<WebSocketPort>(std::move(stream), upgrade, outgoing, listener);
}

}  // namespace lenswire::server
