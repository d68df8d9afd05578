// loopback_for_test.hpp - bare sockets on loopback, for tests that speak a protocol by hand.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/unique_fd.hpp"

namespace lenswire::client {

/// Generous: what takes this long never comes.
inline constexpr std::chrono::seconds kLoopbackLimit{30};

/// One end of a connection. Calls give up after kLoopbackLimit and throw.
class Loopback {
 public:
  explicit Loopback(base::UniqueFd fd) : fd_(std::move(fd)) {
    const timeval limit{kLoopbackLimit.count(), 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  /// Connects to a port, which may be about to be opened.
  static Loopback to(std::uint16_t port) {
    const auto end = std::chrono::steady_clock::now() + kLoopbackLimit;
    const auto address = loopback_address(port);
    while (true) {
      base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return Loopback(std::move(fd));
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("nobody listens");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  static sockaddr_in loopback_address(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }

  void send(std::string_view text) const {
    while (!text.empty()) {
      const auto sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("cannot send");
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// What has come; empty at the end.
  [[nodiscard]] std::string receive() const {
    std::array<char, 4096> buffer;
    const auto got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno != ECONNRESET) throw std::runtime_error("nothing comes");
    return {buffer.data(), static_cast<std::size_t>(got < 0 ? 0 : got)};
  }
  /// Everything up to and with `end`.
  [[nodiscard]] std::string receive_until(std::string_view end) {
    while (pending_.find(end) == std::string::npos) {
      const auto more = receive();
      if (more.empty()) throw std::runtime_error("the connection ended: " + pending_);
      pending_ += more;
    }
    const auto size = pending_.find(end) + end.size();
    auto text = pending_.substr(0, size);
    pending_.erase(0, size);
    return text;
  }
  [[nodiscard]] std::string receive_all() {
    auto text = std::exchange(pending_, {});
    while (true) {
      const auto more = receive();
      if (more.empty()) return text;
      text += more;
    }
  }
  void end_sending() const { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }

 private:
  base::UniqueFd fd_;
  std::string pending_;
};

/// A listening port.
class LoopbackPort {
 public:
  LoopbackPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = Loopback::loopback_address(0);
    socklen_t size = sizeof address;
    ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(fd_.get(), 16);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    number_ = ntohs(address.sin_port);
  }
  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }
  [[nodiscard]] Loopback accept() const {
    return Loopback(base::UniqueFd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }
  /// A port that nobody listens on.
  static std::uint16_t unused() { return LoopbackPort().number(); }

 private:
  base::UniqueFd fd_;
  std::uint16_t number_ = 0;
};

}  // namespace lenswire::client
