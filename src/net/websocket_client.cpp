#include "net/websocket_client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <optional>
#include <vector>

namespace lenswire::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace {

using PlainLayer = asio::ip::tcp::socket;
using TlsLayer = asio::ssl::stream<PlainLayer>;

constexpr std::size_t kInboxBytes = std::size_t{256} << 10;

asio::ip::tcp protocol_of(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
}

/// Beast's asynchronous WebSocket, whose event loop runs inside the calls. `Layer` is what lies
/// below it.
template <typename Layer>
class WebSocketClient final : public ClientStream {
 public:
  /// `below`: what the layer needs beside the loop.
  template <typename... Below>
  WebSocketClient(base::UniqueFd socket, base::StopToken stop, Below&... below)
      : stop_(std::move(stop)),
        socket_(context_, below...),
        stop_event_(context_),
        inbox_(kInboxBytes) {
    const int fd = socket.release();
    beast::get_lowest_layer(socket_).assign(protocol_of(fd), fd);
    // A copy, because the descriptor closes what it holds.
    if (const int copy = ::fcntl(stop_.poll_fd(), F_DUPFD_CLOEXEC, 0); copy >= 0) {
      stop_event_.assign(copy);
      stop_event_.async_wait(asio::posix::stream_descriptor::wait_read, [](beast::error_code) {});
    }
  }

  Result<void> encrypt(const WebSocketTarget& target, MonotonicTime deadline) {
    auto* ssl = socket_.next_layer().native_handle();
    expect_tls_host(ssl, target.tls_host);
    std::optional<beast::error_code> done;
    socket_.next_layer().async_handshake(asio::ssl::stream_base::client,
                                         [&done](beast::error_code error) { done = error; });
    const auto finished = run_until(deadline, [&] { return done.has_value(); });
    if (!finished || !*finished) abandon();
    if (!finished) return fail(finished.error());
    if (!*finished)
      return fail(ErrorCode::Timeout,
                  fmt::format("{} does not answer the TLS hello", target.tls_host));
    std::optional<Error> failure;
    if (*done) failure = Error{ErrorCode::Disconnected, done->message()};
    return check_tls_server(ssl, target.tls_host, *target.tls, failure);
  }

  Result<void> shake_hands(const WebSocketTarget& target, MonotonicTime deadline) {
    socket_.read_message_max(0);  // the protocol inside has its own limits
    socket_.auto_fragment(false);
    socket_.binary(true);
    socket_.set_option(
        websocket::stream_base::decorator([target](websocket::request_type& request) {
          if (!target.bearer.empty())
            request.set(beast::http::field::authorization, "Bearer " + target.bearer);
        }));
    std::optional<beast::error_code> done;
    websocket::response_type response;
    socket_.async_handshake(response, target.host, target.path,
                            [&done](beast::error_code error) { done = error; });
    const auto finished = run_until(deadline, [&] { return done.has_value(); });
    if (!finished || !*finished) abandon();
    if (!finished) return fail(finished.error());
    if (!*finished)
      return fail(ErrorCode::Timeout, fmt::format("{} does not answer as a WebSocket does; check "
                                                  "that a lenswire server listens there",
                                                  target.host));
    if (!*done) return {};
    const auto status = response.result_int();
    if (*done == websocket::error::upgrade_declined && (status == 401 || status == 403))
      return fail(ErrorCode::PermissionDenied,
                  fmt::format("{} wants a token; give --token-file", target.host));
    if (*done == websocket::error::upgrade_declined)
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("{} has no WebSocket at {} (HTTP {}); check that it is a lenswire "
                              "server",
                              target.host, target.path, status));
    return fail(ErrorCode::Disconnected,
                fmt::format("{} closed the connection instead of opening a WebSocket ({})",
                            target.host, done->message()));
  }

  Result<std::size_t> receive(std::span<std::byte> into, std::size_t at_least,
                              MonotonicTime deadline) override {
    std::size_t filled = take(into);
    while (filled < at_least) {
      if (!reading_) start_reading();
      const auto came = run_until(deadline, [this] { return !reading_; });
      if (!came) return fail(came.error());
      if (!*came) return filled;
      if (read_error_) return fail(ErrorCode::Disconnected, read_error_.message());
      filled += take(into.subspan(filled));
    }
    return filled;
  }

  Result<void> send(std::span<const std::byte> bytes, MonotonicTime deadline) override {
    std::optional<beast::error_code> done;
    socket_.async_write(asio::buffer(bytes.data(), bytes.size()),
                        [&done](beast::error_code error, std::size_t) { done = error; });
    const auto finished = run_until(deadline, [&] { return done.has_value(); });
    if (!finished || !*finished) abandon();
    if (!finished) return fail(finished.error());
    if (!*finished) return fail(ErrorCode::Timeout, "the server does not take what is sent to it");
    if (*done) return fail(ErrorCode::Disconnected, done->message());
    return {};
  }

  ~WebSocketClient() override { abandon(); }

 private:
  std::size_t take(std::span<std::byte> into) {
    const auto count = std::min(into.size(), inbox_end_ - inbox_begin_);
    std::copy_n(inbox_.begin() + static_cast<std::ptrdiff_t>(inbox_begin_), count, into.begin());
    inbox_begin_ += count;
    return count;
  }

  // Only while the inbox is empty.
  void start_reading() {
    reading_ = true;
    inbox_begin_ = inbox_end_ = 0;
    socket_.async_read_some(asio::buffer(inbox_.data(), inbox_.size()),
                            [this](beast::error_code error, std::size_t bytes) {
                              reading_ = false;
                              read_error_ = error;
                              inbox_end_ = bytes;
                            });
  }

  // False at the deadline.
  template <typename Condition>
  Result<bool> run_until(MonotonicTime deadline, Condition condition) {
    while (!condition()) {
      if (stop_.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
      context_.restart();
      if (context_.run_one_until(deadline) == 0 && !condition()) return false;
    }
    return true;
  }

  // Ends the operations under way, whose handlers may name what is about to go.
  void abandon() noexcept {
    beast::error_code ignored;
    beast::get_lowest_layer(socket_).close(ignored);
    stop_event_.close(ignored);
    context_.restart();
    context_.poll();
  }

  const base::StopToken stop_;
  asio::io_context context_{1};
  websocket::stream<Layer> socket_;
  asio::posix::stream_descriptor stop_event_;
  std::vector<std::byte> inbox_;
  std::size_t inbox_begin_ = 0;
  std::size_t inbox_end_ = 0;
  bool reading_ = false;
  beast::error_code read_error_;
};

}  // namespace

Result<std::unique_ptr<ClientStream>> make_websocket_stream(base::UniqueFd socket,
                                                            const WebSocketTarget& target,
                                                            MonotonicTime deadline,
                                                            base::StopToken stop) {
  if (target.tls) {
    auto settings = make_tls_client_context(*target.tls);
    if (!settings) return fail(std::move(settings).error());
    asio::ssl::context context(settings->release());  // each connection keeps what it needs of it
    auto client =
        std::make_unique<WebSocketClient<TlsLayer>>(std::move(socket), std::move(stop), context);
    if (auto ok = client->encrypt(target, deadline); !ok) return fail(std::move(ok).error());
    if (auto ok = client->shake_hands(target, deadline); !ok) return fail(std::move(ok).error());
    return client;
  }
  auto client = std::make_unique<WebSocketClient<PlainLayer>>(std::move(socket), std::move(stop));
  if (auto ok = client->shake_hands(target, deadline); !ok) return fail(std::move(ok).error());
  return client;
}

}  // namespace lenswire::net
