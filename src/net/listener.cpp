#include "net/listener.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>

#include "base/log.hpp"
#include "net/io_thread_impl.hpp"

namespace lenswire::net {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr int kBacklog = 1024;
constexpr auto kPauseWhenExhausted = std::chrono::milliseconds(100);

Error listen_error(const Address& address, const boost::system::error_code& error) {
  switch (error.value()) {
    case EADDRINUSE:
      return {ErrorCode::Busy,
              fmt::format("{} is in use by another program; stop it, or choose another port with "
                          "--listen (`ss -ltnp` shows who has it)",
                          address.text())};
    case EACCES:
      return {ErrorCode::PermissionDenied,
              fmt::format("no permission to listen on {}; choose a port above 1023, or give the "
                          "program CAP_NET_BIND_SERVICE",
                          address.text())};
    case EADDRNOTAVAIL:
      return {ErrorCode::InvalidArgument,
              fmt::format("this machine has no address {}; `ip address` lists those it has",
                          address.host)};
    default:
      return {ErrorCode::InvalidArgument,
              fmt::format("cannot listen on {}: {}", address.text(), error.message())};
  }
}

}  // namespace

class TcpListener::Impl {
 public:
  explicit Impl(IoThread& thread) : acceptor(thread.impl().context), pause(thread.impl().context) {}

  void arm() {
    acceptor.async_wait(tcp::acceptor::wait_read, [this](const boost::system::error_code& error) {
      if (!error) accept_all();
    });
  }

  void accept_all() {
    // One listener must not starve the loop's other work, so a burst is taken in portions.
    for (int i = 0; i < 64; ++i) {
      const int fd =
          ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        accepted(base::UniqueFd(fd));
        continue;
      }
      switch (errno) {
        case EINTR:
        case ECONNABORTED:
        case EPROTO:
          continue;
        case EAGAIN:
          arm();
          return;
        default:
          pause_accepting();
          return;
      }
    }
    arm();
  }

  void pause_accepting() {
    const int cause = errno;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_warning > std::chrono::minutes(1)) {
      last_warning = now;
      base::log_warning("accept_paused", {{"cause", std::strerror(cause)},
                                          {"remedy", "raise the limit of open files"}});
    }
    pause.expires_after(kPauseWhenExhausted);
    pause.async_wait([this](const boost::system::error_code& error) {
      if (!error) accept_all();
    });
  }

  tcp::acceptor acceptor;
  asio::steady_timer pause;
  Accepted accepted;
  std::chrono::steady_clock::time_point last_warning{};
};

Result<std::unique_ptr<TcpListener>> TcpListener::open(IoThread& thread, const Address& address) {
  auto impl = std::make_unique<Impl>(thread);
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  const tcp::endpoint endpoint(ip, address.port);
  if (!error) impl->acceptor.open(endpoint.protocol(), error);
  if (!error) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && ip.is_v6()) impl->acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) impl->acceptor.bind(endpoint, error);
  if (!error) impl->acceptor.listen(kBacklog, error);
  if (!error) impl->acceptor.non_blocking(true, error);
  if (error) return fail(listen_error(address, error));
  const Address bound{address.host, impl->acceptor.local_endpoint(error).port()};
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(impl), bound));
}

TcpListener::TcpListener(std::unique_ptr<Impl> impl, Address address)
    : impl_(std::move(impl)), address_(std::move(address)) {}

TcpListener::~TcpListener() = default;

void TcpListener::start(Accepted accepted) {
  impl_->accepted = std::move(accepted);
  impl_->arm();
}

}  // namespace lenswire::net
