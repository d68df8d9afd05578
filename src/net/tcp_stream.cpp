#include "net/tcp_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/io_thread_impl.hpp"

namespace lenswire::net {
namespace asio = boost::asio;

namespace {

void set_option(int fd, int level, int name, int value) noexcept {
  // A kernel without an option serves worse, not wrongly.
  ::setsockopt(fd, level, name, &value, sizeof value);
}

void apply(int fd, const SocketSettings& settings) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(settings.unsent_limit_bytes));
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(settings.dead_peer_ms));
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  const int third = static_cast<int>(settings.dead_peer_ms / 3000);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, third);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, third);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
}

Address address_of(const asio::ip::tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return {address.to_string(), endpoint.port()};
}

asio::ip::tcp family_of(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return storage.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
}

IoStatus status_of_errno() noexcept {
  return errno == EAGAIN || errno == EWOULDBLOCK ? IoStatus::WouldBlock : IoStatus::Failed;
}

}  // namespace

TcpStream::TcpStream(IoThread& thread, int fd, const SocketSettings& settings)
    : thread_(thread), socket_(thread.impl().context), fd_(fd) {
  boost::system::error_code error;
  socket_.assign(family_of(fd), fd, error);
  socket_.non_blocking(true, error);
  apply(fd, settings);
  if (const auto endpoint = socket_.remote_endpoint(error); !error) peer_ = address_of(endpoint);
  if (const auto endpoint = socket_.local_endpoint(error); !error) local_ = address_of(endpoint);
}

TcpStream::~TcpStream() { close(); }

Transfer TcpStream::receive(std::span<std::byte> into, int flags) {
  while (true) {
    const auto got = ::recv(fd_, into.data(), into.size(), flags);
    if (got > 0) return {IoStatus::Done, static_cast<std::size_t>(got)};
    if (got == 0) return {into.empty() ? IoStatus::Done : IoStatus::Closed, 0};
    if (errno != EINTR) return {status_of_errno(), 0};
  }
}

Transfer TcpStream::read(std::span<std::byte> into) { return receive(into, 0); }

Transfer TcpStream::peek(std::span<std::byte> into) { return receive(into, MSG_PEEK); }

Transfer TcpStream::write(std::span<const iovec> pieces) {
  msghdr message{};
  // sendmsg does not change what it points to.
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  while (true) {
    const auto sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent >= 0) return {IoStatus::Done, static_cast<std::size_t>(sent)};
    if (errno != EINTR) return {status_of_errno(), 0};
  }
}

void TcpStream::set_listener(StreamListener* listener) noexcept { anchor_->listener = listener; }

void TcpStream::wait_readable() {
  if (anchor_->waiting_read || fd_ < 0) return;
  anchor_->waiting_read = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     [anchor = anchor_](const boost::system::error_code& error) {
                       anchor->waiting_read = false;
                       if (!error && anchor->listener) anchor->listener->on_readable();
                     });
}

void TcpStream::wait_writable() {
  if (anchor_->waiting_write || fd_ < 0) return;
  anchor_->waiting_write = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_write,
                     [anchor = anchor_](const boost::system::error_code& error) {
                       anchor->waiting_write = false;
                       if (!error && anchor->listener) anchor->listener->on_writable();
                     });
}

void TcpStream::close() noexcept {
  anchor_->listener = nullptr;
  if (fd_ < 0) return;
  fd_ = -1;
  boost::system::error_code error;
  socket_.close(error);
}

void TcpStream::shut_down_sending() noexcept {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

void TcpStream::set_unsent_limit(std::uint32_t bytes) noexcept {
  if (fd_ >= 0) set_option(fd_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(bytes));
}

std::unique_ptr<Stream> make_tcp_stream(IoThread& thread, int fd, const SocketSettings& settings) {
  return std::make_unique<TcpStream>(thread, fd, settings);
}

}  // namespace lenswire::net
