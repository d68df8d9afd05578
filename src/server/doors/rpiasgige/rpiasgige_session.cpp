#include "server/doors/rpiasgige/rpiasgige_session.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "server/mjpeg_session.hpp"
#include "server/services.hpp"

namespace lenswire::server::rpiasgige {
namespace {

constexpr std::size_t kReadBytes = 4 << 10;
// Portions per turn, of some hundred requests each, so that one client leaves room for the others.
constexpr int kReadsPerTurn = 4;
constexpr std::string_view kHttpStart = "GET ";
constexpr auto kHandshakeDeadline = std::chrono::seconds(10);
constexpr auto kLingerDeadline = std::chrono::seconds(2);
constexpr std::size_t kMaxLingerBytes = 256 << 10;

}  // namespace

RpiasgigeSession::RpiasgigeSession(Worker& worker, DoorShared& door,
                                   std::unique_ptr<net::Stream> stream,
                                   ConnectionTable::Admission admission)
    : worker_(worker),
      door_(door),
      stream_(std::move(stream)),
      admission_(std::move(admission)),
      began_(worker.now()),
      last_progress_(began_) {}

RpiasgigeSession::~RpiasgigeSession() { end(); }

void RpiasgigeSession::begin(SessionId id) {
  id_ = id;
  // By value: a camera's call may come back when this session is long gone.
  auto later = [worker = &worker_, id](Conversation::Task task) {
    worker->with_session(id, [task = std::move(task)](Session& session) {
      auto& self = static_cast<RpiasgigeSession&>(session);
      if (!self.ended_) task(*self.talk_);
    });
  };
  talk_.emplace(worker_, door_, stream_->peer().host, outgoing_, std::move(later),
                [this] { answered(); });
  stream_->set_listener(this);
  on_readable();
}

void RpiasgigeSession::end() {
  if (std::exchange(ended_, true)) return;
  if (socket_) socket_->abort();
  if (stream_) stream_->close();
  worker_.retire(id_);
}

// --- plain TCP, and finding out

void RpiasgigeSession::on_readable() {
  if (ended_) return;
  if (lingering_) return linger();
  serve_tcp();
}

void RpiasgigeSession::on_writable() {
  if (ended_ || !stream_) return;
  last_progress_ = worker_.now();
  if (!outgoing_.empty()) flush();
  if (!ended_ && !busy_ && !lingering_) serve_tcp();
}

// A loop, not a recursion by way of answered(): one read may bring hundreds of requests.
void RpiasgigeSession::serve_tcp() {
  if (std::exchange(serving_, true)) return;
  int reads = 0;
  while (!ended_ && !busy_ && !lingering_ && stream_) {
    if (const auto request = assembler_.next()) {
      busy_ = true;
      talk_->handle(*request);
    } else if (peer_done_) {
      if (!assembler_.in_request()) {
        end();
        break;
      }
      // Half a packet, and no more will come.
      busy_ = true;
      wire::Request half;
      half.command = wire::Command::Incomplete;
      talk_->handle(half);
    } else if (++reads > kReadsPerTurn) {
      stream_->wait_readable();
      break;
    } else if (!read_more()) {
      break;
    }
  }
  serving_ = false;
}

bool RpiasgigeSession::read_more() {
  std::array<std::byte, kReadBytes> buffer;
  const auto got = stream_->read(buffer);
  switch (got.status) {
    case net::IoStatus::WouldBlock:
      stream_->wait_readable();
      return false;
    case net::IoStatus::Closed:
      // Netcat ends its side after the request and still wants the answer.
      peer_done_ = true;
      if (speaks_ == Speaks::Unknown) {
        speaks_ = Speaks::Tcp;
        assembler_.feed(first_);
      }
      if (speaks_ == Speaks::Http) end();
      return !ended_;
    case net::IoStatus::Failed:
      end();
      return false;
    case net::IoStatus::Done:
      break;
  }
  last_progress_ = worker_.now();
  take(std::span(buffer).first(got.bytes));
  return true;
}

void RpiasgigeSession::take(std::span<const std::byte> bytes) {
  if (speaks_ == Speaks::Tcp) return assembler_.feed(bytes);
  if (speaks_ == Speaks::Http) return take_http(bytes);
  first_.insert(first_.end(), bytes.begin(), bytes.end());
  const auto start = std::as_bytes(std::span(kHttpStart));
  const auto known = std::min(first_.size(), start.size());
  const bool may_be_http =
      std::equal(start.begin(), start.begin() + static_cast<std::ptrdiff_t>(known), first_.begin());
  if (may_be_http && known < start.size()) return;
  speaks_ = may_be_http ? Speaks::Http : Speaks::Tcp;
  admission_.authenticated();
  const auto all = std::exchange(first_, {});
  take(all);
}

void RpiasgigeSession::linger() {
  std::array<std::byte, kReadBytes> ignored;
  while (lingered_bytes_ < kMaxLingerBytes) {
    const auto got = stream_->read(ignored);
    if (got.status == net::IoStatus::WouldBlock) return stream_->wait_readable();
    if (got.status != net::IoStatus::Done) break;
    lingered_bytes_ += got.bytes;
  }
  end();
}

// --- WebSocket

void RpiasgigeSession::take_http(std::span<const std::byte> bytes) {
  http_.feed(bytes);
  const auto request = http_.next();
  if (!request) return refuse(request.error().status, request.error().reason);
  if (*request) upgrade(**request);
}

void RpiasgigeSession::upgrade(const net::HttpRequest& request) {
  if (!request.websocket_upgrade)
    return refuse(426, "this port speaks the rpiasgige protocol, over TCP or WebSocket");
  // Without credentials these two are what keeps foreign web pages away from the camera.
  const auto host = request.header("Host");
  if (!host.empty() && !worker_.services().access.host_known(host))
    return refuse(421, "this server does not know the name in the Host header");
  if (!Access::same_origin(request.header("Origin"), host))
    return refuse(403, "the page that sent this request comes from another place");
  speaks_ = Speaks::WebSocket;
  talk_->set_manners({.echoes_keep_alive = true, .says_time = true});
  stream_->set_listener(nullptr);
  socket_ = std::make_unique<net::WebSocket>(
      std::move(stream_), request, static_cast<net::WebSocketListener&>(*this),
      net::WebSocketSettings{.accept_text = true, .ping_when_silent = false});
}

void RpiasgigeSession::refuse(int status, const std::string& reason) {
  net::HttpResponseHead head;
  head.status = status;
  head.headers = {{"Content-Type", "text/plain; charset=utf-8"},
                  {"Content-Length", std::to_string(reason.size() + 1)},
                  {"Connection", "close"}};
  if (status == 426) head.headers.emplace_back("Upgrade", "websocket");
  busy_ = true;
  outgoing_.set_head(net::serialize(head) + reason + "\n");
  outgoing_.start(nullptr);
  flush();
}

void RpiasgigeSession::on_message(std::span<const std::byte> message) {
  if (ended_) return;
  if (waiting_.size() >= kMaxWaitingRequests) return end();
  waiting_.push_back(wire::decode_message(message));
  serve_messages();
}

void RpiasgigeSession::serve_messages() {
  if (busy_ || waiting_.empty() || ended_) return;
  busy_ = true;
  const auto request = waiting_.front();
  waiting_.pop_front();
  last_progress_ = worker_.now();
  talk_->handle(request);
}

void RpiasgigeSession::on_sent() {
  if (ended_) return;
  outgoing_.finish();
  busy_ = false;
  serve_messages();
}

void RpiasgigeSession::on_progress() { last_progress_ = worker_.now(); }

void RpiasgigeSession::on_closed() { end(); }

// --- answers

void RpiasgigeSession::answered() {
  last_progress_ = worker_.now();
  if (socket_) {
    socket_->send(outgoing_.head_bytes(), outgoing_.payload());
    return;
  }
  flush();
  if (!ended_ && !busy_ && !lingering_) serve_tcp();
}

void RpiasgigeSession::flush() {
  switch (outgoing_.flush(*stream_)) {
    case net::IoStatus::WouldBlock:
      return stream_->wait_writable();
    case net::IoStatus::Done:
      break;
    default:
      return end();
  }
  last_progress_ = worker_.now();
  busy_ = false;
  if (speaks_ == Speaks::Tcp && talk_->keeps_alive()) return;
  // To close with bytes unread would reset the connection, and the client might lose the answer.
  lingering_ = true;
  stream_->shut_down_sending();
  linger();
}

void RpiasgigeSession::tick(MonotonicTime now) {
  if (ended_) return;
  talk_->tick(now);
  if (ended_) return;
  const auto quiet = now - last_progress_;
  if (lingering_) {
    if (quiet > kLingerDeadline) end();
  } else if (!outgoing_.empty()) {
    if (quiet > kNoProgressDeadline) end();
  } else if (busy_) {
    return;  // the conversation has its own deadline
  } else if (speaks_ == Speaks::Tcp || speaks_ == Speaks::Unknown) {
    if (quiet >= kSilence) end();
  } else if (!opened_ && now - began_ > kHandshakeDeadline) {
    end();
  }
}

}  // namespace lenswire::server::rpiasgige
