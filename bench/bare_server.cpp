#include "bench/bare_server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <unordered_map>
#include <vector>

namespace lenswire::bench {
namespace {

int listen_on_loopback(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int one = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  ::listen(fd, 4096);
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  return fd;
}

void set_nodelay(int fd) {
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

std::int64_t now_ns(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

int every(double rate_hz) {
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  const auto period = static_cast<long>(1e9 / rate_hz);
  const itimerspec spec{{0, period}, {0, period}};
  ::timerfd_settime(timer, 0, &spec, nullptr);
  return timer;
}

struct Client {
  bool streaming = false;
  std::string unsent;  // the rest of a frame that did not fit
};

constexpr const char* kResponse =
    "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n";

}  // namespace

void serve_bare_mjpeg(std::size_t frame_bytes, double rate_hz,
                      const std::function<void(std::uint16_t)>& report_port) {
  std::uint16_t port = 0;
  const int listener = listen_on_loopback(port);
  const int epoll = ::epoll_create1(0);
  const int timer = every(rate_hz);
  const auto watch = [epoll](int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener, EPOLLIN);
  watch(timer, EPOLLIN);
  std::unordered_map<int, Client> clients;
  std::vector<std::string> pictures(kFrameBuffers, std::string(frame_bytes, 'x'));
  std::uint64_t sequence = 0;
  report_port(port);

  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      const int fd = event.data.fd;
      if (fd == listener) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (client < 0) continue;
        set_nodelay(client);
        watch(client, EPOLLIN | EPOLLOUT | EPOLLET);
        clients[client] = {};
      } else if (fd == timer) {
        std::uint64_t ticks = 0;
        [[maybe_unused]] const auto got = ::read(timer, &ticks, sizeof ticks);
        auto& picture = pictures[sequence % pictures.size()];
        const auto us = now_ns(CLOCK_REALTIME) / 1000;
        std::array<char, 256> head{};
        const int head_size = std::snprintf(
            head.data(), head.size(),
            "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\nX-Timestamp: "
            "%lld.%06lld\r\nX-Sequence: %llu\r\n\r\n",
            frame_bytes, static_cast<long long>(us / 1'000'000),
            static_cast<long long>(us % 1'000'000), static_cast<unsigned long long>(sequence++));
        std::array<char, 2> tail{'\r', '\n'};
        std::array<iovec, 3> pieces{iovec{head.data(), static_cast<std::size_t>(head_size)},
                                    iovec{picture.data(), picture.size()},
                                    iovec{tail.data(), tail.size()}};
        const auto total = pieces[0].iov_len + pieces[1].iov_len + pieces[2].iov_len;
        for (auto& [client_fd, client] : clients) {
          if (!client.streaming || !client.unsent.empty()) continue;
          msghdr message{};
          message.msg_iov = pieces.data();
          message.msg_iovlen = pieces.size();
          const auto sent = ::sendmsg(client_fd, &message, MSG_NOSIGNAL);
          if (sent >= 0 && static_cast<std::size_t>(sent) < total) {
            std::string whole(head.data(), static_cast<std::size_t>(head_size));
            whole += picture;
            whole += "\r\n";
            client.unsent = whole.substr(static_cast<std::size_t>(sent));
          }
        }
      } else {
        auto& client = clients[fd];
        if (event.events & EPOLLIN) {
          std::array<char, 4096> buffer{};
          const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
          if (got <= 0) {
            ::close(fd);
            clients.erase(fd);
            continue;
          }
          if (!client.streaming) ::send(fd, kResponse, std::strlen(kResponse), MSG_NOSIGNAL);
          client.streaming = true;
        }
        if ((event.events & EPOLLOUT) && !client.unsent.empty()) {
          const auto sent = ::send(fd, client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
          if (sent > 0) client.unsent.erase(0, static_cast<std::size_t>(sent));
        }
      }
    }
  }
}

void serve_bare_frames(std::size_t frame_bytes, double rate_hz,
                       const std::function<void(std::uint16_t)>& report_port) {
  std::uint16_t port = 0;
  const int listener = listen_on_loopback(port);
  report_port(port);
  const int client = ::accept(listener, nullptr, nullptr);
  set_nodelay(client);
  const std::vector<std::string> pictures(kFrameBuffers, std::string(frame_bytes, 'x'));
  std::size_t next = 0;
  std::int64_t due = now_ns(CLOCK_MONOTONIC);
  while (true) {
    if (rate_hz > 0) {
      due += static_cast<std::int64_t>(1e9 / rate_hz);
      const timespec until{due / 1'000'000'000, due % 1'000'000'000};
      ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    }
    std::array<std::int64_t, 2> head{static_cast<std::int64_t>(frame_bytes),
                                     now_ns(CLOCK_MONOTONIC)};
    if (::send(client, head.data(), sizeof head, MSG_NOSIGNAL | MSG_MORE) < 0) return;
    const auto& picture = pictures[next++ % pictures.size()];
    std::size_t done = 0;
    while (done < frame_bytes) {
      const auto sent = ::send(client, picture.data() + done, frame_bytes - done, MSG_NOSIGNAL);
      if (sent < 0) return;
      done += static_cast<std::size_t>(sent);
    }
  }
}

}  // namespace lenswire::bench
