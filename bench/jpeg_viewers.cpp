#include "bench/jpeg_viewers.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

namespace lenswire::bench {
namespace {

constexpr std::size_t kMaxHeadBytes = 1024;
constexpr double kSlowTick = 0.01;

double seconds_on(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The number after `name` in a part's head, or -1.
double header_number(std::string_view head, std::string_view name) {
  const auto at = head.find(name);
  if (at == std::string_view::npos) return -1;
  return std::strtod(head.data() + at + name.size(), nullptr);
}

int connect_to(std::uint16_t port, const char* path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  const auto request = std::string("GET ") + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  return fd;
}

}  // namespace

struct JpegViewers::Viewer {
  int fd = -1;
  bool slow = false;
  std::array<char, kMaxHeadBytes + 1> head{};
  std::size_t head_size = 0;
  std::int64_t left = 0;  // bytes of the present picture to come
  double timestamp = 0;
  double sequence = -1;
  std::uint64_t frames = 0;
};

JpegViewers::JpegViewers(std::uint16_t port, const char* path, int count, int slow,
                         double slow_bytes_per_s)
    : epoll_(::epoll_create1(0)), slow_bytes_per_s_(slow_bytes_per_s) {
  viewers_.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < viewers_.size(); ++i) {
    auto& viewer = viewers_[i];
    viewer.fd = connect_to(port, path);
    viewer.slow = i + static_cast<std::size_t>(slow) >= viewers_.size();
    if (viewer.slow) continue;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, viewer.fd, &event);
  }
}

JpegViewers::~JpegViewers() {
  for (const auto& viewer : viewers_)
    if (viewer.fd >= 0) ::close(viewer.fd);
  ::close(epoll_);
}

void JpegViewers::begin_part(Viewer& viewer, ViewerReport& report) {
  // The response head has no Content-Length, so it is passed over as the beginning of a part's.
  while (viewer.left == 0) {
    viewer.head[viewer.head_size] = '\0';
    const std::string_view text(viewer.head.data(), viewer.head_size);
    const auto end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return;
    const auto head = text.substr(0, end);
    const auto length = header_number(head, "Content-Length: ");
    if (length > 0) {
      viewer.timestamp = header_number(head, "X-Timestamp: ");
      const auto sequence = header_number(head, "X-Sequence: ");
      if (viewer.sequence >= 0 && sequence > viewer.sequence + 1)
        report.gaps += static_cast<std::uint64_t>(sequence - viewer.sequence - 1);
      viewer.sequence = sequence;
      viewer.left = static_cast<std::int64_t>(length) + 2;
    }
    const auto rest = viewer.head_size - (end + 4);
    const auto taken = std::min<std::size_t>(rest, static_cast<std::size_t>(viewer.left));
    std::memmove(viewer.head.data(), viewer.head.data() + end + 4 + taken, rest - taken);
    viewer.head_size = rest - taken;
    viewer.left -= static_cast<std::int64_t>(taken);
    if (length > 0) return;
  }
}

void JpegViewers::read(Viewer& viewer, std::int64_t budget, ViewerReport& report) {
  while (budget > 0) {
    ssize_t got = 0;
    if (viewer.left > 0) {
      const auto want = std::min(viewer.left, budget);
      got = ::recv(viewer.fd, nullptr, static_cast<std::size_t>(want), MSG_TRUNC | MSG_DONTWAIT);
      if (got > 0) viewer.left -= got;
      if (got > 0 && viewer.left == 0) {
        const auto age = (seconds_on(CLOCK_REALTIME) - viewer.timestamp) * 1e6;
        (viewer.slow ? report.slow_ages_us : report.ages_us).push_back(age);
        ++viewer.frames;
      }
    } else {
      got = ::recv(viewer.fd, viewer.head.data() + viewer.head_size,
                   std::min<std::size_t>(256, kMaxHeadBytes - viewer.head_size), MSG_DONTWAIT);
      if (got > 0) {
        viewer.head_size += static_cast<std::size_t>(got);
        begin_part(viewer, report);
      }
    }
    if (got == 0) {
      ++report.closed;
      ::close(viewer.fd);
      viewer.fd = -1;
      return;
    }
    if (got < 0) return;
    budget -= got;
    // After a whole picture others get their turn.
    if (viewer.left == 0 && viewer.head_size == 0 && !viewer.slow) return;
  }
}

ViewerReport JpegViewers::watch(double seconds) {
  ViewerReport report;
  for (auto& viewer : viewers_) viewer.frames = 0;
  const auto start = seconds_on(CLOCK_MONOTONIC);
  auto next_slow = start;
  std::array<epoll_event, 256> events{};
  while (seconds_on(CLOCK_MONOTONIC) - start < seconds) {
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10);
    for (int i = 0; i < count; ++i)
      read(viewers_[events[static_cast<std::size_t>(i)].data.u64], INT64_MAX, report);
    const auto now = seconds_on(CLOCK_MONOTONIC);
    if (now < next_slow) continue;
    next_slow = now + kSlowTick;
    for (auto& viewer : viewers_)
      if (viewer.slow && viewer.fd >= 0)
        read(viewer, static_cast<std::int64_t>(slow_bytes_per_s_ * kSlowTick), report);
  }
  report.seconds = seconds_on(CLOCK_MONOTONIC) - start;
  report.worst_rate_hz = 1e9;
  for (const auto& viewer : viewers_) {
    if (viewer.slow) continue;
    report.frames += viewer.frames;
    report.worst_rate_hz =
        std::min(report.worst_rate_hz, static_cast<double>(viewer.frames) / report.seconds);
  }
  return report;
}

}  // namespace lenswire::bench
