#include "client/push_session.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "codec/jpeg/jpeg_scan.hpp"
#include "net/http.hpp"
#include "wire/mjpeg_push/encode.hpp"

namespace lenswire::client {
namespace {

using wire::mjpeg_push::PushReader;

constexpr std::uint8_t kTlsHandshake = 0x16;
// One TLS record: a read then leaves nothing behind that the socket does not show.
constexpr std::size_t kReadBytes = 16 << 10;
// Portions per readiness, so that one sender leaves room for the others.
constexpr int kReadsPerTurn = 16;
constexpr auto kLingerDeadline = std::chrono::seconds(1);
constexpr std::size_t kMaxLingerBytes = 4 << 20;

MonotonicTime now() noexcept { return base::system_clock().now(); }

}  // namespace

PushSession::PushSession(PushSessionOwner& owner, std::unique_ptr<net::Stream> stream,
                         std::shared_ptr<net::TlsServerContext> tls, PushTransport transport)
    : owner_(owner),
      stream_(std::move(stream)),
      tls_(std::move(tls)),
      transport_(transport),
      last_progress_(now()) {}

PushSession::~PushSession() { let_go(); }

void PushSession::begin() {
  stream_->set_listener(this);
  on_readable();
}

void PushSession::let_go() {
  if (!receiver_) return;
  receiver_->set_sender(std::nullopt);
  receiver_.reset();
}

void PushSession::end() {
  if (std::exchange(ended_, true)) return;
  let_go();
  stream_->close();
  owner_.retire(*this);
}

void PushSession::on_readable() {
  if (ended_) return;
  if (state_ == State::Lingering) return linger();
  if (state_ == State::Sniffing && !sniff()) return;
  read();
}

bool PushSession::sniff() {
  std::array<std::byte, 1> first{};
  const auto got = stream_->peek(first);
  if (got.status == net::IoStatus::WouldBlock) {
    stream_->wait_readable();
    return false;
  }
  const bool tls = std::to_integer<std::uint8_t>(first[0]) == kTlsHandshake;
  if (got.status != net::IoStatus::Done ||
      (tls ? transport_ == PushTransport::Plain : transport_ == PushTransport::Tls)) {
    end();
    return false;
  }
  state_ = State::Reading;
  if (tls) {
    stream_->set_listener(nullptr);
    stream_ = net::make_tls_stream(std::move(stream_), tls_);
    stream_->set_listener(this);
  }
  return true;
}

void PushSession::read() {
  std::array<std::byte, kReadBytes> buffer;
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    const auto got = stream_->read(buffer);
    if (got.status == net::IoStatus::WouldBlock) break;
    if (got.status != net::IoStatus::Done) return end();
    if (reader_.head_complete()) last_progress_ = now();
    if (!take(std::span(buffer).first(got.bytes))) return;
  }
  stream_->wait_readable();
}

// False when reading is over.
bool PushSession::take(std::span<const std::byte> bytes) {
  while (true) {
    const auto step = reader_.read(bytes);
    if (!step) {
      base::log_warning("push_refused",
                        {{"peer", stream_->peer().host}, {"reason", step.error().message}});
      finish(step.error().code == ErrorCode::Unsupported ? 405 : 400, step.error().message);
      return false;
    }
    switch (*step) {
      case PushReader::Step::NeedMore:
        return true;
      case PushReader::Step::Head:
        if (!on_head()) return false;
        break;
      case PushReader::Step::Picture:
        on_picture();
        break;
      case PushReader::Step::End:
        finish(200, "thank you");
        return false;
    }
  }
}

bool PushSession::on_head() {
  const auto& head = reader_.head();
  stream_id_ =
      head.stream_id.empty() ? std::string(wire::mjpeg_push::kDefaultStreamId) : head.stream_id;
  auto claimed = owner_.claim(*this, stream_id_);
  if (!claimed) {
    base::log_warning("push_refused", {{"peer", stream_->peer().host},
                                       {"stream_id", stream_id_},
                                       {"reason", claimed.error().message}});
    finish(claimed.error().code == ErrorCode::NotFound ? 404 : 409, claimed.error().message);
    return false;
  }
  receiver_ = std::move(*claimed);
  receiver_->pictures().clear();
  receiver_->set_sender(PushReceiver::Sender{stream_->peer().text(), stream_id_});
  base::log_info("push_received", {{"peer", stream_->peer().host},
                                   {"stream_id", stream_id_},
                                   {"tls", stream_->is_encrypted() ? "yes" : "no"}});
  last_progress_ = now();
  if (head.expects_continue) reply(100, {});
  return true;
}

void PushSession::on_picture() {
  const auto bytes = reader_.picture();
  const auto summary = codec::scan_jpeg(bytes);
  if (!summary || !summary->complete)
    return receiver_->note_damage(summary ? "the JPEG has no end" : summary.error().message);
  auto jpeg = pool_.acquire();
  jpeg->assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(summary->end));
  receiver_->pictures().put({std::move(jpeg), summary->width, summary->height, now(),
                             summary->has_huffman_tables || summary->progressive});
}

// What a socket does not take at once of so short a text is not worth waiting for.
void PushSession::reply(int status, std::string_view sentence) {
  net::HttpResponseHead head;
  head.status = status;
  std::string body;
  if (status >= 200) {
    body = fmt::format("{}\n", sentence);
    head.headers = {{"Content-Type", "text/plain; charset=utf-8"},
                    {"Content-Length", std::to_string(body.size())},
                    {"Connection", "close"}};
  }
  auto text = net::serialize(head) + body;
  const iovec piece{text.data(), text.size()};
  (void)stream_->write({&piece, 1});
}

void PushSession::finish(int status, std::string_view sentence) {
  let_go();
  state_ = State::Lingering;
  last_progress_ = now();
  reply(status, sentence);
  stream_->shut_down_sending();
  linger();
}

// To close with bytes unread would reset the connection, and the sender might lose the answer.
void PushSession::linger() {
  std::array<std::byte, kReadBytes> ignored;
  while (lingered_bytes_ < kMaxLingerBytes) {
    const auto got = stream_->read(ignored);
    if (got.status == net::IoStatus::WouldBlock) return stream_->wait_readable();
    if (got.status != net::IoStatus::Done) break;
    lingered_bytes_ += got.bytes;
  }
  end();
}

void PushSession::dismiss() {
  if (ended_) return;
  if (receiver_) reply(200, "no more is wanted");
  let_go();
  stream_->shut_down_sending();
  end();
}

void PushSession::tick(MonotonicTime time) {
  if (ended_) return;
  const auto spent = time - last_progress_;
  if (state_ == State::Lingering) {
    if (spent > kLingerDeadline) end();
  } else if (!receiver_) {
    if (spent > kPushHeadDeadline) end();
  } else if (spent > kPushSilence) {
    base::log_info("push_silent", {{"peer", stream_->peer().host}, {"stream_id", stream_id_}});
    end();
  }
}

}  // namespace lenswire::client
