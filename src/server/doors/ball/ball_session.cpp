#include "server/doors/ball/ball_session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "server/camera.hpp"
#include "server/mjpeg_session.hpp"
#include "server/services.hpp"
#include "server/worker.hpp"

namespace lenswire::server::ball {
namespace {

using namespace std::chrono_literals;
using wire::ball::Signal;

constexpr std::string_view kChannel = "frames";
// SCTP has more than enough under way by itself: the next frame goes when nothing waits before it.
constexpr std::size_t kFullChannelBytes = 0;
constexpr auto kAnswerDeadline = 30s;
constexpr std::size_t kReadBytes = 4 << 10;
constexpr int kReadsAtOnce = 16;
constexpr std::string_view kBye = "{\"type\": \"bye\"}\n";

net::RtcPeerSettings peer_settings(net::RtcPeerSettings settings, const BallPacking& packing) {
  settings.old_syntax = true;
  // A frame's pixels, and what pickling puts around them.
  settings.max_message_bytes = std::size_t{3} * packing.width() * packing.height() + 4096;
  settings.buffer_limit_bytes = settings.max_message_bytes;
  settings.low_water_bytes = kFullChannelBytes + 1;
  return settings;
}

}  // namespace

// --- RtcInbox

void RtcInbox::take(Contents& into) {
  base::MutexLock lock(mutex_);
  std::swap(into, contents_);
  contents_.description.reset();
  contents_.channel.reset();
  contents_.end.reset();
  contents_.estimate_count = 0;
  contents_.broken = 0;
}

void RtcInbox::on_description(std::string sdp) {
  {
    base::MutexLock lock(mutex_);
    contents_.description = std::move(sdp);
  }
  wakeup_.signal();
}

void RtcInbox::on_open(std::shared_ptr<net::RtcChannel> channel) {
  // Channels that the peer makes are none of this protocol's.
  if (channel->settings().label != kChannel) return channel->close();
  {
    base::MutexLock lock(mutex_);
    if (!contents_.channel) contents_.channel = std::move(channel);
  }
  wakeup_.signal();
}

void RtcInbox::on_message(net::RtcChannel&, std::span<const std::byte> bytes,
                          net::RtcPayload payload) {
  const auto estimate = payload == net::RtcPayload::Binary
                            ? wire::ball::decode_estimate(bytes)
                            : fail(ErrorCode::InvalidArgument, "a text");
  const auto now = clock_.now();
  {
    base::MutexLock lock(mutex_);
    if (estimate && contents_.estimate_count < contents_.estimates.size())
      contents_.estimates.at(contents_.estimate_count++) = {*estimate, now};
    else
      ++contents_.broken;
  }
  wakeup_.signal();
}

void RtcInbox::on_drained(net::RtcChannel&) { wakeup_.signal(); }

void RtcInbox::on_channel_closed(net::RtcChannel& channel) {
  if (channel.settings().label != kChannel) return;
  on_end({ErrorCode::Closed, "the peer closed the channel"});
}

void RtcInbox::on_end(const Error& why) {
  {
    base::MutexLock lock(mutex_);
    if (!contents_.end) contents_.end = why;
  }
  wakeup_.signal();
}

// --- BallSession

BallSession::BallSession(Worker& worker, std::unique_ptr<net::Stream> stream,
                         ConnectionTable::Admission admission, BallShared& shared)
    : worker_(worker),
      stream_(std::move(stream)),
      admission_(std::move(admission)),
      shared_(shared),
      began_(worker.now()),
      inbox_(worker.thread(), worker.services().clock, [this] { on_arrival(); }),
      queue_({.policy = hub::DeliveryPolicy::Latest, .rate_hz = shared.rate_hz}),
      pairing_(shared.packing.width(), shared.packing.height(), shared.plausible_px),
      last_progress_(worker.now()) {}

BallSession::~BallSession() { end("server stops"); }

void BallSession::begin(SessionId id) {
  id_ = id;
  stream_->set_listener(this);
  if (shared_.board.connected() >= kMaxPeers) return end("64 peers are connected already");
  seat_ = shared_.board.seat(stream_->peer().text());
  auto peer = shared_.stack.make_peer(
      peer_settings(worker_.services().rtc_settings, shared_.packing), inbox_);
  if (!peer) return end(peer.error().message);
  peer_ = std::move(*peer);
  net::RtcChannelSettings channel;
  channel.label = kChannel;
  if (auto offered = peer_->offer({channel}); !offered) return end(offered.error().message);
  on_readable();
}

void BallSession::end(std::string_view reason) {
  if (std::exchange(ended_, true)) return;
  if (auto* fanout = std::exchange(fanout_, nullptr)) fanout->leave(*this);
  say_bye();
  stream_->close();
  base::log_info("ball_peer", {{"peer", stream_->peer().host},
                               {"number", seat_.number()},
                               {"state", "gone"},
                               {"reason", reason}});
  seat_.leave();
  worker_.retire(id_);
}

void BallSession::farewell() { end("server stops"); }

void BallSession::say_bye() noexcept {
  // Without it an original client spins at the end of the connection. In the middle of a line it
  // would be no bye.
  if (!signalling_open_ || !unsent_.empty()) return;
  const iovec piece{const_cast<char*>(kBye.data()), kBye.size()};
  (void)stream_->write({&piece, 1});
  stream_->shut_down_sending();
}

// --- signalling

void BallSession::on_readable() {
  for (int reads = 0; reads < kReadsAtOnce && !ended_ && signalling_open_; ++reads) {
    std::array<std::byte, kReadBytes> buffer;
    const auto got = stream_->read(buffer);
    if (got.status == net::IoStatus::WouldBlock) break;
    if (got.status != net::IoStatus::Done) {
      // The channel tells by itself when the peer is gone; without an answer there never is one.
      signalling_open_ = false;
      if (!answered_) end("the peer closed the connection");
      return;
    }
    auto bytes = std::span<const std::byte>(buffer).first(got.bytes);
    while (!bytes.empty() && !ended_) {
      auto signal = reader_.read(bytes);
      if (!signal) return end(signal.error().message);
      if (*signal) on_signal(**signal);
    }
  }
  if (!ended_ && signalling_open_) stream_->wait_readable();
}

void BallSession::on_signal(const Signal& signal) {
  switch (signal.type) {
    case Signal::Type::Answer: {
      if (answered_) return end("a second answer");
      if (auto ok = peer_->set_answer(signal.sdp); !ok) return end(ok.error().message);
      answered_ = true;
      admission_.authenticated();
      return;
    }
    case Signal::Type::Candidate:
      if (auto ok = peer_->add_candidate(signal.candidate); !ok) end(ok.error().message);
      return;
    case Signal::Type::Bye:
      return end("the peer said bye");
    case Signal::Type::Offer:
      return end("the peer offers, where it has to answer");
  }
}

void BallSession::send(const Signal& signal) {
  auto line = wire::ball::encode(signal);
  if (!line) return end(line.error().message);
  unsent_ += *line;
  flush();
}

void BallSession::flush() {
  while (!unsent_.empty()) {
    const iovec piece{unsent_.data(), unsent_.size()};
    const auto sent = stream_->write({&piece, 1});
    if (sent.status == net::IoStatus::WouldBlock) return stream_->wait_writable();
    if (sent.status != net::IoStatus::Done) return end("the peer closed the connection");
    unsent_.erase(0, sent.bytes);
  }
}

void BallSession::on_writable() {
  if (!ended_) flush();
}

// --- the data channel

void BallSession::on_arrival() {
  if (ended_) return;
  inbox_.take(arrived_);
  if (arrived_.description) {
    Signal offer;
    offer.type = Signal::Type::Offer;
    offer.sdp = std::move(*arrived_.description);
    send(offer);
    if (ended_) return;
  }
  if (arrived_.channel) {
    channel_ = std::move(arrived_.channel);
    seat_.streaming();
    last_progress_ = worker_.now();
    base::log_info(
        "ball_peer",
        {{"peer", stream_->peer().host}, {"number", seat_.number()}, {"state", "streaming"}});
    join();
    if (ended_) return;
  }
  for (std::size_t i = 0; i < arrived_.estimate_count; ++i) score(arrived_.estimates.at(i));
  for (; arrived_.broken > 0; --arrived_.broken) seat_.estimate_broken();
  if (arrived_.end) return end(arrived_.end->message);
  pump();
}

void BallSession::score(const RtcInbox::Arrival& arrival) {
  if (pairing_.sent_total() == 0) return seat_.estimate_without_truth();
  seat_.estimate(pairing_.match(arrival.estimate, arrival.at), pairing_);
}

void BallSession::join() {
  auto id = shared_.stream;
  if (id.empty())
    for (const auto& name : shared_.camera.stream_ids())
      if (const auto stream = shared_.camera.stream(name);
          stream && (*stream)->profile()->kind == StreamKind::Color) {
        id = name;
        break;
      }
  const auto stream = shared_.camera.stream(id.empty() ? "color" : id);
  if (!stream) {
    // A camera that is being opened, or is away, may come yet: the next tick looks again.
    if (stream.error().code == ErrorCode::NotFound) end(stream.error().message);
    return;
  }
  hub::Wish wish;
  wish.format = PixelFormat::BGR8;
  wish.packing = &shared_.packing;
  fanout_ = &worker_.fanout(**stream, wish);
  if (auto joined = fanout_->join(*this); !joined) {
    fanout_ = nullptr;
    end(joined.error().message);
  }
}

void BallSession::ended(const Error& reason) { end(reason.message); }

void BallSession::offer(const hub::EncodedFramePtr& frame, const MissedList& lost) {
  if (ended_) return;
  queue_.note_missed(lost);
  queue_.offer(frame);
  pump();
}

void BallSession::pump() {
  if (!channel_ || ended_) return;
  while (queue_.ready() && channel_->buffered_bytes() <= kFullChannelBytes) {
    MissedList missed;
    const auto frame = queue_.take(missed);
    auto& totals = worker_.services().totals;
    totals.count_missed(missed);
    for (const auto& record : missed.records())
      if (record.reason == MissReason::SlowClient) seat_.frames_skipped(record.count);
    const auto payload = frame->payload();
    const auto sent = channel_->send({&payload, 1}, net::RtcPayload::Binary);
    if (!sent && sent.error().code == ErrorCode::Busy) {
      seat_.frames_skipped(1);
      return;
    }
    if (!sent) return end(sent.error().message);
    totals.frames_sent.fetch_add(1, std::memory_order_relaxed);
    totals.bytes_sent.fetch_add(payload.size(), std::memory_order_relaxed);
    seat_.frame_sent();
    if (const auto truth = shared_.packing.truth(*frame->source))
      pairing_.sent(frame->sequence(), *truth, worker_.now());
  }
}

void BallSession::tick(MonotonicTime now) {
  if (ended_) return;
  if (!answered_ && now - began_ > kAnswerDeadline) return end("no answer came within 30 s");
  if (!channel_) return;
  if (!fanout_) join();
  if (ended_) return;
  pump();
  if (ended_) return;
  const auto buffered = channel_->buffered_bytes();
  if (buffered <= kFullChannelBytes || buffered < last_buffered_) last_progress_ = now;
  last_buffered_ = buffered;
  if (now - last_progress_ < kNoProgressDeadline) return;
  worker_.services().totals.slow_clients_cut.fetch_add(1);
  end("took nothing for 10 s");
}

}  // namespace lenswire::server::ball
