#include "server/rtc_port.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.hpp"
#include "wire/lwp/message.hpp"

namespace lenswire::server {

RtcPort::RtcPort(net::IoThread& thread, const net::Address& peer, RtcDesk::Place place,
                 std::size_t max_message_bytes, Described described)
    : peer_address_(peer),
      max_message_bytes_(max_message_bytes),
      place_(std::move(place)),
      described_(std::move(described)),
      wakeup_(thread, [this] { look(); }) {}

RtcPort::~RtcPort() = default;

Result<std::unique_ptr<RtcPort>> RtcPort::answer(net::RtcStack& stack, net::IoThread& thread,
                                                 net::RtcPeerSettings settings,
                                                 std::string_view offer, const net::Address& peer,
                                                 RtcDesk::Place place, Described described) {
  settings.low_water_bytes = kRtcBufferedBytes / 2;
  // Always room for the longest message behind what keeps further ones back.
  settings.buffer_limit_bytes = kRtcBufferedBytes + wire::lwp::kMaxMessageToClient;
  std::unique_ptr<RtcPort> port(new RtcPort(thread, peer, std::move(place),
                                            settings.max_message_bytes, std::move(described)));
  auto made = stack.make_peer(std::move(settings), *port);
  if (!made) return fail(made.error());
  port->peer_ = std::move(*made);
  if (auto begun = port->peer_->answer(offer); !begun) return fail(begun.error());
  return port;
}

void RtcPort::attach(Outgoing& outgoing, MessagePortListener& listener) noexcept {
  outgoing_ = &outgoing;
  listener_ = &listener;
}

bool RtcPort::ready() const noexcept { return channel_ && outgoing_->empty() && !blocked(); }

bool RtcPort::blocked() const noexcept {
  return channel_ && channel_->buffered_bytes() >= kRtcBufferedBytes;
}

bool RtcPort::send() {
  const std::array parts{outgoing_->head_bytes(), outgoing_->payload()};
  const std::size_t total = parts[0].size() + parts[1].size();
  const auto announced = channel_->peer_max_message_bytes();
  const auto most =
      announced == 0 ? max_message_bytes_ : std::min<std::uint64_t>(announced, max_message_bytes_);
  const std::size_t piece =
      most >= total ? std::max<std::size_t>(total, 1) : std::min<std::size_t>(kRtcPieceBytes, most);
  bool sent = true;
  for (std::size_t at = 0; at < total && sent; at += piece) {
    // The part of each that lies between `at` and the piece's end.
    const auto end = std::min(total, at + piece);
    const auto from = std::min(at, parts[0].size());
    const auto to = std::min(end, parts[0].size());
    const auto head = parts[0].subspan(from, to - from);
    const auto body_from = at - from;
    const auto body = parts[1].subspan(body_from, end - to - body_from);
    sent = channel_->send(std::array{head, body}, net::RtcPayload::Binary).has_value();
  }
  outgoing_->finish();
  if (sent) return true;
  // A message with a piece missing would be taken for another; the loop ends the session.
  {
    base::MutexLock lock(mutex_);
    news_.end = Error{ErrorCode::Closed, "the data channel takes no more"};
  }
  wakeup_.signal();
  return false;
}

void RtcPort::close(bool) noexcept {
  listener_ = nullptr;
  if (channel_) channel_->close();
}

void RtcPort::look() {
  News news;
  {
    base::MutexLock lock(mutex_);
    news = std::exchange(news_, {});
  }
  if (news.description && described_) std::exchange(described_, {})(std::move(*news.description));
  if (news.channel && listener_) {
    channel_ = std::move(news.channel);
    place_.set_channel(channel_);
    listener_->on_established();
  }
  // Also what the client sent before it left.
  if (!news.bytes.empty() && listener_) listener_->on_bytes(news.bytes);
  if (news.drained && listener_ && !news.end) listener_->on_sent();
  if (!news.end) return;
  if (described_) std::exchange(described_, {})(fail(*news.end));
  if (auto* listener = std::exchange(listener_, nullptr)) listener->on_port_closed();
}

void RtcPort::on_description(std::string sdp) {
  {
    base::MutexLock lock(mutex_);
    news_.description = std::move(sdp);
  }
  wakeup_.signal();
}

void RtcPort::on_open(std::shared_ptr<net::RtcChannel> channel) {
  const auto& settings = channel->settings();
  const bool sound = settings.ordered && !settings.max_retransmits && !settings.max_lifetime_ms;
  const auto announced = channel->peer_max_message_bytes();
  {
    base::MutexLock lock(mutex_);
    if (announced != 0 && announced < kRtcLeastPieceBytes) {
      news_.end = Error{ErrorCode::Unsupported, "takes no messages of 1 KiB"};
    } else if (sound && !first_) {
      first_ = channel;
      news_.channel = std::move(channel);
    }
  }
  if (channel) channel->close();
  wakeup_.signal();
}

void RtcPort::on_message(net::RtcChannel& channel, std::span<const std::byte> bytes,
                         net::RtcPayload) {
  {
    base::MutexLock lock(mutex_);
    if (&channel != first_.get()) return;
    if (news_.bytes.size() + bytes.size() > kRtcInboxBytes)
      news_.end = Error{ErrorCode::Busy, "sent more than was heard"};
    else
      news_.bytes.insert(news_.bytes.end(), bytes.begin(), bytes.end());
  }
  wakeup_.signal();
}

void RtcPort::on_drained(net::RtcChannel& channel) {
  {
    base::MutexLock lock(mutex_);
    if (&channel != first_.get()) return;
    news_.drained = true;
  }
  wakeup_.signal();
}

void RtcPort::on_channel_closed(net::RtcChannel& channel) {
  {
    base::MutexLock lock(mutex_);
    if (&channel != first_.get()) return;
    news_.end = Error{ErrorCode::Closed, "the client closed the data channel"};
  }
  wakeup_.signal();
}

void RtcPort::on_end(const Error& why) {
  base::log_info("rtc_ended", {{"peer", peer_address_.host}, {"reason", why.message}});
  {
    base::MutexLock lock(mutex_);
    news_.end = why;
  }
  wakeup_.signal();
}

}  // namespace lenswire::server
