#include "net/websocket.hpp"

#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <optional>

#include "net/io_thread_impl.hpp"

namespace lenswire::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace {

constexpr std::size_t kReadChunkBytes = 4096;
constexpr std::size_t kMaxPieces = 16;

/// A Stream as Beast wants one: asynchronous reads and writes with completion handlers.
class AsyncStream final : public StreamListener {
 public:
  using executor_type = asio::io_context::executor_type;

  /// `progressed` is called whenever bytes have been written.
  AsyncStream(std::unique_ptr<Stream> stream, std::function<void()> progressed)
      : stream_(std::move(stream)), progressed_(std::move(progressed)) {
    stream_->set_listener(this);
  }

  [[nodiscard]] executor_type get_executor() const noexcept {
    return stream_->thread().impl().context.get_executor();
  }
  [[nodiscard]] Stream& stream() noexcept { return *stream_; }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(beast::error_code, std::size_t)>(
        [this](auto handler, const Buffers& into) {
          asio::mutable_buffer first;
          for (auto it = asio::buffer_sequence_begin(into); it != asio::buffer_sequence_end(into);
               ++it) {
            first = asio::mutable_buffer(*it);
            if (first.size() > 0) break;
          }
          read_ = Pending{{static_cast<std::byte*>(first.data()), first.size()},
                          complete_with(std::move(handler))};
          try_read();
        },
        token, buffers);
  }

  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(beast::error_code, std::size_t)>(
        [this](auto handler, const Buffers& from) {
          piece_count_ = 0;
          for (auto it = asio::buffer_sequence_begin(from);
               it != asio::buffer_sequence_end(from) && piece_count_ < kMaxPieces; ++it) {
            const asio::const_buffer piece(*it);
            if (piece.size() == 0) continue;
            pieces_.at(piece_count_++) = {const_cast<void*>(piece.data()), piece.size()};
          }
          write_ = complete_with(std::move(handler));
          try_write();
        },
        token, buffers);
  }

  void on_readable() override { try_read(); }
  void on_writable() override {
    if (write_) try_write();
    if (read_) try_read();
  }

  void abort() noexcept {
    stream_->close();
    if (read_) finish(std::exchange(read_, std::nullopt)->done, asio::error::operation_aborted, 0);
    if (write_) finish(std::exchange(write_, nullptr), asio::error::operation_aborted, 0);
  }

 private:
  using Done = std::function<void(beast::error_code, std::size_t)>;
  struct Pending {
    std::span<std::byte> into;
    Done done;
  };

  // Handlers are move-only; std::function wants a copyable thing.
  template <typename Handler>
  Done complete_with(Handler handler) {
    auto shared = std::make_shared<Handler>(std::move(handler));
    return [this, shared](beast::error_code error, std::size_t bytes) {
      asio::post(get_executor(), beast::bind_handler(std::move(*shared), error, bytes));
    };
  }
  static void finish(const Done& done, beast::error_code error, std::size_t bytes) {
    done(error, bytes);
  }
  static beast::error_code error_of(IoStatus status) {
    return status == IoStatus::Closed ? beast::error_code(asio::error::eof)
                                      : beast::error_code(asio::error::connection_reset);
  }

  void try_read() {
    if (!read_) return;
    const auto got = stream_->read(read_->into);
    if (got.status == IoStatus::WouldBlock) {
      stream_->wait_readable();
      return;
    }
    const auto done = std::exchange(read_, std::nullopt)->done;
    if (got.status == IoStatus::Done)
      finish(done, {}, got.bytes);
    else
      finish(done, error_of(got.status), 0);
  }

  void try_write() {
    const auto sent = stream_->write({pieces_.data(), piece_count_});
    if (sent.status == IoStatus::WouldBlock) {
      stream_->wait_writable();
      return;
    }
    const auto done = std::exchange(write_, nullptr);
    if (sent.status == IoStatus::Done) progressed_();
    if (sent.status == IoStatus::Done)
      finish(done, {}, sent.bytes);
    else
      finish(done, error_of(sent.status), 0);
  }

  std::unique_ptr<Stream> stream_;
  const std::function<void()> progressed_;
  std::optional<Pending> read_;
  Done write_;
  std::array<iovec, kMaxPieces> pieces_{};
  std::size_t piece_count_ = 0;
};

void beast_close_socket(AsyncStream& stream) { stream.abort(); }

// What Beast calls at the end of a WebSocket, found by argument-dependent lookup.
[[maybe_unused]] void teardown(beast::role_type, AsyncStream& stream, beast::error_code& error) {
  stream.stream().shut_down_sending();
  error = {};
}
template <typename Handler>
void async_teardown(beast::role_type, AsyncStream& stream, Handler&& handler) {
  stream.stream().shut_down_sending();
  asio::post(stream.get_executor(),
             beast::bind_front_handler(std::forward<Handler>(handler), beast::error_code{}));
}

}  // namespace

class WebSocket::Impl : public std::enable_shared_from_this<WebSocket::Impl> {
 public:
  Impl(std::unique_ptr<Stream> stream, WebSocketListener& listener,
       const WebSocketSettings& settings)
      : socket_(std::move(stream),
                [this] {
                  if (listener_) listener_->on_progress();
                }),
        listener_(&listener),
        settings_(settings) {}

  void accept(const HttpRequest& upgrade) {
    socket_.read_message_max(kMaxWebSocketMessageBytes);
    socket_.auto_fragment(false);
    socket_.binary(true);
    websocket::stream_base::timeout limits{std::chrono::seconds(10), std::chrono::seconds(30),
                                           true};
    if (!settings_.ping_when_silent) {
      limits.idle_timeout = websocket::stream_base::none();
      limits.keep_alive_pings = false;
    }
    socket_.set_option(limits);
    beast::http::request_parser<beast::http::empty_body> parser;
    beast::error_code error;
    parser.put(asio::buffer(upgrade.head), error);
    socket_.async_accept(parser.get(), [self = shared_from_this()](beast::error_code result) {
      if (result || !self->listener_) return self->closed();
      self->listener_->on_open();
      self->read();
    });
  }

  void read() {
    socket_.async_read(inbox_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error || !self->listener_) return self->closed();
      if (!self->socket_.got_binary() && !self->settings_.accept_text) return self->refuse_text();
      const auto data = self->inbox_.cdata();
      self->listener_->on_message({static_cast<const std::byte*>(data.data()), data.size()});
      self->inbox_.consume(self->inbox_.size());
      if (self->inbox_.capacity() > kReadChunkBytes * 4) self->inbox_.shrink_to_fit();
      if (self->listener_) self->read();
    });
  }

  void refuse_text() {
    socket_.async_close(websocket::close_code::unknown_data,
                        [self = shared_from_this()](beast::error_code) { self->closed(); });
  }

  void send(std::span<const std::byte> head, std::span<const std::byte> body) {
    sending_ = true;
    const std::array<asio::const_buffer, 2> pieces = {asio::buffer(head.data(), head.size()),
                                                      asio::buffer(body.data(), body.size())};
    socket_.async_write(pieces, [self = shared_from_this()](beast::error_code error, std::size_t) {
      self->sending_ = false;
      if (error || !self->listener_) return self->closed();
      self->listener_->on_sent();
    });
  }

  void abort() noexcept {
    listener_ = nullptr;
    socket_.next_layer().abort();
  }

  void closed() {
    if (auto* listener = std::exchange(listener_, nullptr)) listener->on_closed();
  }

  [[nodiscard]] bool sending() const noexcept { return sending_; }
  [[nodiscard]] Stream& stream() noexcept { return socket_.next_layer().stream(); }

 private:
  websocket::stream<AsyncStream> socket_;
  beast::flat_buffer inbox_;
  WebSocketListener* listener_;
  const WebSocketSettings settings_;
  bool sending_ = false;
};

WebSocket::WebSocket(std::unique_ptr<Stream> stream, const HttpRequest& upgrade,
                     WebSocketListener& listener, const WebSocketSettings& settings)
    : impl_(std::make_shared<Impl>(std::move(stream), listener, settings)) {
  impl_->accept(upgrade);
}

WebSocket::~WebSocket() { impl_->abort(); }

void WebSocket::send(std::span<const std::byte> head, std::span<const std::byte> body) {
  impl_->send(head, body);
}
bool WebSocket::sending() const noexcept { return impl_->sending(); }
void WebSocket::abort() noexcept { impl_->abort(); }
Stream& WebSocket::stream() noexcept { return impl_->stream(); }

}  // namespace lenswire::net
