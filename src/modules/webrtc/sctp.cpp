#include "modules/webrtc/sctp.hpp"

#include <fmt/format.h>
#include <usrsctp.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "modules/webrtc/sctp_engine.hpp"

namespace lenswire::webrtc {
namespace {

constexpr int kReceiveBufferBytes = 2 << 20;
// Longer messages come in pieces of this size and are joined here, so that the receive buffer is no
// bound of theirs.
constexpr std::uint32_t kPieceBytes = 128 << 10;
// SCTP packets of 1228 bytes hold 1200 of a message; with DTLS, UDP, IP and TURN around them they
// still pass every link.
constexpr std::uint32_t kPathMtu = 1228;
constexpr std::uint32_t kHeartbeatMilliseconds = 2000;

sockaddr_conn address_of(std::uintptr_t id, std::uint16_t port) noexcept {
  sockaddr_conn out{};
  out.sconn_family = AF_CONN;
  out.sconn_port = static_cast<std::uint16_t>(port << 8 | port >> 8);
  out.sconn_addr = reinterpret_cast<void*>(id);
  return out;
}

struct FreeBytes {
  void operator()(void* bytes) const noexcept { std::free(bytes); }
};

std::uintptr_t id_of(void* pointer) noexcept { return reinterpret_cast<std::uintptr_t>(pointer); }

tl::unexpected<Error> refused(const char* what) {
  return fail(ErrorCode::Unsupported, fmt::format("SCTP: {}: {}", what, std::strerror(errno)));
}

template <typename Value>
bool set(struct socket* socket, int level, int option, const Value& value) {
  return usrsctp_setsockopt(socket, level, option, &value, sizeof value) == 0;
}

}  // namespace

struct SctpAssociation::Callbacks {
  static int receive(struct socket*, union sctp_sockstore, void* bytes, std::size_t size,
                     struct sctp_rcvinfo info, int flags, void* who) {
    const std::unique_ptr<void, FreeBytes> owner(bytes);
    const auto self = SctpEngine::instance().find(id_of(who));
    if (!self || bytes == nullptr) return 1;
    const std::span piece(static_cast<const std::byte*>(bytes), size);
    if (flags & MSG_NOTIFICATION) {
      // Some come from the timers.
      if (self->loop_.is_current())
        self->notified(piece);
      else
        self->loop_.post(
            [self, copy = std::vector(piece.begin(), piece.end())] { self->notified(copy); });
      return 1;
    }
    // libusrsctp turns the number about when it hands it over, and so do we when we send.
    const auto ppid = __builtin_bswap32(info.rcv_ppid);
    const bool ordered = (info.rcv_flags & SCTP_UNORDERED) == 0;
    const bool end = (flags & MSG_EOR) != 0;
    if (self->loop_.is_current())
      self->input(piece, info.rcv_sid, ppid, ordered, end);
    else
      self->loop_.post([self, copy = std::vector(piece.begin(), piece.end()), sid = info.rcv_sid,
                        ppid, ordered, end] { self->input(copy, sid, ppid, ordered, end); });
    return 1;
  }

  static int room(struct socket*, std::uint32_t, void* who) {
    const auto self = SctpEngine::instance().find(id_of(who));
    if (!self) return 1;
    if (self->loop_.is_current())
      self->has_room();
    else
      self->loop_.post([self] { self->has_room(); });
    return 1;
  }
};

SctpAssociation::SctpAssociation(GlibLoop& loop, const SctpSettings& settings,
                                 SctpListener& listener)
    : loop_(loop), settings_(settings), listener_(listener) {}

SctpAssociation::~SctpAssociation() { close(); }

Result<std::shared_ptr<SctpAssociation>> SctpAssociation::make(GlibLoop& loop,
                                                               const SctpSettings& settings,
                                                               SctpListener& listener) {
  std::shared_ptr<SctpAssociation> out(new SctpAssociation(loop, settings, listener));
  out->id_ = SctpEngine::instance().add(out);
  usrsctp_register_address(reinterpret_cast<void*>(out->id_));
  if (auto opened = out->open(); !opened) return fail(opened.error());
  return out;
}

Result<void> SctpAssociation::open() {
  socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, &Callbacks::receive,
                           &Callbacks::room, kSendBufferBytes / 4, reinterpret_cast<void*>(id_));
  if (socket_ == nullptr) return refused("no socket");
  const int on = 1;
  const linger at_once{1, 0};
  sctp_assoc_value resets{};
  resets.assoc_id = SCTP_ALL_ASSOC;
  resets.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ | SCTP_ENABLE_CHANGE_ASSOC_REQ;
  sctp_initmsg init{};
  init.sinit_num_ostreams = kStreams;
  init.sinit_max_instreams = kStreams;
  if (usrsctp_set_non_blocking(socket_, 1) != 0 || !set(socket_, SOL_SOCKET, SO_LINGER, at_once) ||
      !set(socket_, SOL_SOCKET, SO_SNDBUF, kSendBufferBytes) ||
      !set(socket_, SOL_SOCKET, SO_RCVBUF, kReceiveBufferBytes) ||
      !set(socket_, IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, kPieceBytes) ||
      !set(socket_, IPPROTO_SCTP, SCTP_NODELAY, on) ||
      !set(socket_, IPPROTO_SCTP, SCTP_EXPLICIT_EOR, on) ||
      !set(socket_, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, resets) ||
      !set(socket_, IPPROTO_SCTP, SCTP_INITMSG, init))
    return refused("an option");
  for (const auto type :
       {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT, SCTP_PARTIAL_DELIVERY_EVENT}) {
    sctp_event event{};
    event.se_assoc_id = SCTP_ALL_ASSOC;
    event.se_type = static_cast<std::uint16_t>(type);
    event.se_on = 1;
    if (!set(socket_, IPPROTO_SCTP, SCTP_EVENT, event)) return refused("an event");
  }
  auto own = address_of(id_, settings_.local_port);
  if (usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0)
    return refused("bind");
  return {};
}

Result<void> SctpAssociation::connect() {
  auto peer = address_of(id_, settings_.remote_port);
  if (usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&peer), sizeof peer) != 0 &&
      errno != EINPROGRESS)
    return refused("connect");
  sctp_paddrparams path{};
  std::memcpy(&path.spp_address, &peer, sizeof peer);
  path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_ENABLE;
  path.spp_pathmtu = kPathMtu;
  path.spp_hbinterval = kHeartbeatMilliseconds;
  if (!set(socket_, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path)) return refused("path parameters");
  return {};
}

void SctpAssociation::output(std::span<const std::byte> packet) {
  if (loop_.is_current()) {
    if (socket_ != nullptr) listener_.on_sctp_send(packet);
    return;
  }
  loop_.post([self = shared_from_this(), copy = std::vector(packet.begin(), packet.end())] {
    if (self->socket_ != nullptr) self->listener_.on_sctp_send(copy);
  });
}

void SctpAssociation::receive(std::span<const std::byte> packet) {
  if (socket_ == nullptr) return;
  const auto self = shared_from_this();
  receiving_ = true;
  usrsctp_conninput(reinterpret_cast<void*>(id_), packet.data(), packet.size(), 0);
  receiving_ = false;
  if (std::exchange(room_, false)) has_room();
}

void SctpAssociation::has_room() {
  if (socket_ == nullptr || ended_) return;
  // Not from inside libusrsctp: it holds its locks.
  if (receiving_)
    room_ = true;
  else
    listener_.on_sctp_writable();
}

void SctpAssociation::input(std::span<const std::byte> piece, std::uint16_t stream,
                            std::uint32_t ppid, bool ordered, bool end) {
  if (socket_ == nullptr || ended_) return;
  const auto key = std::pair(stream, ordered);
  auto found = partials_.find(key);
  if (found == partials_.end()) {
    if (end && piece.size() <= settings_.max_message_bytes)
      return listener_.on_sctp_message(stream, ppid, piece);
    found = partials_.emplace(key, Partial{}).first;
  }
  auto& partial = found->second;
  if (!partial.dropping) {
    if (partial.bytes.size() + piece.size() > settings_.max_message_bytes) {
      partial.dropping = true;
      partial.bytes = {};
      listener_.on_sctp_overlong(stream);
    } else {
      partial.bytes.insert(partial.bytes.end(), piece.begin(), piece.end());
    }
  }
  if (!end) return;
  const auto whole = std::move(partial);
  partials_.erase(key);
  if (!whole.dropping) listener_.on_sctp_message(stream, ppid, whole.bytes);
}

void SctpAssociation::notified(std::span<const std::byte> bytes) {
  if (socket_ == nullptr || ended_) return;
  sctp_notification::sctp_tlv head{};
  if (bytes.size() < sizeof head) return;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.sn_type == SCTP_ASSOC_CHANGE) {
    sctp_assoc_change change{};
    if (bytes.size() < sizeof change) return;
    std::memcpy(&change, bytes.data(), sizeof change);
    if (change.sac_state == SCTP_COMM_UP)
      listener_.on_sctp_connected();
    else if (change.sac_state == SCTP_CANT_STR_ASSOC)
      end("the SCTP association was refused or got no answer");
    else if (change.sac_state == SCTP_COMM_LOST || change.sac_state == SCTP_SHUTDOWN_COMP)
      end("the peer ended the SCTP association");
  } else if (head.sn_type == SCTP_STREAM_RESET_EVENT) {
    sctp_stream_reset_event reset{};
    if (bytes.size() < sizeof reset) return;
    std::memcpy(&reset, bytes.data(), sizeof reset);
    constexpr unsigned failed = SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED;
    if ((reset.strreset_flags & failed) || !(reset.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN))
      return;
    for (auto at = sizeof reset; at + sizeof(std::uint16_t) <= bytes.size() && !ended_;
         at += sizeof(std::uint16_t)) {
      std::uint16_t stream = 0;
      std::memcpy(&stream, bytes.data() + at, sizeof stream);
      partials_.erase({stream, true});
      partials_.erase({stream, false});
      listener_.on_sctp_reset(stream);
    }
  } else if (head.sn_type == SCTP_PARTIAL_DELIVERY_EVENT) {
    // The rest of a message with a limit will not come.
    sctp_pdapi_event aborted{};
    if (bytes.size() < sizeof aborted) return;
    std::memcpy(&aborted, bytes.data(), sizeof aborted);
    const auto stream = static_cast<std::uint16_t>(aborted.pdapi_stream);
    partials_.erase({stream, true});
    partials_.erase({stream, false});
  }
}

Result<std::size_t> SctpAssociation::send(std::uint16_t stream, std::uint32_t ppid,
                                          const SctpDelivery& delivery,
                                          std::span<const std::byte> piece, bool last) {
  if (socket_ == nullptr || ended_) return fail(ErrorCode::Closed, "the association is over");
  sctp_sendv_spa info{};
  info.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  info.sendv_sndinfo.snd_sid = stream;
  info.sendv_sndinfo.snd_ppid = __builtin_bswap32(ppid);
  info.sendv_sndinfo.snd_flags =
      static_cast<std::uint16_t>((last ? SCTP_EOR : 0) | (delivery.ordered ? 0 : SCTP_UNORDERED));
  if (delivery.limit != SctpDelivery::Limit::None) {
    info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    info.sendv_prinfo.pr_policy =
        delivery.limit == SctpDelivery::Limit::Retransmits ? SCTP_PR_SCTP_RTX : SCTP_PR_SCTP_TTL;
    info.sendv_prinfo.pr_value = delivery.value;
  }
  const auto sent = usrsctp_sendv(socket_, piece.data(), piece.size(), nullptr, 0, &info,
                                  sizeof info, SCTP_SENDV_SPA, 0);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EWOULDBLOCK || errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
    return std::size_t{0};
  return fail(ErrorCode::Closed, fmt::format("SCTP takes no more: {}", std::strerror(errno)));
}

bool SctpAssociation::reset(std::uint16_t stream) {
  if (socket_ == nullptr || ended_) return true;
  alignas(sctp_reset_streams) std::byte bytes[sizeof(sctp_reset_streams) + sizeof stream]{};
  auto* request = reinterpret_cast<sctp_reset_streams*>(bytes);
  request->srs_assoc_id = SCTP_ALL_ASSOC;
  request->srs_flags = SCTP_STREAM_RESET_OUTGOING;
  request->srs_number_streams = 1;
  std::memcpy(bytes + sizeof(sctp_reset_streams), &stream, sizeof stream);
  if (usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, bytes, sizeof bytes) == 0)
    return true;
  return errno != EALREADY && errno != EAGAIN;
}

void SctpAssociation::end(const std::string& why) {
  if (std::exchange(ended_, true)) return;
  listener_.on_sctp_ended(why);
}

void SctpAssociation::close() {
  ended_ = true;
  if (id_ == 0) return;
  // The lingering time of 0 makes it an ABORT, which goes out on the way.
  if (socket_ != nullptr) {
    usrsctp_close(socket_);
    socket_ = nullptr;
  }
  SctpEngine::instance().remove(id_);
  usrsctp_deregister_address(reinterpret_cast<void*>(id_));
  id_ = 0;
}

}  // namespace lenswire::webrtc
