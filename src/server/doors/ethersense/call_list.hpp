// call_list.hpp - connections that are being made to viewers who pinged.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <vector>

#include <lenswire/time.hpp>

#include "base/unique_fd.hpp"
#include "server/doors/ethersense/viewer_book.hpp"

namespace lenswire::server::ethersense {

/// An original viewer pings before it listens, so the first tries are often refused: each call is
/// tried again until somebody answers or the patience ends.
///
/// Threading: thread-bound.
class CallList {
 public:
  static constexpr auto kPatience = std::chrono::seconds(10);
  static constexpr auto kPause = std::chrono::milliseconds(75);
  /// A try that nobody even refuses.
  static constexpr auto kUnanswered = std::chrono::seconds(1);
  static constexpr std::size_t kMaxCalls = 128;

  using Answered = std::function<void(base::UniqueFd socket, ViewerBook::Seat seat)>;
  CallList(std::uint16_t viewer_port, Answered answered)
      : viewer_port_(viewer_port), answered_(std::move(answered)) {}

  /// When there are too many, the oldest gives way: it has had most of its chances.
  void add(ViewerBook::Seat seat, MonotonicTime now);

  /// Appends what step() waits for.
  void add_to(std::vector<pollfd>& set) const;
  /// When step() is due without an event; far away when there is nothing to do.
  [[nodiscard]] MonotonicTime next_due(MonotonicTime now) const;
  void step(MonotonicTime now);

  [[nodiscard]] std::size_t size() const noexcept { return calls_.size(); }
  [[nodiscard]] bool contains(net::Ipv4 viewer) const noexcept {
    return std::any_of(calls_.begin(), calls_.end(),
                       [&](const auto& call) { return call.seat.viewer() == viewer; });
  }

 private:
  struct Call {
    ViewerBook::Seat seat;
    MonotonicTime deadline;
    MonotonicTime due;      // of the next try, or of giving the present one up
    base::UniqueFd socket;  // while a try is under way
  };
  enum class Progress : std::uint8_t { Waiting, Failed, Connected };

  void begin(Call& call, MonotonicTime now);
  [[nodiscard]] static Progress look(const Call& call);

  const std::uint16_t viewer_port_;
  const Answered answered_;
  std::list<Call> calls_;
};

}  // namespace lenswire::server::ethersense
