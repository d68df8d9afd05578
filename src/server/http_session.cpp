#include "server/http_session.hpp"

#include <fmt/format.h>

#include <array>

#include "base/log.hpp"
#include "server/embedded_files.hpp"
#include "server/lwp_session.hpp"
#include "server/mjpeg_session.hpp"
#include "server/multipart.hpp"
#include "server/rtc_port.hpp"
#include "server/services.hpp"

namespace lenswire::server {
namespace {

constexpr auto kSnapshotDeadline = std::chrono::seconds(5);
constexpr auto kAnswerDeadline = std::chrono::seconds(10);
constexpr auto kLingerDeadline = std::chrono::seconds(2);
constexpr std::size_t kMaxLingerBytes = 256 << 10;
constexpr std::size_t kReadBytes = 8 << 10;

// What every answer of ours says to browsers.
void add_common_headers(net::HttpResponseHead& head) {
  head.headers.emplace_back("Server", "lenswire");
  head.headers.emplace_back("X-Content-Type-Options", "nosniff");
  head.headers.emplace_back("Content-Security-Policy", kPagePolicy);
  head.headers.emplace_back("Referrer-Policy", "no-referrer");
}

}  // namespace

HttpSession::HttpSession(Worker& worker, std::unique_ptr<net::Stream> stream,
                         ConnectionTable::Admission admission)
    : worker_(worker),
      stream_(std::move(stream)),
      admission_(std::move(admission)),
      phase_began_(worker.now()) {}

HttpSession::~HttpSession() = default;

void HttpSession::begin(SessionId id) {
  id_ = id;
  stream_->set_listener(this);
  on_readable();
}

const ConnectionTable::Admission* HttpSession::idle() const noexcept {
  return state_ == State::Reading && !parser_.in_request() ? &admission_ : nullptr;
}

void HttpSession::end() {
  if (std::exchange(ended_, true)) return;
  snapshot_.reset();
  if (stream_) stream_->close();
  worker_.retire(id_);
}

void HttpSession::on_readable() {
  if (ended_ || state_ == State::Handed) return;
  std::array<std::byte, kReadBytes> buffer;
  while (true) {
    if (state_ == State::Lingering) return linger();
    // While an answer is under way nothing is taken in, so a client cannot pile requests up.
    if (state_ != State::Reading) {
      std::array<std::byte, 1> probe{};
      const auto seen = stream_->peek(probe);
      if (seen.status == net::IoStatus::Failed) return end();
      // Netcat and others close their side after the request and still want its answer.
      if (seen.status == net::IoStatus::Closed) keep_alive_ = false;
      if (seen.status == net::IoStatus::WouldBlock) stream_->wait_readable();
      return;
    }
    const auto got = stream_->read(buffer);
    if (got.status == net::IoStatus::WouldBlock) {
      stream_->wait_readable();
      return;
    }
    if (got.status != net::IoStatus::Done) return end();
    if (!parser_.in_request()) {
      phase_began_ = worker_.now();
      received_in_request_ = 0;
    }
    received_in_request_ += got.bytes;
    parser_.feed(std::span(buffer).first(got.bytes));
    serve();
    if (ended_ || state_ == State::Handed) return;
  }
}

// A loop, not a recursion by way of flush(): a client may send hundreds of requests in one go.
void HttpSession::serve() {
  if (std::exchange(serving_, true)) return;
  while (!ended_ && state_ == State::Reading && serve_next()) {
  }
  serving_ = false;
}

bool HttpSession::serve_next() {
  auto next = parser_.next();
  if (!next) {
    worker_.services().totals.rejected.fetch_add(1);
    keep_alive_ = false;
    respond(status_answer(next.error().status, next.error().reason));
    return true;
  }
  if (!*next) return false;
  worker_.services().totals.requests.fetch_add(1, std::memory_order_relaxed);
  keep_alive_ = (*next)->keep_alive && ++requests_ < kMaxRequestsPerConnection;
  dispatch(**next);
  return true;
}

void HttpSession::dispatch(const net::HttpRequest& request) {
  head_only_ = request.method == "HEAD";
  auto outcome =
      route_request(worker_.services(), request, stream_->peer(), stream_->is_encrypted());
  if (auto* answer = std::get_if<HttpAnswer>(&outcome)) {
    if (answer->status != 401 && answer->status != 403) admission_.authenticated();
    return respond(*answer);
  }
  admission_.authenticated();
  if (auto* target = std::get_if<OpenStream>(&outcome)) return open_stream(*target);
  if (auto* target = std::get_if<OpenSnapshot>(&outcome)) return open_snapshot(*target);
  if (auto* target = std::get_if<OpenRtc>(&outcome)) return open_rtc(*target);
  if (auto* deferred = std::get_if<Deferred>(&outcome)) {
    state_ = State::WaitingForAnswer;
    phase_began_ = worker_.now();
    deferred->start([worker = &worker_, id = id_, number = ++deferred_](HttpAnswer answer) {
      worker->with_session(id, [answer = std::move(answer), number](Session& session) {
        auto& self = static_cast<HttpSession&>(session);
        // An answer that comes after its deadline is not one to the next question.
        if (self.state_ == State::WaitingForAnswer && self.deferred_ == number)
          self.respond(answer);
      });
    });
    return;
  }
  state_ = State::Handed;
  stream_->set_listener(nullptr);
  worker_.add(
      std::make_unique<LwpSession>(worker_, std::move(stream_), request, std::move(admission_)));
  worker_.retire(id_);
}

void HttpSession::open_stream(const OpenStream& target) {
  if (head_only_) {
    return respond({200, fmt::format("multipart/x-mixed-replace; boundary={}", kBoundary), "", {}});
  }
  net::HttpResponseHead head;
  head.headers = {
      {"Content-Type", fmt::format("multipart/x-mixed-replace; boundary={}", kBoundary)},
      {"Cache-Control", "no-store, no-transform"},
      {"Connection", "close"}};
  add_common_headers(head);
  state_ = State::Handed;
  stream_->set_listener(nullptr);
  worker_.add(std::make_unique<MjpegSession>(
      worker_, std::move(stream_), std::move(admission_), net::serialize(head),
      worker_.fanout(*target.stream, target.query.wish), target.query.delivery));
  worker_.retire(id_);
}

void HttpSession::open_snapshot(const OpenSnapshot& target) {
  state_ = State::WaitingForAnswer;
  phase_began_ = worker_.now();
  snapshot_ = std::make_unique<Snapshot>(
      worker_.fanout(*target.stream, target.query.wish),
      [this, type = target.content_type](const hub::EncodedFrame& frame) {
        const auto payload = frame.payload();
        HttpAnswer answer;
        answer.content_type = type;
        answer.body.assign(reinterpret_cast<const char*>(payload.data()), payload.size());
        answer.headers = {{"X-Timestamp", unix_timestamp(*frame.source)},
                          {"X-Sequence", std::to_string(frame.sequence())}};
        respond(answer);
      });
  if (auto joined = snapshot_->begin(); !joined) {
    snapshot_.reset();
    respond(error_answer(joined.error()));
  }
}

void HttpSession::open_rtc(const OpenRtc& target) {
  auto place = worker_.services().rtc.admit(stream_->peer());
  if (!place) return respond(error_answer(place.error()));
  state_ = State::WaitingForAnswer;
  phase_began_ = worker_.now();
  waits_for_rtc_ = true;
  // std::function copies, so the place travels in a shared pointer.
  auto shared = std::make_shared<RtcDesk::Place>(std::move(*place));
  worker_.services().rtc.with_stack([worker = &worker_, id = id_, number = ++deferred_, target,
                                     shared](Result<net::RtcStack*> stack) {
    worker->with_session(id, [stack, number, target, shared](Session& session) {
      auto& self = static_cast<HttpSession&>(session);
      if (self.state_ != State::WaitingForAnswer || self.deferred_ != number) return;
      if (stack) return self.answer_rtc(**stack, target, std::move(*shared));
      auto refused = error_answer(stack.error());
      refused.status = stack.error().code == ErrorCode::Busy ? 503 : 501;
      self.respond(refused);
    });
  });
}

void HttpSession::answer_rtc(net::RtcStack& stack, const OpenRtc& target, RtcDesk::Place place) {
  auto& services = worker_.services();
  // Besides the HTTP connection, which may end now.
  auto admission = services.connections.admit(stream_->peer());
  if (!admission) return respond(status_answer(503, "too many connections"));
  admission.authenticated();
  auto settings = services.rtc_settings;
  settings.local_addresses = rtc_addresses(stream_->local());
  const auto rtc_id = place.id();
  auto port = RtcPort::answer(
      stack, worker_.thread(), std::move(settings), target.offer, stream_->peer(), std::move(place),
      [worker = &worker_, id = id_, number = deferred_,
       location = fmt::format("/rtc/{}/{}", target.camera, rtc_id)](Result<std::string> sdp) {
        auto answer = sdp ? HttpAnswer{201, "application/sdp", *sdp, {{"Location", location}}}
                          : error_answer(sdp.error());
        worker->with_session(id, [answer = std::move(answer), number](Session& session) {
          auto& self = static_cast<HttpSession&>(session);
          if (self.state_ == State::WaitingForAnswer && self.deferred_ == number)
            self.respond(answer);
        });
      });
  if (!port) return respond(error_answer(port.error()));
  const auto session =
      worker_.add(std::make_unique<LwpSession>(worker_, std::move(*port), std::move(admission)));
  services.rtc.set_end(rtc_id, [worker = &worker_, session] {
    worker->with_session(session, [](Session& self) { static_cast<LwpSession&>(self).cut(); });
  });
}

void HttpSession::respond(const HttpAnswer& answer) {
  net::HttpResponseHead head;
  head.status = answer.status;
  head.headers = answer.headers;
  head.headers.emplace_back("Content-Type", answer.content_type);
  head.headers.emplace_back("Content-Length", std::to_string(answer.body.size()));
  head.headers.emplace_back("Cache-Control", "no-store");
  head.headers.emplace_back("Connection", keep_alive_ ? "keep-alive" : "close");
  add_common_headers(head);
  body_ = head_only_ ? std::string() : answer.body;
  outgoing_.set_head(net::serialize(head));
  outgoing_.start(nullptr, body_);
  state_ = State::Answering;
  waits_for_rtc_ = false;
  phase_began_ = worker_.now();
  flush();
}

void HttpSession::flush() {
  switch (outgoing_.flush(*stream_)) {
    case net::IoStatus::WouldBlock:
      stream_->wait_writable();
      return;
    case net::IoStatus::Done:
      break;
    default:
      return end();
  }
  snapshot_.reset();
  body_.clear();
  body_.shrink_to_fit();
  phase_began_ = worker_.now();
  if (!keep_alive_) {
    state_ = State::Lingering;
    stream_->shut_down_sending();
    if (!serving_) on_readable();
    return;
  }
  state_ = State::Reading;
  parser_.release_memory();
  if (serving_) return;  // serve() goes on
  serve();
  // Not merely a wait: TLS may hold bytes that the socket no longer shows.
  if (!ended_) on_readable();
}

// To close with bytes unread would reset the connection, and the client might lose the answer.
void HttpSession::linger() {
  std::array<std::byte, kReadBytes> ignored;
  while (lingered_bytes_ < kMaxLingerBytes) {
    const auto got = stream_->read(ignored);
    if (got.status == net::IoStatus::WouldBlock) return stream_->wait_readable();
    if (got.status != net::IoStatus::Done) break;
    lingered_bytes_ += got.bytes;
  }
  end();
}

void HttpSession::on_writable() {
  if (ended_ || state_ == State::Handed) return;
  phase_began_ = worker_.now();
  if (state_ == State::Answering)
    flush();
  else
    on_readable();  // TLS wanted to write before it could read
}

void HttpSession::tick(MonotonicTime now) {
  if (ended_ || state_ == State::Handed) return;
  const auto spent = now - phase_began_;
  switch (state_) {
    case State::Reading:
      if (parser_.in_request()) {
        const auto late = std::chrono::duration<double>(spent - kHeadDeadline).count();
        if (late > 0 && static_cast<double>(received_in_request_) <
                            late * kMinBodyBytesPerSecond + net::kMaxHeadBytes) {
          keep_alive_ = false;
          respond(status_answer(408, "the request did not come in time"));
        }
      } else if (spent > (requests_ == 0 ? kHeadDeadline : kKeepAliveIdle)) {
        end();
      }
      break;
    case State::WaitingForAnswer:
      if (snapshot_ && spent > kSnapshotDeadline) {
        snapshot_.reset();
        respond(status_answer(
            504, "the camera gives no frame; GET /api/v1/cameras says how it is and why"));
      } else if (!snapshot_ && spent > kAnswerDeadline) {
        respond(status_answer(504, waits_for_rtc_
                                       ? "no address for a data channel was found in time"
                                       : "the camera does not answer; its driver may hang"));
      }
      break;
    case State::Answering:
      if (spent > kNoProgressDeadline) end();
      break;
    case State::Lingering:
      if (spent > kLingerDeadline) end();
      break;
    case State::Handed:
      break;
  }
}

}  // namespace lenswire::server
