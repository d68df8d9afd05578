#include "client/ball_client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>

#include "base/clock.hpp"
#include "client/ball_inbox.hpp"
#include "net/tcp_client.hpp"
#include "wire/ball/estimate.hpp"
#include "wire/ball/signal.hpp"
#include "wire/pickle/decode.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;
using wire::ball::Signal;

// From the connection to the first picture.
constexpr auto kFirstFrame = 60s;
// A connection that lasted so long was a good one: the next wait is the first one again.
constexpr auto kGoodConnection = 5s;
constexpr std::string_view kBye = "{\"type\": \"bye\"}\n";

MonotonicTime now() noexcept { return base::system_clock().now(); }

// The message's picture: uint8, rows x columns (grey) or rows x columns x 3 (BGR).
Result<frame::ImageView> picture_of(std::span<const std::byte> message,
                                    std::vector<std::byte>& scratch) {
  namespace pickle = wire::pickle;
  const auto array = pickle::decode(message);
  if (!array) return fail(array.error());
  const auto& shape = array->shape;
  const bool grey = shape.dimensions == 2;
  const bool color = shape.dimensions == 3 && shape.extents[2] == 3;
  if (array->dtype != pickle::DType::UInt8 || (!grey && !color) || shape.items() == 0)
    return fail(ErrorCode::InvalidArgument, "the server sent an array that is no picture of 8 bit");
  frame::ImageView picture;
  picture.format = grey ? PixelFormat::Y8 : PixelFormat::BGR8;
  picture.width = shape.extents[1];
  picture.height = shape.extents[0];
  picture.stride_bytes = packed_stride(picture.format, picture.width);
  if (const auto view = array->view()) {
    picture.data = view->data;
  } else {
    scratch.resize(array->bytes());
    array->copy_to(scratch);
    picture.data = scratch;
  }
  return picture;
}

/// One connection, from the socket to its end.
class Visit {
 public:
  Visit(const BallClientSettings& settings, net::RtcStack& stack, filter::BallFinder& finder,
        BallObserver& observer, const base::StopToken& stop)
      : settings_(settings), stack_(stack), finder_(finder), observer_(observer), stop_(stop) {}
  ~Visit() {
    // Without it an original server spins at the end of the connection.
    if (socket_) (void)::send(socket_.get(), kBye.data(), kBye.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /// True when the observer has seen enough; else an error says why the visit is over.
  Result<bool> run() {
    auto socket =
        net::connect_tcp(settings_.host, settings_.port, now() + settings_.connect_timeout, stop_);
    if (!socket) return fail(std::move(socket).error());
    socket_ = std::move(*socket);
    auto peer = stack_.make_peer(settings_.peer, inbox_);
    if (!peer) return fail(std::move(peer).error());
    peer_ = std::move(*peer);
    const auto patience = now() + kFirstFrame;
    while (true) {
      if (auto woken = wait(frames_ == 0 ? std::optional(patience) : std::nullopt); !woken)
        return fail(woken.error());
      if (auto ok = hear_news(); !ok) return fail(ok.error());
      if (auto ok = read_signals(); !ok) return fail(ok.error());
      while (inbox_.take_message(message_)) {
        const auto enough = look();
        if (!enough) return fail(enough.error());
        if (*enough) return true;
        if (stop_.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
      }
    }
  }

  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }

 private:
  Result<void> wait(std::optional<MonotonicTime> deadline) {
    std::array<pollfd, 3> fds = {pollfd{socket_.get(), POLLIN, 0},
                                 pollfd{inbox_.poll_fd(), POLLIN, 0},
                                 pollfd{stop_.poll_fd(), POLLIN, 0}};
    if (signalling_over_) fds[0].fd = -1;
    timespec timeout{};
    if (deadline) {
      const auto left = std::max(*deadline - now(), Nanoseconds::zero());
      timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
      timeout.tv_nsec = (left % 1s).count();
    }
    const int count = ::ppoll(fds.data(), fds.size(), deadline ? &timeout : nullptr, nullptr);
    if (stop_.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
    if (count == 0)
      return fail(ErrorCode::Timeout,
                  fmt::format("no picture came from {} within 60 s",
                              net::host_and_port(settings_.host, settings_.port)));
    return {};
  }

  Result<void> hear_news() {
    auto news = inbox_.take_news();
    if (news.description) {
      Signal answer;
      answer.type = Signal::Type::Answer;
      answer.sdp = std::move(*news.description);
      const auto line = wire::ball::encode(answer);
      if (!line) return fail(line.error());
      if (auto sent = send(*line); !sent) return sent;
    }
    if (news.channel && !channel_) {
      channel_ = std::move(news.channel);
      observer_.connected();
    }
    if (news.end) return fail(std::move(*news.end));
    return {};
  }

  Result<void> send(std::string_view text) {
    while (!text.empty()) {
      const auto sent =
          ::send(socket_.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) {
        text.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        const auto ready =
            net::wait_for_socket(socket_.get(), POLLOUT, now() + settings_.connect_timeout, stop_);
        if (!ready) return fail(ready.error());
        if (!*ready) return fail(ErrorCode::Timeout, "the server does not take our answer");
      } else if (errno != EINTR) {
        return fail(ErrorCode::Disconnected, std::strerror(errno));
      }
    }
    return {};
  }

  Result<void> read_signals() {
    while (!signalling_over_) {
      std::array<std::byte, 4096> buffer;
      const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
      if (got <= 0) {
        socket_.reset();
        signalling_over_ = true;
        // The channel tells by itself when the server is gone.
        if (channel_) return {};
        return fail(ErrorCode::Disconnected, "the server closed the connection without an offer");
      }
      auto bytes = std::span<const std::byte>(buffer).first(static_cast<std::size_t>(got));
      while (!bytes.empty()) {
        const auto signal = reader_.read(bytes);
        if (!signal) return fail(signal.error());
        if (!*signal) continue;
        if (auto ok = on_signal(**signal); !ok) return ok;
      }
    }
    return {};
  }

  Result<void> on_signal(const Signal& signal) {
    switch (signal.type) {
      case Signal::Type::Offer:
        if (std::exchange(answered_, true))
          return fail(ErrorCode::InvalidArgument, "the server made a second offer");
        return peer_->answer(signal.sdp);
      case Signal::Type::Candidate:
        return peer_->add_candidate(signal.candidate);
      case Signal::Type::Bye:
        return fail(ErrorCode::Closed, "the server said bye");
      case Signal::Type::Answer:
        break;
    }
    return fail(ErrorCode::InvalidArgument, "the server answers, where it has to offer");
  }

  Result<bool> look() {
    const auto picture = picture_of(message_.bytes, scratch_);
    if (!picture) return fail(picture.error());
    const auto found = finder_.find(*picture);
    if (!found) return fail(found.error());
    BallSighting sighting;
    sighting.frame = frames_++;
    sighting.ball = *found;
    if (*found && channel_) {
      wire::ball::encode_estimate({(*found)->x_px, (*found)->y_px}, estimate_);
      const std::span<const std::byte> piece(estimate_);
      // A server that does not take 200 bytes is no longer there; on_end() tells.
      (void)channel_->send({&piece, 1}, net::RtcPayload::Binary);
    }
    sighting.received_to_estimate = now() - message_.received;
    sighting.dropped = inbox_.dropped();
    return !observer_.saw(sighting);
  }

  const BallClientSettings& settings_;
  net::RtcStack& stack_;
  filter::BallFinder& finder_;
  BallObserver& observer_;
  const base::StopToken& stop_;
  base::UniqueFd socket_;
  wire::ball::SignalReader reader_;
  bool answered_ = false;
  bool signalling_over_ = false;
  BallInbox inbox_;
  std::shared_ptr<net::RtcChannel> channel_;
  BallInbox::Message message_;
  std::vector<std::byte> scratch_;
  std::vector<std::byte> estimate_;
  std::uint64_t frames_ = 0;
  std::unique_ptr<net::RtcPeer> peer_;  // last: it calls the inbox until it is gone
};

}  // namespace

Result<void> BallClient::run(BallObserver& observer, const base::StopToken& stop) {
  std::minstd_rand random(std::random_device{}());
  Nanoseconds wait = settings_.retry_first;
  while (true) {
    const auto begun = now();
    std::optional<Visit> visit;
    visit.emplace(settings_, stack_, finder_, observer, stop);
    const auto over = visit->run();
    if (over && *over) return {};
    if (stop.stop_requested()) return fail(ErrorCode::Closed, "interrupted");
    if (visit->frames() > 0 && now() - begun > kGoodConnection) wait = settings_.retry_first;
    visit.reset();
    // Half to all of it, so that many clients of one server do not come back at one moment.
    const Nanoseconds pause(
        std::uniform_int_distribution<std::int64_t>(wait.count() / 2, wait.count())(random));
    observer.disconnected(over.error(), pause);
    if (stop.wait_for(pause)) return fail(ErrorCode::Closed, "interrupted");
    wait = std::min(wait * 2, settings_.retry_max);
  }
}

}  // namespace lenswire::client
