#include "client/jpeg_push.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "wire/mjpeg_push/encode.hpp"

namespace lenswire::client {
namespace {

using namespace std::chrono_literals;
namespace wire = lenswire::wire::mjpeg_push;

constexpr auto kConnectDeadline = 10s;
/// A receiver that takes nothing for so long is as good as gone.
constexpr auto kNoProgress = 10s;
constexpr std::size_t kPieceBytes = 16 << 10;
constexpr auto kAnswerDeadline = 5s;
constexpr auto kLocationPeriod = 1s;
constexpr auto kRepeatTold = 60s;

MonotonicTime now() noexcept { return base::system_clock().now(); }

Result<std::unique_ptr<net::ClientStream>> connect(const PushSettings& settings,
                                                   const base::StopToken& stop) {
  const auto& to = settings.destination;
  const auto deadline = now() + kConnectDeadline;
  auto socket = net::connect_tcp(to.host, to.port, deadline, stop);
  if (!socket) return fail(std::move(socket).error());
  if (to.scheme == "http") return net::make_tcp_stream(std::move(*socket), stop);
  return net::make_tls_stream(std::move(*socket), to.host, settings.tls, deadline, stop);
}

// Progress is looked at piece by piece, so a slow link is not taken for a dead one.
Result<void> send_all(net::ClientStream& stream, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kPieceBytes));
    if (auto sent = stream.send(piece, now() + kNoProgress); !sent) return sent;
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

// Tells a failure, but not the same one again and again.
class Complaint {
 public:
  Complaint(std::string_view event, const PushSettings& settings)
      : event_(event), settings_(settings) {}

  void tell(const Error& error) {
    if (error.message == last_ && now() - told_ < kRepeatTold) return;
    last_ = error.message;
    told_ = now();
    base::log_warning(event_,
                      {{"to", settings_.destination.authority},
                       {"reason", error.message},
                       {"next_try_s", std::chrono::duration<double>(settings_.retry).count()}});
  }
  void forget() { last_.clear(); }

 private:
  const std::string_view event_;
  const PushSettings& settings_;
  std::string last_;
  MonotonicTime told_{};
};

// The begin of an answer that nobody asked for, to say what the other side thinks of this.
class EarlyAnswer {
 public:
  /// Takes some of what is there and never waits. A receiver that has closed its side may still
  /// listen, and one that talks on and on is not listened to.
  void look(net::ClientStream& stream) {
    std::array<std::byte, 1024> buffer;
    for (int turn = 0; turn < kTurns && open_; ++turn) {
      const auto got = stream.receive(buffer, 1, now());
      if (!got) open_ = false;
      if (!got || *got == 0) return;
      const auto room = kMostBytes - std::min(kMostBytes, text_.size());
      text_.append(reinterpret_cast<const char*>(buffer.data()), std::min(*got, room));
    }
  }
  /// The status line with a leading word, or nothing.
  [[nodiscard]] std::string status() const {
    if (!text_.starts_with("HTTP/")) return {};
    const auto line = text_.substr(0, text_.find_first_of("\r\n"));
    return fmt::format("; it had answered '{}'", line);
  }

 private:
  static constexpr std::size_t kMostBytes = 200;
  static constexpr int kTurns = 16;
  bool open_ = true;
  std::string text_;
};

}  // namespace

Result<net::Url> parse_push_url(std::string_view text) {
  const bool plain = text.starts_with("http:") || text.starts_with("HTTP:");
  auto url = net::Url::parse(text, plain ? 80 : 443);
  if (url && url->scheme != "http" && url->scheme != "https")
    return fail(
        ErrorCode::InvalidArgument,
        fmt::format("'{}': pushing goes to https://HOST:PORT/PATH, or http:// for a test", text));
  return url;
}

Result<void> JpegPusher::run(const base::StopToken& stop) {
  Complaint complaint("push_failed", settings_);
  while (!stop.stop_requested()) {
    const auto done = push(stop);
    if (stop.stop_requested()) break;
    if (done) {
      complaint.forget();
      continue;
    }
    if (done.error().code == ErrorCode::InvalidArgument) return done;
    complaint.tell(done.error());
    if (stop.wait_for(settings_.retry)) break;
  }
  return {};
}

Result<std::optional<Picture>> JpegPusher::next_picture(const base::StopToken& stop) {
  // What comes before it is due is not held back for later: the newest goes then.
  if (settings_.rate_hz > 0 && stop.wait_until(next_due_))
    return fail(ErrorCode::Closed, "interrupted");
  auto picture = pictures_.take(now() + 1s, stop);
  if (picture && *picture && settings_.rate_hz > 0) {
    const auto period = std::chrono::duration_cast<Nanoseconds>(
        std::chrono::duration<double>(1 / settings_.rate_hz));
    next_due_ += period;
    if (const auto time = now(); next_due_ < time) next_due_ = time + period;
  }
  return picture;
}

Result<void> JpegPusher::send_picture(net::ClientStream& stream, const Picture& picture) {
  wire::write_part_head(part_head_, picture.jpeg->size(), wire::Framing::Chunked);
  if (auto sent = send_all(stream, part_head_); !sent) return sent;
  if (auto sent = send_all(stream, *picture.jpeg); !sent) return sent;
  return send_all(stream, std::as_bytes(std::span(wire::part_tail(wire::Framing::Chunked))));
}

// One connection. A value: the picture has another size now, and the next connection says so.
Result<void> JpegPusher::push(const base::StopToken& stop) {
  while (!first_) {
    auto picture = next_picture(stop);
    if (!picture) return fail(std::move(picture).error());
    first_ = std::move(*picture);
  }
  auto stream = connect(settings_, stop);
  if (!stream) return fail(std::move(stream).error());
  // The newest by now; connecting may have taken long.
  auto current = pictures_.peek().value_or(*first_);
  first_.reset();
  const auto& to = settings_.destination;
  const auto head = wire::push_head(
      {to.authority, to.target, settings_.stream_id, current.width, current.height});
  EarlyAnswer answer;
  const auto failed = [&](const Error& error) {
    answer.look(**stream);
    return fail(error.code, error.message + answer.status());
  };
  if (auto sent = send_all(**stream, std::as_bytes(std::span(head))); !sent)
    return failed(sent.error());
  base::log_info("push_begun", {{"to", to.authority},
                                {"stream_id", settings_.stream_id},
                                {"picture", fmt::format("{}x{}", current.width, current.height)}});
  while (true) {
    if (auto sent = send_picture(**stream, current); !sent) return failed(sent.error());
    std::optional<Picture> next;
    while (!next) {
      answer.look(**stream);
      auto picture = next_picture(stop);
      if (!picture) {
        // Between two pictures there is time for a proper end.
        (void)(*stream)->send(std::as_bytes(std::span(wire::kLastChunk)), now());
        return fail(std::move(picture).error());
      }
      next = std::move(*picture);
    }
    if (next->width != current.width || next->height != current.height) {
      (void)(*stream)->send(std::as_bytes(std::span(wire::kLastChunk)), now() + kNoProgress);
      first_ = std::move(next);
      return {};
    }
    current = std::move(*next);
  }
}

Result<void> LocationPusher::run(const base::StopToken& stop) {
  Complaint complaint("location_push_failed", settings_);
  while (!stop.stop_requested()) {
    const auto done = post(stop);
    if (stop.stop_requested()) break;
    if (done) {
      complaint.forget();
    } else {
      if (done.error().code == ErrorCode::InvalidArgument) return done;
      complaint.tell(done.error());
    }
    if (stop.wait_for(done ? Nanoseconds(kLocationPeriod) : settings_.retry)) break;
  }
  return {};
}

Result<void> LocationPusher::post(const base::StopToken& stop) {
  auto stream = connect(settings_, stop);
  if (!stream) return fail(std::move(stream).error());
  const auto& to = settings_.destination;
  const auto text = wire::location_post(to.authority, to.target, json_());
  if (auto sent = send_all(**stream, std::as_bytes(std::span(text))); !sent) return sent;
  // Any answer will do, and none is no failure; but to close before the other side has read would
  // reset the connection.
  std::array<std::byte, 1024> buffer;
  (void)(*stream)->receive(buffer, 1, now() + kAnswerDeadline);
  return {};
}

}  // namespace lenswire::client
