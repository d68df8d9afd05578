#include "modules/webrtc/peer.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>

namespace lenswire::webrtc {

namespace dcep = wire::dcep;
namespace sdp = wire::sdp;

namespace {

// What SCTP is offered at once of a long message.
constexpr std::size_t kSendPieceBytes = 256 << 10;
// For the resolver, and then for STUN and TURN servers: without those that do not answer by then.
constexpr auto kGatherPatience = std::chrono::seconds(4);

std::uint64_t session_id() noexcept {
  std::uint64_t id = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id);
  return id >> 2;  // as JSEP asks for: no sign, and room to count
}

dcep::Open request_of(const net::RtcChannelSettings& settings) {
  dcep::Open out;
  out.ordered = settings.ordered;
  out.label = settings.label;
  out.protocol = settings.protocol;
  if (settings.max_retransmits) {
    out.reliability = dcep::Reliability::Retransmits;
    out.limit = *settings.max_retransmits;
  } else if (settings.max_lifetime_ms) {
    out.reliability = dcep::Reliability::Lifetime;
    out.limit = *settings.max_lifetime_ms;
  }
  return out;
}

net::RtcChannelSettings settings_of(const dcep::Open& request) {
  net::RtcChannelSettings out;
  out.label = request.label;
  out.protocol = request.protocol;
  out.ordered = request.ordered;
  const auto limit = static_cast<std::uint16_t>(std::min<std::uint32_t>(request.limit, 0xffff));
  if (request.reliability == dcep::Reliability::Retransmits) out.max_retransmits = limit;
  if (request.reliability == dcep::Reliability::Lifetime) out.max_lifetime_ms = limit;
  return out;
}

}  // namespace

PeerCore::PeerCore(GlibLoop& loop, net::RtcPeerSettings settings,
                   std::shared_ptr<const Identity> identity, net::RtcListener& listener)
    : loop_(loop),
      settings_(std::move(settings)),
      identity_(std::move(identity)),
      listener_(&listener) {}

PeerCore::~PeerCore() = default;

void PeerCore::gather(bool controlling) {
  outbox_ = std::make_shared<Outbox>([&loop = loop_, weak = weak_from_this()] {
    loop.post([weak] {
      if (const auto self = weak.lock()) self->pump();
    });
  });
  gather_deadline_ = Clock::now() + kGatherPatience;
  connect_deadline_ = Clock::now() + settings_.connect_patience;
  loop_.add(*this);
  ice_ = std::make_unique<IceAgent>(loop_, settings_, static_cast<IceListener&>(*this));
  ice_->gather(controlling);
}

void PeerCore::offer(std::vector<net::RtcChannelSettings> channels) {
  if (ended_) return;
  offering_ = true;
  pending_channels_ = std::move(channels);
  local_.old_syntax = settings_.old_syntax;
  local_.mid = "0";
  local_.bundled = true;
  local_.setup = sdp::Setup::ActPass;
  gather(true);
}

void PeerCore::answer(sdp::DataSession remote) {
  if (ended_) return;
  // In kind: the same sections in the same order, all but the data channels refused.
  local_.old_syntax = remote.old_syntax;
  local_.mid = remote.mid;
  local_.bundled = remote.bundled;
  local_.before = remote.before;
  local_.after = remote.after;
  const bool passive = remote.setup == sdp::Setup::Active;
  local_.setup = passive ? sdp::Setup::Passive : sdp::Setup::Active;
  role_ = passive ? DtlsRole::Server : DtlsRole::Client;
  remote_ = std::move(remote);
  gather(false);
}

void PeerCore::set_answer(sdp::DataSession remote) {
  if (ended_ || remote_ || !described_) return;
  role_ = remote.setup == sdp::Setup::Passive ? DtlsRole::Client : DtlsRole::Server;
  remote_ = std::move(remote);
  connect_deadline_ = Clock::now() + settings_.connect_patience;
  ice_->set_remote(remote_->ufrag, remote_->password, remote_->candidates);
}

void PeerCore::add_candidate(const sdp::Candidate& candidate) {
  if (!ended_ && remote_ && described_) ice_->add_remote(candidate);
}

void PeerCore::on_gathered() {
  if (ended_ || std::exchange(described_, true)) return;
  gather_deadline_.reset();
  ice_->describe(local_);
  local_.fingerprint = identity_->fingerprint();
  local_.max_message_bytes = settings_.max_message_bytes;
  if (remote_) {
    connect_deadline_ = Clock::now() + settings_.connect_patience;
    ice_->set_remote(remote_->ufrag, remote_->password, remote_->candidates);
  } else {
    connect_deadline_.reset();  // the other side may take its time to answer
  }
  listener_->on_description(sdp::write(local_, session_id()));
}

void PeerCore::on_ice_connected() {
  if (ended_) return;
  const auto [local, remote] = ice_->selected();
  {
    base::MutexLock lock(statistics_mutex_);
    local_candidate_ = local;
    remote_candidate_ = remote;
  }
  start_dtls();
}

void PeerCore::start_dtls() {
  if (dtls_ || !remote_) return;
  last_received_ = Clock::now();
  dtls_ = std::make_unique<DtlsTransport>(identity_, role_, remote_->fingerprint,
                                          static_cast<DtlsListener&>(*this));
  dtls_->start();
}

void PeerCore::on_ice_failed(const std::string& why) { end(ErrorCode::Disconnected, why); }

void PeerCore::on_datagram(std::span<const std::byte> bytes) {
  if (ended_ || !remote_) return;
  last_received_ = Clock::now();
  bytes_received_.fetch_add(bytes.size(), std::memory_order_relaxed);
  start_dtls();
  dtls_->receive(bytes);
}

void PeerCore::on_dtls_send(std::span<const std::byte> datagram) {
  if (!ice_) return;
  // One that is lost here is like one lost on the way.
  if (ice_->send(datagram)) bytes_sent_.fetch_add(datagram.size(), std::memory_order_relaxed);
}

void PeerCore::on_dtls_connected() {
  if (ended_) return;
  SctpSettings settings;
  settings.local_port = local_.sctp_port;
  settings.remote_port = remote_->sctp_port;
  settings.max_message_bytes = settings_.max_message_bytes;
  auto made = SctpAssociation::make(loop_, settings, *this);
  if (!made) return end(made.error().code, made.error().message);
  sctp_ = std::move(*made);
  if (auto begun = sctp_->connect(); !begun) end(begun.error().code, begun.error().message);
}

void PeerCore::on_dtls_data(std::span<const std::byte> bytes) {
  if (!ended_ && sctp_) sctp_->receive(bytes);
}

void PeerCore::on_dtls_ended(const std::string& why) { end(ErrorCode::Disconnected, why); }
void PeerCore::on_sctp_ended(const std::string& why) { end(ErrorCode::Disconnected, why); }

void PeerCore::on_sctp_send(std::span<const std::byte> packet) {
  if (dtls_) dtls_->send(packet);
}

void PeerCore::on_sctp_connected() {
  if (ended_ || std::exchange(connected_, true)) return;
  connect_deadline_.reset();
  open_pending();
  pump();
}

void PeerCore::open(net::RtcChannelSettings channel) {
  if (ended_) return;
  pending_channels_.push_back(std::move(channel));
  if (connected_) open_pending();
}

void PeerCore::open_pending() {
  for (auto& settings : std::exchange(pending_channels_, {})) {
    // RFC 8832: the DTLS client has the even streams.
    std::uint16_t stream = role_ == DtlsRole::Client ? 0 : 1;
    while (channels_.contains(stream)) stream = static_cast<std::uint16_t>(stream + 2);
    const auto channel = add_channel(stream, std::move(settings));
    send_control(stream, dcep::encode(request_of(channel->settings())));
  }
}

std::shared_ptr<Channel> PeerCore::add_channel(std::uint16_t stream,
                                               net::RtcChannelSettings settings) {
  const Channel::Bounds bounds{settings_.max_message_bytes, settings_.buffer_limit_bytes,
                               remote_->max_message_bytes};
  auto channel = std::make_shared<Channel>(std::move(settings), stream, bounds, outbox_);
  channels_[stream] = channel;
  return channel;
}

void PeerCore::send_control(std::uint16_t stream, std::vector<std::byte> bytes) {
  OutMessage message;
  message.stream = stream;
  message.ppid = dcep::kPpid;
  message.bytes = std::move(bytes);
  outbox_->push(std::move(message));
}

void PeerCore::opened(const std::shared_ptr<Channel>& channel) {
  if (channel->state() != Channel::State::Opening) return;
  channel->set_state(Channel::State::Open);
  listener_->on_open(channel);
}

void PeerCore::on_control_message(std::uint16_t stream, std::span<const std::byte> message) {
  const auto decoded = dcep::decode(message);
  if (!decoded) return;
  if (decoded->kind == dcep::Kind::Open) return on_open_request(stream, decoded->open);
  if (const auto found = channels_.find(stream); found != channels_.end())
    opened(std::shared_ptr(found->second));
}

void PeerCore::on_open_request(std::uint16_t stream, const dcep::Open& request) {
  if (channels_.contains(stream)) return;
  if (channels_.size() >= kMaxChannels) return reset_stream(stream);
  const auto channel = add_channel(stream, settings_of(request));
  send_control(stream, dcep::encode_ack());
  opened(channel);
}

void PeerCore::on_sctp_message(std::uint16_t stream, std::uint32_t ppid,
                               std::span<const std::byte> message) {
  if (ended_) return;
  if (ppid == dcep::kPpid) return on_control_message(stream, message);
  const auto found = channels_.find(stream);
  if (found == channels_.end()) return;
  const std::shared_ptr<Channel> channel = found->second;
  opened(channel);  // what comes before the ACK says the same
  if (ended_ || listener_ == nullptr) return;
  const bool text = ppid == dcep::kText || ppid == dcep::kEmptyText;
  if (ppid == dcep::kEmptyText || ppid == dcep::kEmptyBinary) message = {};
  listener_->on_message(*channel, message, text ? net::RtcPayload::Text : net::RtcPayload::Binary);
}

void PeerCore::on_sctp_overlong(std::uint16_t stream) {
  if (const auto found = channels_.find(stream); found != channels_.end()) found->second->close();
}

void PeerCore::on_sctp_reset(std::uint16_t stream) {
  if (ended_) return;
  const auto found = channels_.find(stream);
  if (found == channels_.end()) return;
  // Its closing is answered with ours; where ours came first, this was the answer.
  if (found->second->state() != Channel::State::Closed) reset_stream(stream);
  forget(stream);
}

void PeerCore::reset_stream(std::uint16_t stream) {
  if (!sctp_->reset(stream)) pending_resets_.insert(stream);
}

void PeerCore::forget(std::uint16_t stream) {
  const auto found = channels_.find(stream);
  if (found == channels_.end()) return;
  const auto channel = std::move(found->second);
  channels_.erase(found);
  const bool was_open = channel->state() != Channel::State::Opening;
  channel->set_state(Channel::State::Closed);
  if (was_open && listener_ != nullptr) listener_->on_channel_closed(*channel);
}

void PeerCore::pump() {
  // on_drained() may send more; the loop below sees it.
  if (!connected_ || ended_ || std::exchange(pumping_, true)) return;
  while (!ended_) {
    outbox_->take(sending_);
    if (sending_.empty()) break;
    auto& message = sending_.front();
    if (message.close) {
      // The peer's answer to the reset ends the channel.
      message.channel->set_state(Channel::State::Closed);
      const auto stream = message.stream;
      sending_.pop_front();
      reset_stream(stream);
      continue;
    }
    const bool closed = message.channel && message.channel->state() == Channel::State::Closed;
    if (closed && message.sent == 0) {
      message.channel->took(message.bytes.size(), 0);
      sending_.pop_front();
      continue;
    }
    const auto rest = std::span(message.bytes).subspan(message.sent);
    const auto piece = rest.first(std::min(rest.size(), kSendPieceBytes));
    const auto sent = sctp_->send(message.stream, message.ppid, message.delivery, piece,
                                  piece.size() == rest.size());
    if (!sent) {
      end(ErrorCode::Disconnected, sent.error().message);
      break;
    }
    if (*sent == 0) break;
    message.sent += *sent;
    const auto channel = message.channel;
    if (message.sent == message.bytes.size()) sending_.pop_front();
    if (channel && channel->took(*sent, settings_.low_water_bytes) && listener_ != nullptr &&
        channel->state() == Channel::State::Open)
      listener_->on_drained(*channel);
  }
  pumping_ = false;
}

void PeerCore::tick() {
  if (ended_) return;
  const auto now = Clock::now();
  if (connect_deadline_ && now > *connect_deadline_)
    return end(ErrorCode::Timeout,
               fmt::format("no connection came up within {} s{}",
                           std::chrono::duration<double>(settings_.connect_patience).count(),
                           dtls_ ? "" : "; no way leads to the peer (ICE)"));
  if (gather_deadline_ && now > *gather_deadline_) {
    gather_deadline_ = now + kGatherPatience;
    if (ice_->hurry()) on_gathered();
    if (ended_) return;
  }
  if (dtls_) dtls_->tick();
  if (ended_) return;
  if (connected_ && now - last_received_ > settings_.dead_peer)
    return end(ErrorCode::Disconnected,
               fmt::format("no sign of life from the peer for {} s",
                           std::chrono::duration<double>(settings_.dead_peer).count()));
  for (const auto stream : std::exchange(pending_resets_, {})) reset_stream(stream);
  pump();
}

void PeerCore::end(ErrorCode code, const std::string& why) {
  if (std::exchange(ended_, true)) return;
  for (const auto& [stream, channel] : channels_) channel->set_state(Channel::State::Closed);
  if (auto* listener = std::exchange(listener_, nullptr)) listener->on_end({code, why});
  // Not from inside the layers.
  loop_.post([self = shared_from_this()] { self->tear_down(); });
}

void PeerCore::shut() {
  ended_ = true;
  listener_ = nullptr;
  for (const auto& [stream, channel] : channels_) channel->set_state(Channel::State::Closed);
  tear_down();
}

void PeerCore::tear_down() {
  loop_.remove(*this);
  if (sctp_) sctp_->close();
  sctp_.reset();
  if (dtls_) dtls_->close();
  dtls_.reset();
  ice_.reset();
  if (outbox_) outbox_->close();
  channels_.clear();
  sending_.clear();
}

net::RtcStatistics PeerCore::statistics() const {
  net::RtcStatistics out;
  out.bytes_sent = bytes_sent_;
  out.bytes_received = bytes_received_;
  base::MutexLock lock(statistics_mutex_);
  out.local_candidate = local_candidate_;
  out.remote_candidate = remote_candidate_;
  return out;
}

}  // namespace lenswire::webrtc
