#include "server/doors/ethersense/call_list.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/log.hpp"

namespace lenswire::server::ethersense {
namespace {

sockaddr_in address_of(net::Ipv4 host, std::uint16_t port) noexcept {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host.bits);
  address.sin_port = htons(port);
  return address;
}

// A connection from a port of ours to itself: TCP allows that when nobody listens and the kernel
// happens to choose that very port for our end.
bool is_to_itself(int fd) noexcept {
  sockaddr_in here{};
  sockaddr_in there{};
  socklen_t size = sizeof here;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) != 0) return false;
  size = sizeof there;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &size) != 0) return false;
  return here.sin_port == there.sin_port && here.sin_addr.s_addr == there.sin_addr.s_addr;
}

}  // namespace

void CallList::add(ViewerBook::Seat seat, MonotonicTime now) {
  if (calls_.size() == kMaxCalls) calls_.pop_front();
  calls_.push_back({std::move(seat), now + kPatience, now, {}});
}

void CallList::add_to(std::vector<pollfd>& set) const {
  for (const auto& call : calls_)
    if (call.socket) set.push_back({call.socket.get(), POLLOUT, 0});
}

MonotonicTime CallList::next_due(MonotonicTime now) const {
  auto due = now + std::chrono::hours(1);
  for (const auto& call : calls_) due = std::min(due, call.due);
  return due;
}

CallList::Progress CallList::look(const Call& call) {
  pollfd state{call.socket.get(), POLLOUT, 0};
  if (::poll(&state, 1, 0) <= 0) return Progress::Waiting;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(state.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
    return Progress::Failed;
  return is_to_itself(state.fd) ? Progress::Failed : Progress::Connected;
}

void CallList::begin(Call& call, MonotonicTime now) {
  call.due = now + kPause;
  call.socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!call.socket) return;
  const auto address = address_of(call.seat.viewer(), viewer_port_);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(call.socket.get(), raw, sizeof address) == 0 || errno == EINPROGRESS)
    call.due = now + kUnanswered;
  else
    call.socket.reset();
}

void CallList::step(MonotonicTime now) {
  for (auto call = calls_.begin(); call != calls_.end();) {
    auto progress = call->socket ? look(*call) : Progress::Waiting;
    if (progress == Progress::Waiting && now >= call->due) {
      if (!call->socket) begin(*call, now);
      // On one machine the answer is there at once.
      progress = call->socket && now < call->due ? look(*call) : Progress::Failed;
    }
    if (progress == Progress::Connected) {
      answered_(std::move(call->socket), std::move(call->seat));
      call = calls_.erase(call);
      continue;
    }
    if (progress == Progress::Failed) {
      call->socket.reset();
      call->due = now + kPause;
    }
    if (now >= call->deadline) {
      base::log_info("ethersense_no_answer",
                     {{"viewer", call->seat.viewer().text()}, {"port", viewer_port_}});
      call = calls_.erase(call);
      continue;
    }
    ++call;
  }
}

}  // namespace lenswire::server::ethersense
