#include "server/doors/realsense_https/feed_session.hpp"

#include <array>
#include <utility>

#include "base/log.hpp"
#include "server/doors/realsense_https/feed_routes.hpp"
#include "server/doors/realsense_https/realsense_https_door.hpp"
#include "server/services.hpp"

namespace lenswire::server::realsense_https {
namespace {

namespace push = wire::mjpeg_push;

/// For the TLS handshake and the request together.
constexpr auto kRequestDeadline = std::chrono::seconds(10);
constexpr auto kLingerDeadline = std::chrono::seconds(2);
constexpr std::size_t kMaxDiscardedBytes = 256 << 10;
constexpr std::size_t kReadBytes = 8 << 10;

}  // namespace

FeedSession::FeedSession(RealsenseHttpsDoor& door, Worker& worker,
                         std::unique_ptr<net::Stream> stream, ConnectionTable::Admission admission)
    : door_(door),
      worker_(worker),
      stream_(std::move(stream)),
      admission_(std::move(admission)),
      queue_({}),
      last_progress_(worker.now()) {}

FeedSession::~FeedSession() { end(); }

void FeedSession::begin(SessionId id) {
  id_ = id;
  stream_->set_listener(this);
  on_readable();
}

void FeedSession::end() {
  if (std::exchange(ended_, true)) return;
  if (fanout_) fanout_->leave(*this);
  stream_->close();
  worker_.retire(id_);
}

void FeedSession::on_readable() {
  if (ended_) return;
  if (state_ == State::Reading)
    read_request();
  else
    discard();
}

void FeedSession::read_request() {
  std::array<std::byte, kReadBytes> buffer;
  while (true) {
    const auto got = stream_->read(buffer);
    if (got.status == net::IoStatus::WouldBlock) return stream_->wait_readable();
    if (got.status != net::IoStatus::Done) return end();
    parser_.feed(std::span(buffer).first(got.bytes));
    auto request = parser_.next();
    if (request && !*request) continue;
    auto& totals = worker_.services().totals;
    if (!request) {
      totals.rejected.fetch_add(1);
      return send_text(answer_malformed(request.error(), worker_.services().clock.now_utc()).text);
    }
    totals.requests.fetch_add(1, std::memory_order_relaxed);
    admission_.authenticated();  // there is nothing to show here
    return answer(**request);
  }
}

void FeedSession::answer(const net::HttpRequest& request) {
  const auto& services = worker_.services();
  const auto host = request.header("Host");
  // Against pages that give their own name this machine's address. Under TLS the certificate
  // already stands in their way.
  if (!stream_->is_encrypted() && !host.empty() && !services.access.host_known(host)) {
    constexpr auto kReason =
        "this server does not know the name in the Host header; start it with --host-name";
    return send_text(answer_malformed({421, kReason}, services.clock.now_utc()).text);
  }
  auto answer =
      answer_feed(request, {door_.location(), door_.options().boundary, services.clock.now_utc()});
  if (!answer.pictures) return send_text(std::move(answer.text));
  start_pictures(std::move(answer.text),
                 answer.in_chunks ? push::Framing::Chunked : push::Framing::Plain);
}

void FeedSession::send_text(std::string text) {
  state_ = State::Answering;
  text_ = std::move(text);
  outgoing_.set_head(text_);
  outgoing_.start(nullptr);
  last_progress_ = worker_.now();
  pump();
}

// The head waits for the first picture and goes out with it.
void FeedSession::start_pictures(std::string head, push::Framing framing) {
  state_ = State::Streaming;
  text_ = std::move(head);
  framing_ = framing;
  hub::Wish wish;
  wish.codec = CodecId::Jpeg;
  wish.quality = door_.options().quality;
  fanout_ = &worker_.fanout(door_.pictures(), wish);
  if (auto joined = fanout_->join(*this); !joined) return end();
  if (!ended_) discard();
}

void FeedSession::offer(const hub::EncodedFramePtr& frame, const MissedList& lost) {
  if (ended_) return;
  queue_.note_missed(lost);
  queue_.offer(frame);
  if (outgoing_.empty()) pump();
}

void FeedSession::pump() {
  auto& totals = worker_.services().totals;
  while (!ended_) {
    if (outgoing_.empty()) {
      if (!queue_.ready()) return;
      MissedList missed;
      auto frame = queue_.take(missed);
      totals.count_missed(missed);
      push::write_part_head(outgoing_.head(), frame->payload().size(), framing_);
      if (!text_.empty()) {
        const auto first = std::as_bytes(std::span(text_));
        outgoing_.head().insert(outgoing_.head().begin(), first.begin(), first.end());
        text_.clear();
      }
      outgoing_.start(std::move(frame), push::part_tail(framing_));
      last_progress_ = worker_.now();
    }
    const auto bytes = outgoing_.total();
    switch (outgoing_.flush(*stream_)) {
      case net::IoStatus::WouldBlock:
        return stream_->wait_writable();
      case net::IoStatus::Done:
        break;
      default:
        return end();
    }
    if (state_ == State::Answering) {
      state_ = State::Lingering;
      last_progress_ = worker_.now();
      stream_->shut_down_sending();
      return discard();
    }
    totals.frames_sent.fetch_add(1, std::memory_order_relaxed);
    totals.bytes_sent.fetch_add(bytes, std::memory_order_relaxed);
  }
}

// The client has nothing more to say. What counts is whether it is still there, and that it gets
// what was sent: closing with bytes unread would reset the connection.
void FeedSession::discard() {
  std::array<std::byte, kReadBytes> ignored;
  while (discarded_ < kMaxDiscardedBytes) {
    const auto got = stream_->read(ignored);
    if (got.status == net::IoStatus::WouldBlock) return stream_->wait_readable();
    if (got.status != net::IoStatus::Done) {
      // Some close their side after the request and still read: the next picture will tell.
      if (got.status == net::IoStatus::Closed && state_ != State::Lingering) {
        client_closed_ = true;
        return;
      }
      return end();
    }
    discarded_ += got.bytes;
  }
  end();
}

void FeedSession::on_writable() {
  if (ended_) return;
  last_progress_ = worker_.now();
  if (state_ == State::Reading)
    read_request();  // TLS wanted to write before it could read
  else
    pump();
}

void FeedSession::tick(MonotonicTime now) {
  if (ended_) return;
  const auto spent = now - last_progress_;
  switch (state_) {
    case State::Reading:
      if (spent > kRequestDeadline) end();
      break;
    case State::Lingering:
      if (spent > kLingerDeadline) end();
      break;
    case State::Answering:
    case State::Streaming:
      if (spent < kForgetAfter || (outgoing_.empty() && !client_closed_)) break;
      if (!outgoing_.empty()) {
        worker_.services().totals.slow_clients_cut.fetch_add(1);
        base::log_info("client_cut", {{"peer", stream_->peer().host},
                                      {"reason", "took nothing for 5 s"},
                                      {"protocol", "realsense-https"}});
      }
      end();
      break;
  }
}

}  // namespace lenswire::server::realsense_https
