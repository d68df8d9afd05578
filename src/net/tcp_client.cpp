#include "net/tcp_client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/thread.hpp"

namespace lenswire::net {
namespace {

using namespace std::chrono_literals;

// How long a blocking receive stays in the kernel before it looks at the stop and the deadline.
constexpr auto kBlockingSlice = 100ms;
constexpr int kKeepaliveIdleSeconds = 10;
constexpr int kKeepaliveIntervalSeconds = 5;
constexpr int kKeepaliveProbes = 4;
constexpr int kUserTimeoutMilliseconds = 30'000;

MonotonicTime now() noexcept { return base::system_clock().now(); }

std::string reason(int error) { return std::strerror(error); }

auto gone(int error) {
  return fail(ErrorCode::Disconnected,
              error == 0 ? "the server closed the connection"
                         : fmt::format("the connection broke ({})", reason(error)));
}

struct Lookup {
  std::string host;
  std::string port;
  addrinfo* list = nullptr;
  int error = 0;
  int system_error = 0;
  base::UniqueFd done;  // eventfd, readable when the answer is there

  ~Lookup() {
    if (list) ::freeaddrinfo(list);
  }
  void run(int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
    system_error = errno;
  }
};

// getaddrinfo has no deadline of its own, so a name (not an address) is looked up beside the
// caller; a lookup that comes too late is left to end by itself.
Result<std::shared_ptr<Lookup>> resolve(const std::string& host, std::uint16_t port,
                                        MonotonicTime deadline, const base::StopToken& stop) {
  auto lookup = std::make_shared<Lookup>();
  lookup->host = host;
  lookup->port = std::to_string(port);
  lookup->run(AI_NUMERICHOST);
  if (lookup->error == 0) return lookup;

  lookup->done = base::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!lookup->done) return fail(ErrorCode::Busy, "no file descriptor left to look up a name");
  std::thread([lookup] {
    base::set_thread_name("lw-resolve");
    lookup->run(AI_ADDRCONFIG);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(lookup->done.get(), &one, sizeof one);
  }).detach();
  const auto ready = wait_for_socket(lookup->done.get(), POLLIN, deadline, stop);
  if (!ready) return fail(ready.error());
  if (!*ready)
    return fail(ErrorCode::Timeout,
                fmt::format("looking up host '{}' took too long; check the name service, or use "
                            "the address",
                            host));
  // Reading what the thread wrote last orders the answer before what follows.
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(lookup->done.get(), &count, sizeof count);
  if (lookup->error != 0)
    return fail(ErrorCode::NotFound,
                fmt::format("host '{}' is unknown ({}); check the name, or use the address", host,
                            lookup->error == EAI_SYSTEM ? reason(lookup->system_error)
                                                        : ::gai_strerror(lookup->error)));
  return lookup;
}

// 0 when connected, else an errno; ETIMEDOUT at the deadline.
Result<int> connect_one(int fd, const addrinfo& address, MonotonicTime deadline,
                        const base::StopToken& stop) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  const auto ready = wait_for_socket(fd, POLLOUT, deadline, stop);
  if (!ready) return fail(ready.error());
  if (!*ready) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

void set_option(int fd, int level, int name, int value) noexcept {
  ::setsockopt(fd, level, name, &value, sizeof value);  // all of them are improvements only
}

// Blocking from here on: receive() decides call by call with MSG_DONTWAIT.
void prepare(int fd) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMilliseconds);
}

class TcpStream final : public ClientStream {
 public:
  TcpStream(base::UniqueFd socket, base::StopToken stop)
      : socket_(std::move(socket)), stop_(std::move(stop)) {
    const timeval slice{0, std::chrono::microseconds(kBlockingSlice).count()};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice);
  }

  Result<std::size_t> receive(std::span<std::byte> into, std::size_t at_least,
                              MonotonicTime deadline) override {
    std::size_t filled = 0;
    bool something_came = true;  // so the first try does not wait
    while (filled < at_least) {
      // In the middle of a picture it is cheapest to let the kernel collect the rest.
      const bool collect =
          filled > 0 && into.size() == at_least && deadline - now() > kBlockingSlice;
      if (!something_came && !collect) {
        const auto ready = wait_for_socket(socket_.get(), POLLIN, deadline, stop_);
        if (!ready) return fail(ready.error());
        if (!*ready) return filled;
      }
      if (stop_.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
      const auto rest = into.subspan(filled);
      const auto got =
          ::recv(socket_.get(), rest.data(), rest.size(), collect ? MSG_WAITALL : MSG_DONTWAIT);
      if (got == 0) return gone(0);
      if (got < 0 && errno != EAGAIN && errno != EINTR) return gone(errno);
      something_came = got > 0;
      if (got > 0) filled += static_cast<std::size_t>(got);
      if (!something_came && collect && now() >= deadline) return filled;
    }
    return filled;
  }

  Result<void> send(std::span<const std::byte> bytes, MonotonicTime deadline) override {
    while (!bytes.empty()) {
      const auto sent =
          ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return gone(errno);
      const auto ready = wait_for_socket(socket_.get(), POLLOUT, deadline, stop_);
      if (!ready) return fail(ready.error());
      if (!*ready) return fail(ErrorCode::Timeout, "the server does not take what is sent to it");
    }
    return {};
  }

 private:
  base::UniqueFd socket_;
  base::StopToken stop_;
};

}  // namespace

Result<bool> wait_for_socket(int fd, short events, MonotonicTime deadline,
                             const base::StopToken& stop) {
  while (true) {
    if (stop.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
    const auto left = std::max(deadline - now(), Nanoseconds::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), (left - seconds).count()};
    pollfd fds[] = {{fd, events, 0}, {stop.poll_fd(), POLLIN, 0}};
    const int count = ::ppoll(fds, 2, &timeout, nullptr);
    if (fds[1].revents != 0 && count > 0) return fail(ErrorCode::Closed, "interrupted");
    if (count > 0 && fds[0].revents != 0) return true;
    if (count == 0) return false;
  }
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<base::UniqueFd> connect_tcp(const std::string& host, std::uint16_t port,
                                   MonotonicTime deadline, const base::StopToken& stop) {
  const auto lookup = resolve(host, port, deadline, stop);
  if (!lookup) return fail(lookup.error());
  std::vector<const addrinfo*> addresses;
  for (const auto* a = (*lookup)->list; a; a = a->ai_next) addresses.push_back(a);

  int last_error = ENOENT;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto& address = *addresses[i];
    base::UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
      last_error = errno;
      continue;
    }
    // A dead first address must leave time for the second.
    const auto share = (deadline - now()) / static_cast<int>(addresses.size() - i);
    const auto error = connect_one(fd.get(), address, now() + share, stop);
    if (!error) return fail(error.error());
    if (*error == 0) {
      prepare(fd.get());
      return fd;
    }
    last_error = *error;
  }
  const auto where = host_and_port(host, port);
  if (last_error == ECONNREFUSED)
    return fail(ErrorCode::Disconnected,
                fmt::format("no server at {} (connection refused); start one there with `lenswire "
                            "serve`, or check host and port",
                            where));
  if (last_error == ETIMEDOUT)
    return fail(ErrorCode::Timeout,
                fmt::format("{} does not answer; check that the machine is up and that no firewall "
                            "blocks port {}",
                            where, port));
  return fail(ErrorCode::Disconnected, fmt::format("cannot reach {} ({}); check the address and "
                                                   "the network",
                                                   where, reason(last_error)));
}

std::unique_ptr<ClientStream> make_tcp_stream(base::UniqueFd socket, base::StopToken stop) {
  const int flags = ::fcntl(socket.get(), F_GETFL);
  ::fcntl(socket.get(), F_SETFL, flags & ~O_NONBLOCK);
  return std::make_unique<TcpStream>(std::move(socket), std::move(stop));
}

}  // namespace lenswire::net
